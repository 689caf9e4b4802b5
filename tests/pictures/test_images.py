"""What is lossless comes back identical, and upright; EXIF and ICC profile come along."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import ExifTags, Image, ImageOps
from properties import examples
from specimens import PROFILE, described, noise, photo, samples

from scenefill.pictures import images, writing

LOSSLESS = [(".png", np.uint8), (".png", np.uint16), (".tiff", np.uint8), (".tiff", np.uint16), (".webp", np.uint8)]
few = examples(20)


@pytest.mark.parametrize(("extension", "dtype"), LOSSLESS)
@given(data=st.data())
@few
def test_lossless_files_come_back_identical(
    extension: str, dtype: type, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    channels = data.draw(st.sampled_from([3, 4] if extension == ".webp" else [1, 3, 4]))
    array = data.draw(hnp.arrays(dtype, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(channels))))
    if channels == 4:
        array[0, 0, 3] = 0  # or it could be opaque everywhere: see the next test
    path = tmp_path_factory.mktemp("images") / f"picture{extension}"
    images.write(images.read(array), path)
    again = images.read(path)
    assert samples(again).dtype == dtype
    assert (samples(again) == array).all()


@pytest.mark.parametrize(("extension", "dtype"), [*LOSSLESS, (".jpg", np.uint8)])
def test_an_alpha_that_is_opaque_everywhere_is_left_out(extension: str, dtype: type, tmp_path: Path) -> None:
    array = np.full((5, 7, 4), np.iinfo(dtype).max, dtype)
    array[:, :, :3] = 90
    given = images.read(array)
    images.write(given, tmp_path / f"opaque{extension}")
    again = images.read(tmp_path / f"opaque{extension}")
    assert (given.mode, again.mode) == ("RGBA", "RGB")
    assert (again.pixels == array[:, :, :3]).all()


@pytest.mark.parametrize(("extension", "dtype"), LOSSLESS[:3])
def test_grey_with_alpha_stays_grey_with_alpha(extension: str, dtype: type, tmp_path: Path) -> None:
    picture = images.Picture(noise(5, 7, 1, dtype=dtype), noise(5, 7, dtype=dtype, seed=1))
    images.write(picture, tmp_path / f"la{extension}")
    again = images.read(tmp_path / f"la{extension}")
    assert again.mode == "LA"
    assert (samples(again) == samples(picture)).all()


@pytest.mark.parametrize("size", [(1, 1), (3, 20000), (20000, 3)])
@pytest.mark.parametrize("extension", [".png", ".jpg", ".tiff"])
def test_odd_sizes(size: tuple[int, int], extension: str, tmp_path: Path) -> None:
    array = np.full((*size, 3), 90, np.uint8)
    images.write_rgb(array, tmp_path / f"odd{extension}")
    assert (images.read(tmp_path / f"odd{extension}").pixels == array).all()


@pytest.mark.parametrize(("extension", "dtype"), LOSSLESS)
def test_fast_compression_of_large_pictures_changes_no_pixel(
    extension: str, dtype: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    array = photo().astype(dtype) * (257 if dtype == np.uint16 else 1)
    images.write(images.read(array), tmp_path / f"small{extension}")
    monkeypatch.setattr(writing, "LARGE", 100)
    images.write(images.read(array), tmp_path / f"large{extension}")
    assert (images.read(tmp_path / f"large{extension}").pixels == array).all()
    assert (tmp_path / f"large{extension}").read_bytes() != (tmp_path / f"small{extension}").read_bytes()


def test_pillow_reads_our_tiff_and_png(tmp_path: Path) -> None:
    array = photo()
    for name in ("a.tiff", "a.png"):
        images.write_rgb(array, tmp_path / name)
        assert (np.asarray(Image.open(tmp_path / name)) == array).all()
        images.write(images.read(array.astype(np.uint16) * 257), tmp_path / f"deep-{name}")
        assert (np.asarray(Image.open(tmp_path / f"deep-{name}")) == array).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".tiff"])
def test_orientation_is_applied_once(orientation: int, extension: str, tmp_path: Path) -> None:
    source, target = tmp_path / f"in{extension}", tmp_path / f"out{extension}"
    Image.fromarray(photo()).save(source, exif=described(orientation).tobytes())
    with Image.open(source) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    picture = images.read(source)
    assert (picture.pixels == expected).all()
    images.write(picture, target)
    with Image.open(target) as image:
        assert image.getexif().get(ExifTags.Base.Orientation, 1) == 1
        assert image.size == expected.shape[1::-1]
        assert image.getexif()[ExifTags.Base.Make] == "A camera"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", [".png", ".tiff"])
def test_orientation_of_16_bit_files(orientation: int, extension: str, tmp_path: Path) -> None:
    array = noise(5, 8, 3, dtype=np.uint16)
    path = tmp_path / f"deep{extension}"
    if extension == ".png":
        images.write(images.Picture(array, exif=described(orientation).tobytes()), path)
    else:
        images.write(images.read(array), path)
        data = bytearray(path.read_bytes())
        path.write_bytes(with_tiff_orientation(bytes(data), orientation))
    expected = np.stack([np.asarray(oriented(array[:, :, k], orientation)) for k in range(3)], -1)
    assert (images.read(path).pixels == expected).all()


def with_tiff_orientation(data: bytes, orientation: int) -> bytes:
    """A little-endian TIFF with one tag more: its directory moves to the end of the file."""
    (directory,) = struct.unpack_from("<L", data, 4)
    (count,) = struct.unpack_from("<H", data, directory)
    entries = [data[directory + 2 + 12 * k : directory + 14 + 12 * k] for k in range(count)]
    entries.append(struct.pack("<HHLHH", ExifTags.Base.Orientation, 3, 1, orientation, 0))
    moved = struct.pack("<H", count + 1) + b"".join(sorted(entries, key=lambda e: e[1::-1])) + struct.pack("<L", 0)
    return data[:4] + struct.pack("<L", len(data)) + data[8:] + moved


def oriented(band: np.ndarray, orientation: int) -> Image.Image:
    image = Image.fromarray(band)
    image.getexif()[ExifTags.Base.Orientation] = orientation
    return ImageOps.exif_transpose(image)


@pytest.mark.parametrize("source", [".jpg", ".png", ".webp", ".tiff"])
@pytest.mark.parametrize("target", [".jpg", ".png", ".webp", ".tiff"])
def test_exif_and_profile_survive_from_any_format_to_any(source: str, target: str, tmp_path: Path) -> None:
    Image.fromarray(photo()).save(tmp_path / f"in{source}", exif=described(8).tobytes(), icc_profile=PROFILE)
    images.write(images.read(tmp_path / f"in{source}"), tmp_path / f"out{target}")
    with Image.open(tmp_path / f"out{target}") as image:
        tags = image.getexif()
        assert tags[ExifTags.Base.Make] == "A camera"
        assert tags.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ISOSpeedRatings] == 400
        assert tags.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
        assert image.info["icc_profile"] == PROFILE


@pytest.mark.parametrize("extension", [".png", ".tiff"])
def test_exif_and_profile_of_16_bit_files(extension: str, tmp_path: Path) -> None:
    picture = images.Picture(noise(4, 6, 3, dtype=np.uint16), exif=described().tobytes(), icc=PROFILE)
    images.write(picture, tmp_path / f"deep{extension}")
    again = images.read(tmp_path / f"deep{extension}")
    assert again.icc == PROFILE
    with Image.open(tmp_path / f"deep{extension}") as image:
        assert image.getexif()[ExifTags.Base.Make] == "A camera"
    assert again.exif is not None


def test_a_damaged_exif_block_does_not_stop_a_photo(tmp_path: Path) -> None:
    Image.fromarray(photo()).save(tmp_path / "in.jpg", exif=b"Exif\0\0II*\0\xff\xff\0\0")
    picture = images.read(tmp_path / "in.jpg")
    assert picture.exif is None
    images.write(picture, tmp_path / "out.jpg")
