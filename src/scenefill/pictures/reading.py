"""Pictures in: the content of a file decides what it is, its name does not.

The EXIF orientation is applied, so that row 0 is the top. Pillow silently reads 16-bit colour as 8-bit, therefore OpenCV reads
16-bit PNG and TIFF; Pillow reads everything else, HEIC with the help of pillow-heif.
"""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, JpegImagePlugin, TiffImagePlugin, UnidentifiedImageError

from ..errors import ImageError, MissingExtraError, ScenefillError
from . import about, exif, jpeg
from .picture import MAX_PIXELS, Picture, Pixels, Source, from_array, split

T = TypeVar("T", bound=np.generic)

READABLE = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF")
"""And "HEIF", with the extra "heif"."""

_PNG = b"\x89PNG\r\n\x1a\n"
_ONE = ("MPO", "GIF", "HEIF")
"""Files of several pictures whose first one is meant, where nobody says which: previews follow it, or it moves."""


def read(source: Source, *, page: int | None = None) -> Picture:
    """A picture from a path, the bytes of a file, an open binary file, a PIL image, or an array as Source has it.

    page: which one of a file of several, from 1. None: the only one, the first of a GIF, the one that a HEIC names.
    Palette pictures become RGB(A), CMYK becomes RGB by its profile. Raises ImageError where there is no such file or page, for
    other kinds of objects, and for what is not a picture, damaged, of more than 16 bits, or larger than MAX_PIXELS.
    """
    if (array := as_array(source)) is not None:
        return from_array(array)
    if isinstance(source, Image.Image):
        with reading("the image"):
            return _from_pil(source, "the image")
    try:
        with opened(source) as file:
            return _decode(file, name(source), page)
    except FileNotFoundError:
        raise ImageError(f"{name(source)}: there is no such file") from None
    except OSError as error:
        raise ImageError(f"{name(source)} cannot be read: {error.strerror or error}") from None


def as_array(source: object) -> NDArray[Any] | None:
    """An array, or what becomes one, such as a torch tensor; None for all else, PIL images included. Raises ImageError."""
    if isinstance(source, np.ndarray):
        return source
    if isinstance(source, Image.Image | str | bytes | os.PathLike) or not hasattr(source, "__array__"):
        return None
    try:
        return np.asarray(source)
    except Exception as error:  # tensors on a device, or with a gradient, say so in errors of their own
        raise ImageError(f"this {type(source).__name__} does not become an array: {error}") from None


def unnamed(source: object) -> bool:
    """Whether errors have no name for a picture: arrays, PIL images and other objects that are no files."""
    return not isinstance(source, str | bytes | os.PathLike) and not hasattr(source, "read")


def name(source: object) -> str:
    """What errors call a picture: its path, or the `name` of an open file."""
    if isinstance(source, str | os.PathLike):
        return os.fsdecode(source)
    return str(getattr(source, "name", "the picture"))


@contextlib.contextmanager
def opened(source: object) -> Iterator[BinaryIO]:
    """The file at a path, closed in the end; bytes as a file; or one that is open already, from its beginning.

    Raises ImageError for other objects, OSError as `open` does.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        yield io.BytesIO(source)
    elif isinstance(source, str | os.PathLike):
        if "\0" in os.fsdecode(source):
            raise ImageError(f"{os.fsdecode(source)!r} is no name of a file: it has a zero byte")
        with Path(os.fsdecode(source)).open("rb") as file:
            yield file
    elif not hasattr(source, "read"):
        raise ImageError(
            "a picture is a path, the bytes of a file, an open binary file, a PIL image or an array (H, W, 3), "
            f"this is a {type(source).__name__}"
        )
    else:
        yield _rewound(cast(BinaryIO, source))


def _rewound(file: BinaryIO) -> BinaryIO:
    """The open file at its beginning; what cannot go back, such as a pipe, is read into memory."""
    if getattr(file, "seekable", lambda: hasattr(file, "seek"))():
        file.seek(0)
        if isinstance(file.read(0), bytes):
            return file
        data: object = file.read(0)
    else:
        data = file.read()
    if not isinstance(data, bytes):
        raise ImageError(f'{name(file)} is open as text: open it with mode "rb"')
    return io.BytesIO(data)


def dimensions(file: BinaryIO) -> tuple[int, int]:
    """(height, width) that an open picture file claims to have, from its header alone: nothing is decoded.

    Raises ImageError for what is not a picture.
    """
    with reading(where := name(file)):
        width, height = open_image(file, where).size
        file.seek(0)
        return height, width


@contextlib.contextmanager
def reading(where: str) -> Iterator[None]:
    """Turns whatever a decoder raises into one ImageError, and keeps its warnings about odd metadata to itself."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.|pillow_heif")
            yield
    except ScenefillError:
        raise
    except Image.DecompressionBombError:
        raise ImageError(f"{where} has more than {MAX_PIXELS / 1e6:.0f} million pixels, the most that is read") from None
    except UnidentifiedImageError:
        raise ImageError(f"{where} is not a picture, or of a kind that cannot be read ({', '.join(READABLE)} can)") from None
    except Exception as error:  # damaged data makes the decoders raise nearly anything
        raise ImageError(f"{where} is damaged or cut short ({error})") from None


def open_image(file: BinaryIO, where: str) -> Image.Image:
    """An open file as Pillow opens it, within `reading`. Raises ImageError, MissingExtraError for HEIC without pillow-heif."""
    file.seek(0)
    header = file.read(40)
    file.seek(0)
    if not header:
        raise ImageError(f"{where} is empty (0 bytes)")
    brands = header[8 : int.from_bytes(header[:4], "big")]
    if header[4:8] == b"ftyp" and b"avi" not in brands and any(brand in brands for brand in (b"hei", b"hev", b"mif1", b"msf1")):
        need_heif(f"{where}, a HEIC photo,")
        return Image.open(file, formats=("HEIF",))
    return Image.open(file, formats=READABLE)


def need_heif(what: str) -> None:
    """Lets Pillow read and write HEIF. Raises MissingExtraError where pillow-heif is not installed."""
    try:
        import pillow_heif
    except ImportError:
        raise MissingExtraError(what, "heif") from None
    if "HEIF" not in Image.OPEN:
        pillow_heif.register_heif_opener(thumbnails=False)


def check_kind(image: Image.Image, where: str, page: int | None = None) -> None:
    """Goes to the page. Raises ImageError where there is none such, or one must be named; DecompressionBombError."""
    pages = getattr(image, "n_frames", 1)
    if page is not None:
        if not 1 <= page <= pages:
            raise ImageError(f"{where} has {pages} page{'s' * (pages > 1)}, and page {page} was asked for")
        if page > 1 or image.format != "HEIF":
            image.seek(page - 1)
    elif pages > 1 and image.format not in _ONE:
        raise ImageError(
            f"{where} is animated or has several pages ({pages}): extract the one that is meant, "
            "or, of a photo, choose it (--page 1; in Python, page=1)"
        )
    if image.width * image.height > MAX_PIXELS:
        raise Image.DecompressionBombError


def _decode(file: BinaryIO, where: str, page: int | None) -> Picture:
    with reading(where):
        image = open_image(file, where)
        check_kind(image, where, page)
        depth, grey = 8, image.mode.startswith("I")
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            depth = max(image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,)))
        elif image.format == "PNG":
            file.seek(24)
            depth, kind = file.read(2)
            grey = kind in (0, 4)
        image.load()
        data = _all_of(file) if isinstance(image, JpegImagePlugin.JpegImageFile) and page in (None, 1) else None
        if depth == 16 and image.mode != "CMYK":
            return _from_pil(image, where, _sixteen_bits(_all_of(file), grey, where, page or 1))
        picture = _from_pil(image, where, data=data)
        return replace(picture, lossy_webp=True) if image.format == "WEBP" and _is_lossy_webp(file) else picture


def _all_of(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _sixteen_bits(data: bytes, grey: bool, where: str, page: int) -> Pixels:
    """Samples (H, W, 1..4) of a 16-bit PNG or TIFF."""
    is_png = data.startswith(_PNG)
    buffer = np.frombuffer(_still(data) if is_png else data, np.uint8)
    if page == 1:
        samples = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)
    elif is_png:
        samples = None
    else:
        _, pages = cv2.imdecodemulti(buffer, cv2.IMREAD_UNCHANGED, range=(page - 1, page))
        samples = pages[0] if pages else None
    if samples is None or samples.dtype != np.uint16:
        raise ImageError(f"{where} is a kind of 16-bit file that cannot be read")
    if samples.ndim == 2:
        return samples[:, :, None].astype(np.uint16, copy=False)
    order = ([2, 1, 0, 3] if samples.shape[2] == 4 else [2, 1, 0])[2 * grey :]  # OpenCV gives grey with alpha as BGRA
    return samples[:, :, order].astype(np.uint16, copy=False)


def _still(data: bytes) -> bytes:
    """The first picture of a PNG alone. A damaged animation of 16 bits brings OpenCV 5.0 down, and the process with it."""
    kept, place = [_PNG], len(_PNG)
    while place < len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        if data[place + 4 : place + 8] in (b"IHDR", b"tRNS", b"IDAT", b"IEND"):
            kept.append(data[place:end])
        place = end
    return b"".join(kept)


def _is_lossy_webp(file: BinaryIO) -> bool:
    file.seek(12)
    while header := file.read(8):
        if header[:4] in (b"VP8 ", b"VP8L"):
            return header[:4] == b"VP8 "
        if header[:4] == b"ANMF":  # a frame: its first picture stands behind 16 bytes
            file.seek(16, os.SEEK_CUR)
            continue
        size = int.from_bytes(header[4:], "little")
        file.seek(size + size % 2, os.SEEK_CUR)
    return False


def _from_pil(image: Image.Image, where: str, samples: Pixels | None = None, data: bytes | None = None) -> Picture:
    """samples: (H, W, 1..4) where Pillow's own pixels are not to be used.   data: the bytes of a JPEG."""
    image.load()
    icc = image.info.get("icc_profile")
    notes: tuple[str, ...] = ()
    is_jpeg = isinstance(image, JpegImagePlugin.JpegImageFile) and image.mode != "CMYK"
    tags = image.getexif()
    turn = tags.get(exif.ORIENTATION, 1)
    stored = turn if image.format != "HEIF" else image.info.get("original_orientation") or 1  # pillow-heif has turned it
    block = exif.from_tiff(tags) if image.format == "TIFF" else image.info.get("exif")
    coding = jpeg.coding(cast(JpegImagePlugin.JpegImageFile, image), turn, data) if is_jpeg else None
    if samples is None:
        if image.mode == "CMYK":
            rgb, icc, notes = _from_cmyk(image, where)
            samples = np.asarray(rgb)
        else:
            samples = _pil_samples(image, where)
    picture = split(upright(samples, turn))
    return replace(
        picture,
        format="JPEG" if isinstance(image, JpegImagePlugin.JpegImageFile) else image.format,
        exif=exif.settled(block, picture.pixels.shape[:2]) if block else None,
        icc=icc,
        jpeg=coding,
        palette=_palette(picture.pixels) if image.format == "GIF" else None,
        turn=stored if 1 <= stored <= 8 else 1,
        notes=notes,
        **about.of(image, picture.pixels.shape[:2], turn),
    )


def _palette(pixels: Pixels) -> NDArray[np.uint8] | None:
    colours = np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0).astype(np.uint8)
    return np.repeat(colours, 4 - colours.shape[1], axis=1)[:, :3] if len(colours) <= 256 else None


def _from_cmyk(image: Image.Image, where: str) -> tuple[Image.Image, bytes | None, tuple[str, ...]]:
    """A print's inks as RGB, the profile of these, and a sentence that says so."""
    icc = image.info.get("icc_profile")
    try:
        if not icc:
            raise ImageCms.PyCMSError
        inks, srgb = ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
        rgb = ImageCms.profileToProfile(image, inks, srgb, intent, "RGB", flags=flags)
        assert rgb is not None, "not converted in place"
        named = (ImageCms.getProfileDescription(inks) or "its profile").strip()
        return rgb, srgb.tobytes(), (f"{where} is CMYK and was converted from {named} to sRGB: it is saved as RGB",)
    except (ImageCms.PyCMSError, OSError):
        why = "a profile that cannot be used" if icc else "no profile"
        sentence = f"{where} is CMYK with {why} and was converted by the plain formula, so colours may be off: it is saved as RGB"
        return image.convert("RGB"), None, (sentence,)


def _pil_samples(image: Image.Image, where: str) -> Pixels:
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)[:, :, None]
    if image.mode in ("F", "I"):
        what = "32-bit floats" if image.mode == "F" else "32-bit integers"
        raise ImageError(
            f"{where} holds {what} (kind {image.mode}), and 8 and 16 bits are supported: save it as a 16-bit TIFF or PNG first"
        )
    transparent = "transparency" in image.info
    modes = {
        "1": "L", "L": "LA" if transparent else "L", "LA": "LA", "P": "RGBA" if transparent else "RGB", "PA": "RGBA",
        "RGB": "RGBA" if transparent else "RGB", "RGBA": "RGBA", "RGBX": "RGB", "YCbCr": "RGB",
    }  # fmt: skip
    if image.mode not in modes:
        raise ImageError(f"{where} is of the kind {image.mode}, which is not supported; convert it to RGB first")
    mode = modes[image.mode]
    return np.asarray(image if image.mode == mode else image.convert(mode)).reshape(image.height, image.width, -1)


def upright(samples: NDArray[T], orientation: int) -> NDArray[T]:
    """Applies an EXIF orientation, 1..8; others are left alone as viewers do."""
    if 5 <= orientation <= 8:
        samples = samples.swapaxes(0, 1)
    down = -1 if orientation in (3, 4, 7, 8) else 1
    across = -1 if orientation in (2, 3, 6, 7) else 1
    return samples[::down, ::across]
