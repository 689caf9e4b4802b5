"""Files are written whole or not at all, compressed as their source was."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin
from specimens import PROFILE, described, encoded, leftovers, noise, photo

from scenefill.errors import OutputError
from scenefill.pictures import images


@pytest.mark.parametrize(("quality", "subsampling", "progressive"), [(70, 2, False), (85, 1, True), (95, 0, False)])
def test_jpeg_keeps_the_compression_of_its_source(quality: int, subsampling: int, progressive: bool, tmp_path: Path) -> None:
    source, target = tmp_path / "in.jpg", tmp_path / "out.jpg"
    Image.fromarray(photo()).save(source, quality=quality, subsampling=subsampling, progressive=progressive)
    images.write(images.read(source), target)
    with Image.open(source) as before, Image.open(target) as after:
        assert isinstance(before, JpegImagePlugin.JpegImageFile)
        assert isinstance(after, JpegImagePlugin.JpegImageFile)
        assert after.quantization == before.quantization
        assert JpegImagePlugin.get_sampling(after) == subsampling
        assert ("progressive" in after.info) == progressive
    moved = np.abs(images.read(target).pixels.astype(int) - images.read(source).pixels)
    assert (moved > 0).mean() < 0.05
    assert moved.max() <= 1


def test_jpeg_from_elsewhere_is_of_high_quality(tmp_path: Path) -> None:
    images.write_rgb(photo(), tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as image:
        assert isinstance(image, JpegImagePlugin.JpegImageFile)
        assert JpegImagePlugin.get_sampling(image) == 0
        assert np.abs(np.asarray(image).astype(int) - photo()).max() <= 6


def test_grey_jpeg_stays_grey(tmp_path: Path) -> None:
    Image.fromarray(photo()[:, :, 0]).save(tmp_path / "in.jpg", quality=80)
    images.write(images.read(tmp_path / "in.jpg"), tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as image, Image.open(tmp_path / "in.jpg") as before:
        assert image.mode == "L"
        assert image.quantization == before.quantization  # type: ignore[attr-defined]


def test_a_turned_jpeg_takes_its_tables_along(tmp_path: Path) -> None:
    Image.fromarray(photo()).save(tmp_path / "in.jpg", quality=60, exif=described(6))
    picture = images.read(tmp_path / "in.jpg")
    with Image.open(tmp_path / "in.jpg") as image:
        table = np.reshape(image.quantization[0], (8, 8))  # type: ignore[attr-defined]
    assert picture.jpeg is not None
    assert (np.reshape(picture.jpeg.tables[0], (8, 8)) == table.T).all()


def test_a_jpeg_with_previews_behind_it_is_a_jpeg(tmp_path: Path) -> None:
    first = Image.fromarray(photo())
    first.save(tmp_path / "phone.jpg", "MPO", save_all=True, append_images=[Image.fromarray(photo(8, 12))])
    picture = images.read(tmp_path / "phone.jpg")
    assert picture.format == "JPEG"
    assert picture.pixels.shape == (64, 96, 3)


@pytest.mark.parametrize("lossless", [True, False])
def test_webp_stays_lossy_or_lossless(lossless: bool, tmp_path: Path) -> None:
    options = {"icc_profile": PROFILE}  # makes it the extended kind of file, with chunks before the picture
    Image.fromarray(noise(40, 40, 3)).save(tmp_path / "in.webp", lossless=lossless, quality=50, **options)
    picture = images.read(tmp_path / "in.webp")
    assert picture.lossy_webp is not lossless
    images.write(picture, tmp_path / "out.webp")
    again = images.read(tmp_path / "out.webp")
    assert again.lossy_webp is not lossless
    assert (again.pixels == picture.pixels).all() == lossless


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    images.write_rgb(photo(), path)
    with pytest.raises(OutputError, match=r"out\.png stands already; .*--overwrite"):
        images.write_rgb(255 - photo(), path)
    assert (images.read(path).pixels == photo()).all()
    images.write_rgb(255 - photo(), path, overwrite=True)
    assert (images.read(path).pixels == 255 - photo()).all()
    assert leftovers(tmp_path) == ["out.png"]


def test_unknown_extensions_get_the_list(tmp_path: Path) -> None:
    listed = r"\.png, \.jpg, \.jpeg, \.webp, \.tif, \.tiff, \.bmp, \.gif, \.avif, \.heic, \.heif"
    with pytest.raises(OutputError, match=rf'"\.psd" is none that can be written \({listed}\)'):
        images.write_rgb(photo(), tmp_path / "out.psd")
    images.write_rgb(photo(), tmp_path / "OUT.PNG")
    assert leftovers(tmp_path) == ["OUT.PNG"]


def test_folders_missing_or_in_the_way(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        images.write_rgb(photo(), tmp_path / "gone" / "out.png")
    (tmp_path / "out.png").mkdir()
    with pytest.raises(OutputError, match=r"out\.png is a folder"):
        images.write_rgb(photo(), tmp_path / "out.png", overwrite=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match=r"out\.png cannot be written: Permission denied"):
        images.write_rgb(photo(), tmp_path / "out.png")


@pytest.mark.parametrize(
    "failure", [OSError(errno.ENOSPC, "No space left on device"), PermissionError(errno.EACCES, "Permission denied")]
)
def test_a_full_disk_leaves_the_old_file_and_no_other(failure: OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images.write_rgb(photo(), tmp_path / "out.png")

    def fail(_: int) -> None:
        raise failure

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match=rf"out\.png cannot be written: {failure.strerror}"):
        images.write_rgb(255 - photo(), tmp_path / "out.png", overwrite=True)
    assert leftovers(tmp_path) == ["out.png"]
    assert (images.read(tmp_path / "out.png").pixels == photo()).all()


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        images.write_rgb(photo(), tmp_path / "out.png")
    assert leftovers(tmp_path) == []


def test_what_a_format_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="JPEG holds no transparency"):
        images.write(images.read(noise(4, 4, 4)), tmp_path / "out.jpg")
    with pytest.raises(OutputError, match="WEBP holds 8 bits and this picture has 16"):
        images.write(images.read(noise(4, 4, 3, dtype=np.uint16)), tmp_path / "out.webp")
    with pytest.raises(OutputError, match="few programs read"):
        images.write(images.Picture(noise(4, 4, 1, dtype=np.uint16), noise(4, 4, dtype=np.uint16)), tmp_path / "out.tiff")
    with pytest.raises(OutputError, match=r"out\.webp cannot be written: "):
        images.write(images.read(np.zeros((1, 17000, 3), np.uint8)), tmp_path / "out.webp")
    assert leftovers(tmp_path) == []
    opaque = np.dstack([photo(), np.full(photo().shape[:2], 255, np.uint8)])
    images.write(images.read(opaque), tmp_path / "out.jpg")
    assert images.read(tmp_path / "out.jpg").mode == "RGB"


@pytest.mark.parametrize("extension", [".png", ".jpg", ".webp", ".tiff"])
def test_encoded_is_what_is_written(extension: str, tmp_path: Path) -> None:
    image = Image.fromarray(photo())
    picture = images.read(io.BytesIO(encoded(image, "JPEG", quality=70, exif=described(), icc_profile=PROFILE)))
    images.write(picture, path := tmp_path / f"out{extension}")
    assert images.encode(picture, images.EXTENSIONS[extension]) == path.read_bytes()


def test_encoding_refuses_what_writing_refuses() -> None:
    with pytest.raises(OutputError, match=r"the result: JPEG holds 8 bits"):
        images.encode(images.read(noise(4, 4, 3, dtype=np.uint16)), "JPEG")
    with pytest.raises(OutputError, match="the result as WEBP cannot be written"):
        images.encode(images.read(np.zeros((1, 20_000, 3), np.uint8)), "WEBP")
