"""Pictures in: the content of a file decides what it is, its name does not.

The EXIF orientation is applied, so that row 0 is the top. Pillow silently reads 16-bit colour as 8-bit, therefore OpenCV reads
16-bit PNG and TIFF; Pillow reads everything else.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image, JpegImagePlugin, TiffImagePlugin, UnidentifiedImageError

from ..errors import ImageError
from . import exif
from .picture import MAX_PIXELS, JpegCoding, Picture, Pixels, Source, from_array, split

READABLE = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")


def read(source: Source) -> Picture:
    """A picture from a path, an open binary file, a PIL image, or an array (H, W) or (H, W, 1|3|4), uint8 or uint16, RGB(A).

    Palette pictures become RGB(A). Raises ImageError where there is no such file, and for what is not a picture, damaged, CMYK,
    animated, of more than 16 bits, or larger than MAX_PIXELS.
    """
    if isinstance(source, np.ndarray):
        return from_array(source)
    if isinstance(source, Image.Image):
        with reading("the image"):
            return _from_pil(source, "the image")
    try:
        with opened(source) as file:
            return _decode(file, name(source))
    except FileNotFoundError:
        raise ImageError(f"{source}: there is no such file") from None
    except OSError as error:
        raise ImageError(f"{source} cannot be read: {error.strerror}") from None


def name(source: str | Path | BinaryIO) -> str:
    """What errors call a picture: its path, or the `name` of an open file."""
    return str(source if isinstance(source, str | Path) else getattr(source, "name", "the picture"))


@contextlib.contextmanager
def opened(source: str | Path | BinaryIO) -> Iterator[BinaryIO]:
    """The file at a path, closed in the end, or one that is open already."""
    if isinstance(source, str | Path):
        with Path(source).open("rb") as file:
            yield file
    else:
        yield source


def dimensions(file: BinaryIO) -> tuple[int, int]:
    """(height, width) that an open picture file claims to have, from its header alone: nothing is decoded.

    Raises ImageError for what is not a picture.
    """
    with reading(where := name(file)):
        if not file.read(1):
            raise ImageError(f"{where} is empty (0 bytes)")
        file.seek(0)
        width, height = Image.open(file, formats=READABLE).size
        file.seek(0)
        return height, width


@contextlib.contextmanager
def reading(where: str) -> Iterator[None]:
    """Turns whatever a decoder raises into one ImageError, and keeps its warnings about odd metadata to itself."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.")
            yield
    except ImageError:
        raise
    except Image.DecompressionBombError:
        raise ImageError(f"{where} has more than {MAX_PIXELS / 1e6:.0f} million pixels, the most that is read") from None
    except UnidentifiedImageError:
        raise ImageError(f"{where} is not a picture, or of a kind that cannot be read ({', '.join(READABLE)} can)") from None
    except Exception as error:  # damaged data makes the decoders raise nearly anything
        raise ImageError(f"{where} is damaged or cut short ({error})") from None


def check_kind(image: Image.Image, where: str) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise Image.DecompressionBombError
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:  # MPO: a JPEG followed by previews of itself
        raise ImageError(f"{where} is animated or has several pages; extract the one to be filled")


def _decode(file: BinaryIO, where: str) -> Picture:
    if not (header := file.read(26)):
        raise ImageError(f"{where} is empty (0 bytes)")
    with reading(where):
        file.seek(0)
        image = Image.open(file, formats=READABLE)
        check_kind(image, where)
        depth, grey = 8, image.mode.startswith("I")
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            depth = max(image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,)))
        elif image.format == "PNG":
            depth, grey = header[24], header[25] in (0, 4)
        image.load()
        if depth == 16 and image.mode != "CMYK":
            file.seek(0)
            return _from_pil(image, where, _sixteen_bits(file.read(), grey, where))
        picture = _from_pil(image, where)
        return replace(picture, lossy_webp=True) if image.format == "WEBP" and _is_lossy_webp(file) else picture


def _sixteen_bits(data: bytes, grey: bool, where: str) -> Pixels:
    """Samples (H, W, 1..4) of a 16-bit PNG or TIFF."""
    samples = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None or samples.dtype != np.uint16:
        raise ImageError(f"{where} is a kind of 16-bit file that cannot be read")
    if samples.ndim == 2:
        return samples[:, :, None].astype(np.uint16, copy=False)
    order = ([2, 1, 0, 3] if samples.shape[2] == 4 else [2, 1, 0])[2 * grey :]  # OpenCV gives grey with alpha as BGRA
    return samples[:, :, order].astype(np.uint16, copy=False)


def _is_lossy_webp(file: BinaryIO) -> bool:
    file.seek(12)
    while header := file.read(8):
        if header[:4] in (b"VP8 ", b"VP8L"):
            return header[:4] == b"VP8 "
        size = int.from_bytes(header[4:], "little")
        file.seek(size + size % 2, os.SEEK_CUR)
    return False


def _from_pil(image: Image.Image, where: str, samples: Pixels | None = None) -> Picture:
    """samples: (H, W, 1..4) where Pillow's own pixels are not to be used."""
    image.load()
    if samples is None:
        samples = _pil_samples(image, where)
    tags = image.getexif()
    turn = tags.get(exif.ORIENTATION, 1)
    block = exif.from_tiff(tags) if image.format == "TIFF" else image.info.get("exif")
    coding = _jpeg_coding(image, turn) if isinstance(image, JpegImagePlugin.JpegImageFile) else None
    return replace(
        split(_upright(samples, turn)),
        format="JPEG" if coding else image.format,
        exif=exif.settled(block) if block else None,
        icc=image.info.get("icc_profile"),
        jpeg=coding,
    )


def _pil_samples(image: Image.Image, where: str) -> Pixels:
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)[:, :, None]
    transparent = "transparency" in image.info
    modes = {
        "1": "L", "L": "LA" if transparent else "L", "LA": "LA", "P": "RGBA" if transparent else "RGB", "PA": "RGBA",
        "RGB": "RGBA" if transparent else "RGB", "RGBA": "RGBA",
    }  # fmt: skip
    if image.mode not in modes:
        raise ImageError(f"{where} is of the kind {image.mode}, which is not supported; convert it to RGB first")
    mode = modes[image.mode]
    return np.asarray(image if image.mode == mode else image.convert(mode)).reshape(image.height, image.width, -1)


def _jpeg_coding(image: JpegImagePlugin.JpegImageFile, orientation: int) -> JpegCoding:
    tables = []
    for *_, number in image.layer:
        table = np.reshape(image.quantization[number], (8, 8))
        tables.append(tuple((table.T if orientation >= 5 else table).ravel().tolist()))
    while len(tables) > 1 and tables[-1] == tables[-2]:
        tables.pop()
    return JpegCoding(tuple(tables), max(0, JpegImagePlugin.get_sampling(image)), "progressive" in image.info)


def _upright(samples: Pixels, orientation: int) -> Pixels:
    """Applies an EXIF orientation, 1..8; others are left alone as viewers do."""
    if 5 <= orientation <= 8:
        samples = samples.swapaxes(0, 1)
    down = -1 if orientation in (3, 4, 7, 8) else 1
    across = -1 if orientation in (2, 3, 6, 7) else 1
    return samples[::down, ::across]
