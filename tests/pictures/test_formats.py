"""Every format that can be read and written: what is lossless comes back identical, what is not comes near, pages are chosen."""

from __future__ import annotations

import io
import os
import pathlib
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from scenefill.errors import ImageError, MissingExtraError, OutputError
from scenefill.pictures import images

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def photo(height: int = 60, width: int = 90) -> np.ndarray:
    rows, columns = np.indices((height, width))
    waves = [128 + 90 * np.sin(rows / 15 + k) * np.cos(columns / 20 - k) for k in range(3)]
    return np.stack(waves, -1).round().astype(np.uint8)


def heic(array: np.ndarray, **options: object) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener(thumbnails=False)
    file = io.BytesIO()
    Image.fromarray(array).save(file, "HEIF", **{"quality": 95, **options})
    return file.getvalue()


# --- HEIC and AVIF -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".avif", ".heic", ".heif"])
def test_photos_of_phones_come_back_nearly(suffix: str, tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif")
    tags = Image.Exif()
    tags[ExifTags.Base.Make] = "A phone"
    picture = images.Picture(photo(), exif=tags.tobytes(), icc=SRGB)
    images.write(picture, tmp_path / f"out{suffix}")
    again = images.read(tmp_path / f"out{suffix}")
    assert again.format == ("AVIF" if suffix == ".avif" else "HEIF")
    assert np.abs(again.pixels.astype(int) - photo()).mean() < 1.5
    assert again.icc == SRGB
    assert again.exif is not None
    assert b"A phone" in again.exif


@pytest.mark.parametrize("suffix", [".avif", ".heic"])
def test_transparency_of_phones(suffix: str, tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif")
    alpha = np.zeros((60, 90), np.uint8)
    alpha[10:50, 10:50] = 255
    images.write(images.Picture(photo(), alpha), tmp_path / f"out{suffix}")
    again = images.read(tmp_path / f"out{suffix}")
    assert again.alpha is not None
    assert np.abs(again.alpha.astype(int) - alpha).mean() < 2


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_turned_heic_is_turned_once(orientation: int) -> None:
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    turned = {3: 2, 6: 3, 8: 1}[orientation]
    for data in (heic(photo(), exif=tags.tobytes()),):
        picture = images.read(data)
        assert picture.pixels.shape == np.rot90(photo(), turned).shape
        assert np.abs(picture.pixels.astype(int) - np.rot90(photo(), turned)).mean() < 2
        again = images.read(images.encode(picture, "HEIF"))
        assert again.pixels.shape == picture.pixels.shape


def test_heic_without_its_library_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "phone.heic").write_bytes(heic(photo()))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(
        MissingExtraError, match=r'phone\.heic, a HEIC photo, needs the extra "heif": run  pip install "scenefill\[heif\]"'
    ):
        images.read(tmp_path / "phone.heic")
    with pytest.raises(MissingExtraError, match='needs the extra "heif"'):
        images.check_output(tmp_path / "out.heic")


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_truncated_heic_is_refused(share: float, tmp_path: Path) -> None:
    data = heic(photo(200, 300))
    (tmp_path / "cut.heic").write_bytes(data[: round(share * len(data))])
    with pytest.raises(ImageError, match=r"cut\.heic is (damaged|not a picture)"):
        images.read(tmp_path / "cut.heic")


# --- BMP and GIF -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
def test_bmp_is_lossless(channels: int, tmp_path: Path) -> None:
    images.write(images.Picture(photo()[:, :, :channels], dpi=(300, 300)), tmp_path / "out.bmp")
    again = images.read(tmp_path / "out.bmp")
    assert (again.pixels == photo()[:, :, :channels]).all()
    assert again.dpi == pytest.approx((300, 300), abs=0.02)
    with pytest.raises(OutputError, match="BMP holds no transparency"):
        images.write(images.Picture(photo(), photo()[:, :, 0]), tmp_path / "no.bmp")


def test_known_pixels_of_a_gif_stay(tmp_path: Path) -> None:
    Image.fromarray(photo()).quantize(200).save(tmp_path / "in.gif", comment=b"hello")
    picture = images.read(tmp_path / "in.gif")
    filled = picture.pixels.copy()
    rows, columns = np.indices((20, 20))
    filled[10:30, 10:30] = np.stack([rows * 12, columns * 12, rows + columns], -1)  # 400 new colours
    images.write(picture.replaced(filled), tmp_path / "out.gif")
    again = images.read(tmp_path / "out.gif")
    known = np.ones(filled.shape[:2], bool)
    known[10:30, 10:30] = False
    assert (again.pixels[known] == picture.pixels[known]).all()
    assert again.comment == b"hello"


@pytest.mark.parametrize("colours", [3, 256])
def test_a_gif_of_few_colours_is_lossless(colours: int, tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, (colours, 3), np.uint8)[np.arange(900).reshape(30, 30) % colours]
    images.write_rgb(array, tmp_path / "out.gif")
    assert (images.read(tmp_path / "out.gif").pixels == array).all()
    images.write_grey(array[:, :, 0], tmp_path / "grey.gif")
    assert (images.read(tmp_path / "grey.gif").rgb8() == array[:, :, :1]).all()


def test_transparency_of_a_gif(tmp_path: Path) -> None:
    alpha = np.full((60, 90), 255, np.uint8)
    alpha[5:20, 5:20] = 0
    images.write(images.Picture(photo(), alpha), tmp_path / "out.gif")
    again = images.read(tmp_path / "out.gif")
    assert again.alpha is not None
    assert (again.alpha == alpha).all()
    assert np.abs(again.pixels.astype(int) - photo())[alpha > 0].mean() < 12
    with pytest.raises(OutputError, match="GIF holds no half transparency"):
        images.write(images.Picture(photo(), alpha // 2), tmp_path / "no.gif")


# --- pages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "WEBP", "GIF"])
def test_a_page_is_chosen(kind: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    frames[0].save(tmp_path / "many", kind, save_all=True, append_images=frames[1:], **options)
    for page, colour in ((1, (255, 0, 0)), (2, (0, 255, 0)), (3, (0, 0, 255))):
        assert (images.read(tmp_path / "many", page=page).pixels == colour).all()
    for page in (0, 4):
        with pytest.raises(ImageError, match=f"many has 3 pages, and page {page} was asked for"):
            images.read(tmp_path / "many", page=page)
    if kind == "GIF":
        assert (images.read(tmp_path / "many").pixels == (255, 0, 0)).all(), "its first frame, unasked"


def test_pages_of_16_bits(tmp_path: Path) -> None:
    import cv2

    pages = [np.full((6, 7, 3), value, np.uint16) for value in (1000, 40_000)]
    assert cv2.imwritemulti(str(tmp_path / "deep.tiff"), pages)
    for page, expected in enumerate(pages, 1):
        picture = images.read(tmp_path / "deep.tiff", page=page)
        assert picture.pixels.dtype == np.uint16
        assert (picture.pixels == expected).all()


# --- CMYK --------------------------------------------------------------------------------------------------------------


def cmyk_profile() -> bytes | None:
    """One of those that come with Debian's and Ubuntu's colour packages."""
    places = [Path("/usr/share/color/icc"), Path("/usr/share/ghostscript")]
    found = [path for place in places for path in place.rglob("*cmyk*.icc")]
    return found[0].read_bytes() if found else None


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_without_a_profile_is_converted_and_says_so(kind: str, tmp_path: Path) -> None:
    Image.fromarray(photo()).convert("CMYK").save(tmp_path / "print", kind, quality=95)
    picture = images.read(tmp_path / "print")
    assert picture.mode == "RGB"
    assert picture.jpeg is None
    assert np.abs(picture.pixels.astype(int) - photo()).mean() < 3
    (note,) = picture.notes
    assert "print is CMYK with no profile and was converted by the plain formula" in note


def test_a_profile_of_another_kind_is_not_used(tmp_path: Path) -> None:
    Image.fromarray(photo()).convert("CMYK").save(tmp_path / "print.tiff", icc_profile=SRGB)
    picture = images.read(tmp_path / "print.tiff")
    assert "with a profile that cannot be used" in picture.notes[0]
    assert picture.icc is None


def test_cmyk_is_converted_by_its_profile(tmp_path: Path) -> None:
    profile = cmyk_profile()
    if profile is None:
        pytest.skip("there is no CMYK profile on this machine")
    image = Image.fromarray(photo()).convert("CMYK")
    image.save(tmp_path / "print.tiff", icc_profile=profile)
    picture = images.read(tmp_path / "print.tiff")
    inks, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    expected = ImageCms.profileToProfile(
        image, inks, srgb, ImageCms.Intent.RELATIVE_COLORIMETRIC, "RGB", flags=ImageCms.Flags.BLACKPOINTCOMPENSATION
    )
    assert (picture.pixels == np.asarray(expected)).all()
    assert "was converted from" in picture.notes[0]
    assert picture.icc is not None


# --- what a picture may be given as ------------------------------------------------------------------------------------


def png(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


class Fake:
    """A file of another library: no `seekable`, no `name`."""

    def __init__(self, data: bytes) -> None:
        self.read = io.BytesIO(data).read


def test_files_of_every_kind(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(data := png(photo()))
    at_the_end = io.BytesIO()
    at_the_end.write(data)
    spooled = tempfile.SpooledTemporaryFile()  # noqa: SIM115
    spooled.write(data)
    reading, writing = os.pipe()
    sources = [
        data, bytearray(data), memoryview(data), str(tmp_path / "photo.png"), pathlib.PurePath(tmp_path / "photo.png"),
        at_the_end, spooled, Fake(data),
    ]  # fmt: skip
    for source in sources:
        assert (images.read(source).pixels == photo()).all()  # type: ignore[arg-type]
    os.write(writing, data[:60_000])
    os.close(writing)
    with open(reading, "rb") as pipe:  # noqa: PTH123
        assert images.read(pipe).pixels.shape == photo().shape
    spooled.close()


def test_tensors_and_what_becomes_an_array() -> None:
    torch = pytest.importorskip("torch")

    class Wrapped:
        def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
            return photo()

    assert (images.read(torch.from_numpy(photo())).pixels == photo()).all()
    assert (images.read(Wrapped()).pixels == photo()).all()  # type: ignore[arg-type]
    assert (images.read(photo().astype(">u2")).pixels == photo()).all()
    with pytest.raises(ImageError, match="this Tensor does not become an array"):
        images.read(torch.zeros(3, 3, requires_grad=True))
    with pytest.raises(ImageError, match=r"this one is float32 \(4, 4, 3\): scale 0..1 to 0..255 and convert it"):
        images.read(torch.zeros(4, 4, 3))
    with pytest.raises(ImageError, match=r"this one is \(3, 40, 50\): move its first axis to the end"):
        images.read(torch.zeros(3, 40, 50, dtype=torch.uint8))


@pytest.mark.parametrize("wrong", [None, 3, 2.5, [1, 2], {"a": 1}, object(), io.StringIO("text"), "a\0b"])
def test_other_kinds_are_refused_by_name(wrong: object) -> None:
    with pytest.raises(ImageError, match=r"a picture is a path|open as text|no name of a file"):
        images.read(wrong)  # type: ignore[arg-type]
