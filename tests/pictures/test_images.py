"""Pictures in and out: what comes back is what went in, and bad files are one clear sentence."""

from __future__ import annotations

import errno
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import ExifTags, Image, ImageCms, ImageOps, JpegImagePlugin
from properties import examples

from scenefill import labels
from scenefill.errors import ImageError, LabelError, OutputError
from scenefill.pictures import images, writing

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LOSSLESS = [(".png", np.uint8), (".png", np.uint16), (".tiff", np.uint8), (".tiff", np.uint16), (".webp", np.uint8)]
few = examples(20)


def noise(*shape: int, dtype: type = np.uint8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def photo(height: int = 64, width: int = 96) -> np.ndarray:
    """Smooth colours, (H, W, 3) uint8."""
    rows, columns = np.indices((height, width))
    waves = [128 + 100 * np.sin(rows / 9 + k) * np.cos(columns / 13 - k) for k in range(3)]
    return np.stack(waves, -1).round().astype(np.uint8)


def described(orientation: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[ExifTags.Base.Make], tags[ExifTags.Base.Orientation] = "A camera", orientation
    tags[ExifTags.IFD.Exif] = {ExifTags.Base.ISOSpeedRatings: 400}
    tags[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N"}
    return tags


def samples(picture: images.Picture) -> np.ndarray:
    return picture.pixels if picture.alpha is None else np.dstack([picture.pixels, picture.alpha])


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


# --- what is lossless comes back identical -----------------------------------------------------------------------------


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


# --- JPEG and WebP -----------------------------------------------------------------------------------------------------


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


# --- orientation, EXIF, ICC --------------------------------------------------------------------------------------------


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


# --- kinds of pictures -------------------------------------------------------------------------------------------------


def palette_image() -> Image.Image:
    return Image.fromarray(photo()).quantize(16)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF"])
def test_palette_pictures_come_back_with_identical_colours(kind: str, tmp_path: Path) -> None:
    image = palette_image()
    image.save(tmp_path / "palette", kind)
    picture = images.read(tmp_path / "palette")
    assert picture.mode == "RGB"
    assert (picture.pixels == np.asarray(image.convert("RGB"))).all()


def test_transparency_of_a_palette_becomes_alpha(tmp_path: Path) -> None:
    image = palette_image()
    image.save(tmp_path / "palette.png", transparency=3)
    picture = images.read(tmp_path / "palette.png")
    assert picture.mode == "RGBA"
    assert ((samples(picture)[:, :, 3] == 0) == (np.asarray(image) == 3)).all()


def test_a_transparent_colour_becomes_alpha(tmp_path: Path) -> None:
    array = photo()
    Image.fromarray(array).save(tmp_path / "key.png", transparency=tuple(array[0, 0].tolist()))
    picture = images.read(tmp_path / "key.png")
    assert picture.alpha is not None
    assert ((picture.alpha == 0) == (array == array[0, 0]).all(-1)).all()


def test_one_bit_is_grey(tmp_path: Path) -> None:
    Image.fromarray(photo()[:, :, 0] > 128).save(tmp_path / "bits.png")
    picture = images.read(tmp_path / "bits.png")
    assert picture.mode == "L"
    assert (picture.pixels[:, :, 0] == (photo()[:, :, 0] > 128) * 255).all()


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    (tmp_path / "really.jpg").write_bytes(encoded(Image.fromarray(photo()), "PNG"))
    picture = images.read(tmp_path / "really.jpg")
    assert picture.format == "PNG"
    assert (picture.pixels == photo()).all()


def test_arrays_pil_images_and_streams() -> None:
    array = photo()
    for source in (array, Image.fromarray(array), io.BytesIO(encoded(Image.fromarray(array), "PNG"))):
        assert (images.read(source).pixels == array).all()
    assert images.read(array[:, :, 0]).mode == "L"
    assert images.read(array[:, :, :1]).mode == "L"
    assert images.read(noise(3, 3, 4)).mode == "RGBA"
    deep = images.read(Image.fromarray(noise(3, 4, dtype=np.uint16)))
    assert deep.pixels.dtype == np.uint16
    assert (deep.pixels[:, :, 0] == noise(3, 4, dtype=np.uint16)).all()


def test_a_pil_jpeg_keeps_its_compression(tmp_path: Path) -> None:
    Image.fromarray(photo()).save(tmp_path / "in.jpg", quality=60)
    with Image.open(tmp_path / "in.jpg") as image:
        assert images.read(image).jpeg == images.read(tmp_path / "in.jpg").jpeg


@pytest.mark.parametrize(
    "array", [np.zeros((4, 4)), np.zeros(4, np.uint8), np.zeros((4, 4, 2), np.uint8), np.zeros((0, 4, 3), np.uint8)]
)
def test_other_arrays_are_refused(array: np.ndarray) -> None:
    with pytest.raises(ImageError, match="an array must"):
        images.read(array)


def test_rgb8_is_a_new_array_of_eight_bits() -> None:
    array = photo()
    out = images.read(array).rgb8()
    assert (out == array).all()
    assert not np.shares_memory(out, array)
    assert (images.read(array.astype(np.uint16) * 257 + 100).rgb8() == array).all(), "rounded to the nearest of 8 bits"
    grey = images.read(array[:, :, 0]).rgb8()
    assert (grey == array[:, :, :1]).all()
    assert grey.shape == array.shape


def test_replaced_takes_pixels_of_the_same_kind_only() -> None:
    picture = images.Picture(photo(), icc=PROFILE)
    other = picture.replaced(255 - photo())
    assert other.icc == PROFILE
    assert (other.pixels == 255 - photo()).all()
    with pytest.raises(ImageError, match=r"uint16 \(64, 96, 3\), those of the picture are uint8 \(64, 96, 3\)"):
        picture.replaced(photo().astype(np.uint16))
    with pytest.raises(ImageError, match="the new pixels"):
        picture.replaced(photo(3, 3))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_to_pil(mode: str) -> None:
    image = Image.fromarray(photo()).convert(mode)
    image.info["icc_profile"] = PROFILE
    again = images.to_pil(images.read(image))
    assert again.mode == mode
    assert (np.asarray(again) == np.asarray(image)).all()
    assert again.info["icc_profile"] == PROFILE


# --- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.9])
def test_truncated_files_are_refused(kind: str, share: float, tmp_path: Path) -> None:
    data = encoded(Image.fromarray(noise(40, 40, 3)), kind)
    (tmp_path / "cut").write_bytes(data[: round(share * len(data))])
    with pytest.raises(ImageError, match=r"cut (is damaged or cut short|is not a picture)"):
        images.read(tmp_path / "cut")


@pytest.mark.parametrize("extension", [".png", ".tiff"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_truncated_16_bit_files_are_refused(extension: str, share: float, tmp_path: Path) -> None:
    path = tmp_path / f"cut{extension}"
    images.write(images.read(noise(40, 40, 3, dtype=np.uint16)), path)
    path.write_bytes(path.read_bytes()[: round(share * path.stat().st_size)])
    with pytest.raises(ImageError, match=r"is damaged or cut short|is not a picture"):
        images.read(path)


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0\x08\0\0\0", b"GIF89a", b"RIFF"])
)
@few
def test_garbage_is_refused(data: bytes, start: bytes) -> None:
    with pytest.raises(ImageError):
        images.read(io.BytesIO(start + data))


def test_missing_empty_and_foreign_files(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"gone\.png: there is no such file"):
        images.read(tmp_path / "gone.png")
    (tmp_path / "empty.png").touch()
    with pytest.raises(ImageError, match=r"empty\.png is empty \(0 bytes\)"):
        images.read(tmp_path / "empty.png")
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(ImageError, match=r"text\.png is not a picture, or of a kind that cannot be read"):
        images.read(tmp_path / "text.png")
    with pytest.raises(ImageError, match="cannot be read"):
        images.read(tmp_path)


@pytest.mark.parametrize(("mode", "what"), [("F", "floats"), ("I", "integers")])
def test_kinds_that_are_not_supported_are_named(mode: str, what: str, tmp_path: Path) -> None:
    Image.fromarray(photo()).convert("L").convert(mode).save(tmp_path / "kind.tiff")
    with pytest.raises(ImageError, match=rf"kind.tiff holds 32-bit {what} .*: save it as a 16-bit TIFF or PNG first"):
        images.read(tmp_path / "kind.tiff")


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_animations_and_several_pages_are_refused(kind: str, tmp_path: Path) -> None:
    frames = [Image.fromarray(noise(8, 8, 3, seed=k)) for k in range(3)]
    frames[0].save(tmp_path / "many", kind, save_all=True, append_images=frames[1:])
    with pytest.raises(ImageError, match="many is animated or has several pages"):
        images.read(tmp_path / "many")


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (13_000, 13_000), (10_000, 10_000)])
def test_a_small_file_that_claims_a_huge_picture_is_refused_before_it_is_decoded(width: int, height: int, tmp_path: Path) -> None:
    header = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    body = (struct.pack(">L", len(d)) + n + d + struct.pack(">L", zlib.crc32(n + d)) for n, d in chunks)
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(body))
    limit = "more than 160 million pixels" if width * height > images.MAX_PIXELS else "damaged or cut short"
    with pytest.raises(ImageError, match=limit):
        images.read(tmp_path / "bomb.png")


# --- writing -----------------------------------------------------------------------------------------------------------


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


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


# --- label maps --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", labels.available())
def test_label_maps_come_back(name: str, tmp_path: Path) -> None:
    label_set = labels.get(name)
    ids = [*range(len(label_set)), labels.UNKNOWN, *label_set.partial]
    if label_set.file_ids is not None:
        assert not label_set.partial
    expected = np.array(ids, np.uint8)[np.random.default_rng(0).integers(0, len(ids), (9, 13))]
    images.write_labels(expected, label_set, tmp_path / "map.png")
    assert (images.read_labels(tmp_path / "map.png", label_set) == expected).all()
    with Image.open(tmp_path / "map.png") as image:
        assert image.mode == "P"
        assert (np.asarray(image.convert("RGB")) == label_set.colourise(expected)).all()


def test_grey_and_colour_coded_label_maps(tmp_path: Path) -> None:
    street = labels.get("street")
    expected = np.array([[0, 1, 7], [4, labels.UNKNOWN, 5]], np.uint8)
    images.write_grey(expected, tmp_path / "grey.png")
    images.write_rgb(street.colourise(expected), tmp_path / "colours.png")
    for name in ("grey.png", "colours.png"):
        assert (images.read_labels(tmp_path / name, street) == expected).all()


def test_label_maps_that_cannot_be_used(tmp_path: Path) -> None:
    street = labels.get("street")
    with pytest.raises(LabelError, match=r"gone\.png cannot be read: No such file"):
        images.read_labels(tmp_path / "gone.png", street)
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(LabelError, match=r"text\.png is not a picture"):
        images.read_labels(tmp_path / "text.png", street)
    images.write_grey(np.array([[0, 1], [2, 99]], np.uint8), tmp_path / "ids.png")
    with pytest.raises(LabelError, match=r"ids\.png: id 99 at row 1, column 1 is not in label set street"):
        images.read_labels(tmp_path / "ids.png", street)
    images.write_rgb(np.array([[[70, 130, 180], [1, 2, 3]]], np.uint8), tmp_path / "colours.png")
    with pytest.raises(LabelError, match=r"colour \(1, 2, 3\) at row 0, column 1 is not in label set street"):
        images.read_labels(tmp_path / "colours.png", street)
    images.write(images.read(np.full((2, 2), 300, np.uint16)), tmp_path / "deep.png")
    with pytest.raises(LabelError, match="neither 8-bit ids"):
        images.read_labels(tmp_path / "deep.png", street)


def test_label_maps_are_written_as_png_and_checked(tmp_path: Path) -> None:
    street = labels.get("street")
    with pytest.raises(OutputError, match=r"written as \.png"):
        images.write_labels(np.zeros((2, 2), np.uint8), street, tmp_path / "map.jpg")
    with pytest.raises(LabelError, match="id 50"):
        images.write_labels(np.full((2, 2), 50, np.uint8), street, tmp_path / "map.png")
    assert leftovers(tmp_path) == []


# --- without the disk --------------------------------------------------------------------------------------------------


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


def test_open_files_are_called_by_their_name(tmp_path: Path) -> None:
    file = io.BytesIO(b"no picture")
    file.name = "holiday.png"
    for read in (images.read, images.dimensions, lambda source: images.read_labels(source, labels.get("street"))):
        with pytest.raises((ImageError, LabelError), match=r"holiday\.png is not a picture"):
            read(file)
        file.seek(0)
    (tmp_path / "empty.png").touch()
    with (tmp_path / "empty.png").open("rb") as empty, pytest.raises(ImageError, match=r"empty\.png is empty"):
        images.dimensions(empty)


def test_dimensions_come_from_the_header_alone() -> None:
    whole = encoded(Image.new("RGB", (40, 30)), "PNG")
    file = io.BytesIO(whole[:50])
    assert images.dimensions(file) == (30, 40)
    assert file.tell() == 0


def test_label_maps_from_open_files() -> None:
    street = labels.get("street")
    wanted = np.arange(8, dtype=np.uint8).reshape(2, 4)
    assert (images.read_labels(io.BytesIO(images.encode_labels(wanted, street)), street) == wanted).all()
