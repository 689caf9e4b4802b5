"""Every kind of picture is read as what it is, and bad files are one clear sentence."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from properties import examples
from specimens import PROFILE, encoded, noise, photo, samples

from scenefill import labels
from scenefill.errors import ImageError, LabelError
from scenefill.pictures import images

few = examples(20)


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
