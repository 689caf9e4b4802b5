"""Pictures in and out: the only module that opens and saves them.

Reading: the content of a file decides what it is, its name does not. The EXIF orientation is applied, so that row 0 is the top.
Pillow silently reads 16-bit colour as 8-bit, therefore OpenCV reads 16-bit PNG and TIFF; Pillow reads everything else.

Writing: the extension decides. Size, depth, alpha, ICC profile and EXIF are kept.
PNG and TIFF are lossless. WebP is lossless too, unless the picture came from a lossy WebP (then quality 95).
A JPEG made from a JPEG has its quantisation tables and chroma subsampling, so that known pixels hardly move; any other has
quality 95 and 4:4:4. A file appears under its name only when it is complete.
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin, TiffImagePlugin, UnidentifiedImageError

from . import exif
from .errors import ImageError, LabelError, OutputError
from .files import replacing
from .labels import UNKNOWN, LabelMap, LabelSet

Pixels = NDArray[np.unsignedinteger[Any]]
Source = str | Path | BinaryIO | Image.Image | NDArray[Any]

MAX_PIXELS = 160_000_000
"""Larger files are refused before they are decoded: a small file can claim a picture that fills the memory."""
LARGE = 4_000_000
"""Pixels above which PNG, TIFF and WebP are compressed fast instead of well."""

EXTENSIONS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}
"""Extension -> format of the files that can be written. BMP and GIF can be read as well."""

_READABLE = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it was read, with what saving it needs. The arrays may be views of the source: do not write to them."""

    pixels: Pixels
    """(H, W, 3) RGB or (H, W, 1) grey, uint8 or uint16, upright."""
    alpha: Pixels | None = None
    """(H, W), dtype of `pixels`, 0 = transparent. None: opaque."""
    format: str | None = None
    """"PNG", "JPEG", "WEBP", "TIFF", "BMP" or "GIF"; None for arrays."""
    exif: bytes | None = None
    """With orientation 1, and without the thumbnail, which would still show what was removed."""
    icc: bytes | None = None
    jpeg: JpegCoding | None = None
    lossy_webp: bool = False

    @property
    def mode(self) -> str:
        """ "L", "LA", "RGB" or "RGBA", for either depth."""
        return ("L" if self.pixels.shape[2] == 1 else "RGB") + ("" if self.alpha is None else "A")

    def rgb8(self) -> NDArray[np.uint8]:
        """The picture without its alpha as a new array (H, W, 3) uint8 RGB."""
        pixels = _eight_bits(self.pixels)
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), np.uint8) if pixels.shape[2] == 1 else pixels.copy()

    def replaced(self, pixels: Pixels) -> Picture:
        """This picture with other pixels of the same shape and dtype. Raises ImageError for others."""
        if pixels.shape != self.pixels.shape or pixels.dtype != self.pixels.dtype:
            given, wanted = (f"{a.dtype} {a.shape}" for a in (pixels, self.pixels))
            raise ImageError(f"the new pixels are {given}, those of the picture are {wanted}")
        return replace(self, pixels=pixels)


@dataclass(frozen=True)
class JpegCoding:
    """How a JPEG was compressed."""

    tables: tuple[tuple[int, ...], ...]
    """One quantisation table of 64 values, row by row, per component; the last one also serves the components after it."""
    subsampling: int
    """Pillow's number: 0 is 4:4:4, 1 is 4:2:2, 2 is 4:2:0."""
    progressive: bool


def read(source: Source) -> Picture:
    """A picture from a path, an open binary file, a PIL image, or an array (H, W) or (H, W, 1|3|4), uint8 or uint16, RGB(A).

    Palette pictures become RGB(A). Raises ImageError where there is no such file, and for what is not a picture, damaged, CMYK,
    animated, of more than 16 bits, or larger than MAX_PIXELS.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, Image.Image):
        with _reading("the image"):
            return _from_pil(source, "the image")
    try:
        with _opened(source) as file:
            return _decode(file, name(source))
    except FileNotFoundError:
        raise ImageError(f"{source}: there is no such file") from None
    except OSError as error:
        raise ImageError(f"{source} cannot be read: {error.strerror}") from None


def name(source: str | Path | BinaryIO) -> str:
    """What errors call a picture: its path, or the `name` of an open file."""
    return str(source if isinstance(source, str | Path) else getattr(source, "name", "the picture"))


@contextlib.contextmanager
def _opened(source: str | Path | BinaryIO) -> Iterator[BinaryIO]:
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
    with _reading(where := name(file)):
        if not file.read(1):
            raise ImageError(f"{where} is empty (0 bytes)")
        file.seek(0)
        width, height = Image.open(file, formats=_READABLE).size
        file.seek(0)
        return height, width


def to_pil(picture: Picture) -> Image.Image:
    """A PIL image with the picture's ICC profile and EXIF in its `info`. 16 bits become 8: Pillow has no 16-bit colour."""
    samples = _eight_bits(_samples(picture))
    image = Image.fromarray(samples[:, :, 0] if picture.mode == "L" else samples)
    image.info |= {key: data for key, data in (("exif", picture.exif), ("icc_profile", picture.icc)) if data}
    return image


def write(picture: Picture, path: str | Path, *, overwrite: bool = False) -> None:
    """Saves a picture in the format of the path's extension; see the module's text for what is kept.

    Raises OutputError where the file stands already and `overwrite` is off, its folder is missing or cannot be written to, the
    extension is unknown, or the format cannot hold the picture (16 bits or transparency in a JPEG). Nothing is left behind then.
    """
    path = Path(path)
    check_output(path, overwrite=overwrite)
    kind = EXTENSIONS[path.suffix.lower()]
    _check_holds(kind, picture, str(path))
    _store(path, lambda file: _ENCODERS[kind](picture, file))


def encode(picture: Picture, kind: str) -> bytes:
    """The file that `write` makes, as bytes. kind: "PNG", "JPEG", "WEBP" or "TIFF".

    Raises OutputError where the format cannot hold the picture.
    """
    _check_holds(kind, picture, "the result")
    buffer = io.BytesIO()
    with _writing(f"the result as {kind}"):
        _ENCODERS[kind](picture, buffer)
    return buffer.getvalue()


def write_rgb(array: NDArray[np.uint8], path: str | Path, *, overwrite: bool = False) -> None:
    """Saves an array (H, W, 3) uint8 RGB. Raises as `write` does."""
    write(_from_array(array), path, overwrite=overwrite)


def write_grey(array: NDArray[np.uint8], path: str | Path, *, overwrite: bool = False) -> None:
    """Saves an array (H, W) uint8. Raises as `write` does."""
    write(_from_array(array), path, overwrite=overwrite)


def check_output(path: str | Path, *, overwrite: bool = False) -> None:
    """Raises OutputError where `write` would refuse this path: worth asking before the work whose result goes there."""
    path = Path(path)
    if path.suffix.lower() not in EXTENSIONS:
        raise OutputError(f'{path}: the extension "{path.suffix}" is none that can be written ({", ".join(EXTENSIONS)})')
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the name of a file")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} stands already; choose another name or --overwrite (in Python: overwrite=True)")
    if not path.parent.is_dir():
        raise OutputError(f"{path} cannot be written: there is no folder {path.parent}")


def read_labels(source: str | Path | BinaryIO, label_set: LabelSet) -> LabelMap:
    """A label map from a grey or palette picture of ids, coded as the files of the set, or from one in the set's colours.

    source: a path or an open binary file.

    Returns (H, W) uint8 class ids, 255 = unknown. Raises LabelError where the file is missing or damaged, and names the first id
    or colour that the set does not have.
    """
    where = name(source)
    try:
        with _opened(source) as file, _reading(where):
            image = Image.open(file, formats=_READABLE)
            _check_kind(image, where)
            image.load()
    except OSError as error:
        raise LabelError(f"label map {where} cannot be read: {error.strerror}") from None
    except ImageError as error:
        raise LabelError(f"label map {error}") from None
    if image.mode in ("RGB", "RGBA"):
        return label_set.from_colours(np.asarray(image)[:, :, :3], where=where)
    raw = np.asarray(image)
    if raw.ndim != 2 or raw.max() > UNKNOWN:
        raise LabelError(f"label map {where} is neither 8-bit ids (grey or palette) nor 8-bit RGB colours")
    return label_set.decode(raw.astype(np.uint8), where=where)


def write_labels(labels: LabelMap, label_set: LabelSet, path: str | Path, *, overwrite: bool = False) -> None:
    """Saves a label map (H, W) uint8 as a palette PNG, coded so that `read_labels` gives it back.

    Raises LabelError for an id that the set does not have, OutputError as `write` does and for another extension than .png.
    """
    path = Path(path)
    label_set.check(labels, where=str(path))
    if path.suffix.lower() != ".png":
        raise OutputError(f"{path}: label maps are written as .png, so that every id stays what it is")
    check_output(path, overwrite=overwrite)
    _store(path, lambda file: file.write(encode_labels(labels, label_set)))


def encode_labels(labels: LabelMap, label_set: LabelSet) -> bytes:
    """The file that `write_labels` makes, as bytes. Raises LabelError for an id that the set does not have."""
    label_set.check(labels)
    numbers = np.arange(256, dtype=np.uint8)
    colours = np.frombuffer(label_set.palette(), np.uint8).reshape(256, 3)
    palette = colours.copy()
    for number, target in (label_set.file_ids or {}).items():
        palette[number] = colours[target]
        if target != UNKNOWN:
            numbers[target] = number
    image = Image.fromarray(numbers[labels])
    image.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _from_array(array: NDArray[Any]) -> Picture:
    if array.dtype not in (np.uint8, np.uint16) or array.ndim not in (2, 3) or not array.size:
        raise ImageError(f"an array must be uint8 or uint16 (H, W) or (H, W, 1|3|4), this one is {array.dtype} {array.shape}")
    samples = array.reshape(*array.shape[:2], -1)
    if samples.shape[2] not in (1, 3, 4):
        raise ImageError(f"an array must have 1, 3 or 4 channels in its last axis, this one is {array.shape}")
    return _split(samples)


def _split(samples: Pixels) -> Picture:
    """Samples (H, W, 1..4) as pixels and alpha."""
    colours = samples.shape[2] - (samples.shape[2] + 1) % 2
    alpha = np.ascontiguousarray(samples[:, :, colours]) if colours < samples.shape[2] else None
    return Picture(np.ascontiguousarray(samples[:, :, :colours]), alpha)


def _samples(picture: Picture) -> Pixels:
    """Pixels and alpha as samples (H, W, 1..4)."""
    return picture.pixels if picture.alpha is None else np.dstack([picture.pixels, picture.alpha])


def _eight_bits(samples: Pixels) -> NDArray[np.uint8]:
    if samples.dtype == np.uint16:
        return np.asarray(cv2.convertScaleAbs(samples, alpha=1 / 257), np.uint8).reshape(samples.shape)
    return samples.astype(np.uint8, copy=False)


@contextlib.contextmanager
def _reading(where: str) -> Iterator[None]:
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
        raise ImageError(f"{where} is not a picture, or of a kind that cannot be read ({', '.join(_READABLE)} can)") from None
    except Exception as error:  # damaged data makes the decoders raise nearly anything
        raise ImageError(f"{where} is damaged or cut short ({error})") from None


def _check_kind(image: Image.Image, where: str) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise Image.DecompressionBombError
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:  # MPO: a JPEG followed by previews of itself
        raise ImageError(f"{where} is animated or has several pages; extract the one to be filled")


def _decode(file: BinaryIO, where: str) -> Picture:
    if not (header := file.read(26)):
        raise ImageError(f"{where} is empty (0 bytes)")
    with _reading(where):
        file.seek(0)
        image = Image.open(file, formats=_READABLE)
        _check_kind(image, where)
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
        _split(_upright(samples, turn)),
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


def _store(path: Path, encode: Callable[[BinaryIO], object]) -> None:
    with _writing(str(path)), replacing(path) as file:
        encode(file)


@contextlib.contextmanager
def _writing(where: str) -> Iterator[None]:
    """Turns whatever an encoder raises into one OutputError."""
    try:
        yield
    except Exception as error:  # encoders refuse odd sizes and metadata with errors of every kind
        raise OutputError(f"{where} cannot be written: {getattr(error, 'strerror', None) or error}") from None


def _check_holds(kind: str, picture: Picture, where: str) -> None:
    """Raises OutputError where a format cannot hold a picture."""
    if picture.pixels.dtype == np.uint16 and kind in ("JPEG", "WEBP"):
        raise OutputError(f"{where}: {kind} holds 8 bits and this picture has 16; write a .png or .tiff")
    if picture.alpha is not None and kind == "JPEG" and (picture.alpha < np.iinfo(picture.alpha.dtype).max).any():
        raise OutputError(f"{where}: JPEG holds no transparency and this picture has some; write a .png, .webp or .tiff")
    if picture.mode == "LA" and picture.pixels.dtype == np.uint16 and kind == "TIFF":
        raise OutputError(f"{where}: few programs read TIFF of 16-bit grey with transparency; write a .png")


def _level(picture: Picture) -> int:
    """Of deflate's compression: fast for large pictures (12 megapixels take 1 s, at level 6 twice that), else its usual one."""
    return 1 if picture.pixels.shape[0] * picture.pixels.shape[1] > LARGE else 6


def _write_jpeg(picture: Picture, file: BinaryIO) -> None:
    image = to_pil(replace(picture, alpha=None))
    coding: dict[str, Any] = {"quality": 95, "subsampling": 0}
    if picture.jpeg:
        tables = [list(table) for table in picture.jpeg.tables]
        coding = {"qtables": tables, "subsampling": picture.jpeg.subsampling, "progressive": picture.jpeg.progressive}
    image.save(file, "JPEG", exif=picture.exif or b"", icc_profile=picture.icc, **coding)


def _write_webp(picture: Picture, file: BinaryIO) -> None:
    effort = {"quality": 20, "method": 0} if _level(picture) == 1 else {"quality": 80, "method": 4}
    coding = {"quality": 95} if picture.lossy_webp else {"lossless": True, "exact": True, **effort}
    to_pil(picture).save(file, "WEBP", exif=picture.exif or b"", icc_profile=picture.icc, **coding)


def _write_png(picture: Picture, file: BinaryIO) -> None:
    if picture.pixels.dtype == np.uint16:
        return _write_png16(picture, file)
    to_pil(picture).save(file, "PNG", exif=picture.exif, icc_profile=picture.icc, compress_level=_level(picture))


def _write_png16(picture: Picture, file: BinaryIO) -> None:
    """PNG of 16 bits (ISO/IEC 15948), which Pillow cannot write in colour and OpenCV not with an ICC profile."""
    height, width, channels = (samples := _samples(picture)).shape
    rows = samples.astype(">u2").view(np.uint8).reshape(height, -1)
    filtered = np.full((height, 1 + rows.shape[1]), 2, np.uint8)  # 2 = "up": each byte less the one above it
    filtered[:, 1:] = np.diff(rows, axis=0, prepend=np.zeros_like(rows[:1]))
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    chunks = [(b"IHDR", struct.pack(">LLBBBBB", width, height, 16, colour_type, 0, 0, 0))]
    if picture.icc:
        chunks.append((b"iCCP", b"ICC Profile\0\0" + zlib.compress(picture.icc)))
    if picture.exif:
        chunks.append((b"eXIf", exif.without_header(picture.exif)))
    chunks += [(b"IDAT", zlib.compress(filtered.data, _level(picture))), (b"IEND", b"")]
    file.write(b"\x89PNG\r\n\x1a\n")
    for name, data in chunks:
        file.write(struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(data, zlib.crc32(name))))


def _write_tiff(picture: Picture, file: BinaryIO) -> None:
    """TIFF 6.0 with one deflated strip: Pillow cannot write 16-bit colour, OpenCV no ICC profile."""
    height, width, channels = (samples := _samples(picture)).shape
    stored = samples.astype(samples.dtype.newbyteorder("<"))
    stored[:, 1:] -= samples[:, :-1]
    strip = zlib.compress(stored.data, _level(picture))
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in exif.to_tiff(picture.exif or b"").items():
        tags[tag] = value
    tags[TiffImagePlugin.IMAGEWIDTH], tags[TiffImagePlugin.IMAGELENGTH] = width, height
    tags[TiffImagePlugin.BITSPERSAMPLE] = (8 * samples.itemsize,) * channels
    tags[TiffImagePlugin.SAMPLESPERPIXEL] = channels
    tags[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = 1 if channels < 3 else 2
    tags[TiffImagePlugin.COMPRESSION], tags[TiffImagePlugin.PREDICTOR] = 8, 2  # deflate, difference to the pixel on the left
    tags[TiffImagePlugin.ROWSPERSTRIP], tags[TiffImagePlugin.STRIPBYTECOUNTS] = height, len(strip)
    tags.tagtype[TiffImagePlugin.STRIPOFFSETS] = tags.tagtype[TiffImagePlugin.STRIPBYTECOUNTS] = 4
    tags[TiffImagePlugin.STRIPOFFSETS] = 0  # from the end of the directory, where Pillow moves it
    if picture.alpha is not None:
        tags[TiffImagePlugin.EXTRASAMPLES] = 2  # alpha, not multiplied into the colours
    if picture.icc:
        tags[TiffImagePlugin.ICCPROFILE] = picture.icc
    tags.save(file)
    file.write(strip)


_ENCODERS = {"PNG": _write_png, "JPEG": _write_jpeg, "WEBP": _write_webp, "TIFF": _write_tiff}
