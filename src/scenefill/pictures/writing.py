"""Pictures out: the extension decides. Size, depth, alpha and what a file says about its photo are kept (docs/formats.md).

An alpha that is opaque everywhere is left out, in every format: WebP cannot hold one, and it looks the same without it.
PNG, TIFF and BMP are lossless. WebP is lossless too, unless the picture came from a lossy WebP (then quality 95).
A JPEG made from a JPEG is compressed as that one was, and blocks without a change stay as they were as nearly as decoders allow
(jpeg.py); any other has quality 95 and 4:4:4. A GIF made from a GIF has its colours. AVIF and HEIC are of high quality.
A file appears under its name only when it is complete.
"""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin, TiffImagePlugin, features

from ..errors import OutputError, ScenefillError
from . import exif, gif, jpeg, packets
from .files import replacing
from .picture import EXTENSIONS, LARGE, Picture, eight_bits, from_array, samples_of
from .reading import need_heif, upright

_LONGEST = 65_000
"""Bytes of a block of metadata that fit into a JPEG, whose segments hold no more."""


def to_pil(picture: Picture) -> Image.Image:
    """A PIL image with the picture's ICC profile and EXIF in its `info`. 16 bits become 8: Pillow has no 16-bit colour."""
    samples = eight_bits(samples_of(picture))
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
    held = _held(kind, picture, str(path))
    store(path, lambda file: _ENCODERS[kind](held, file))


def encode(picture: Picture, kind: str) -> bytes:
    """The file that `write` makes, as bytes. kind: a format of EXTENSIONS.

    Raises OutputError where the format cannot hold the picture, MissingExtraError where pillow-heif is missing for it.
    """
    _check_installed(kind, "the result")
    held = _held(kind, picture, "the result")
    buffer = io.BytesIO()
    with _writing(f"the result as {kind}"):
        _ENCODERS[kind](held, buffer)
    return buffer.getvalue()


def write_rgb(array: NDArray[np.uint8], path: str | Path, *, overwrite: bool = False) -> None:
    """Saves an array (H, W, 3) uint8 RGB. Raises as `write` does."""
    write(from_array(array), path, overwrite=overwrite)


def write_grey(array: NDArray[np.uint8], path: str | Path, *, overwrite: bool = False) -> None:
    """Saves an array (H, W) uint8. Raises as `write` does."""
    write(from_array(array), path, overwrite=overwrite)


def check_output(path: str | Path, *, overwrite: bool = False) -> None:
    """Raises OutputError where `write` would refuse this path: worth asking before the work whose result goes there."""
    path = Path(path)
    if path.suffix.lower() not in EXTENSIONS:
        raise OutputError(f'{path}: the extension "{path.suffix}" is none that can be written ({", ".join(EXTENSIONS)})')
    _check_installed(EXTENSIONS[path.suffix.lower()], str(path))
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the name of a file")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} stands already; choose another name or --overwrite (in Python: overwrite=True)")
    if not path.parent.is_dir():
        raise OutputError(f"{path} cannot be written: there is no folder {path.parent}")


def store(path: Path, encode: Callable[[BinaryIO], object]) -> None:
    with _writing(str(path)), replacing(path) as file:
        encode(file)


@contextlib.contextmanager
def _writing(where: str) -> Iterator[None]:
    """Turns whatever an encoder raises into one OutputError."""
    try:
        yield
    except ScenefillError:
        raise
    except Exception as error:  # encoders refuse odd sizes and metadata with errors of every kind
        raise OutputError(f"{where} cannot be written: {getattr(error, 'strerror', None) or error}") from None


def _check_installed(kind: str, where: str) -> None:
    """Raises MissingExtraError or OutputError where this installation cannot write a format."""
    if kind == "HEIF":
        need_heif(f"{where}, a HEIC photo,")
    if kind == "AVIF" and not features.check("avif"):
        raise OutputError(f"{where}: this Pillow was built without AVIF; write a .png, or install another Pillow")


def _held(kind: str, picture: Picture, where: str) -> Picture:
    """What a file holds of a picture: an alpha only where it hides something. Raises OutputError where it cannot hold it."""
    most = np.iinfo(picture.pixels.dtype).max
    if picture.alpha is not None and (picture.alpha == most).all():
        picture = replace(picture, alpha=None)
    if picture.pixels.dtype == np.uint16 and kind not in ("PNG", "TIFF"):
        raise OutputError(f"{where}: {kind} holds 8 bits and this picture has 16; write a .png or .tiff")
    if picture.alpha is not None and kind in ("JPEG", "BMP"):
        raise OutputError(f"{where}: {kind} holds no transparency and this picture has some; write a .png, .webp or .tiff")
    if picture.alpha is not None and kind == "GIF" and ((picture.alpha > 0) & (picture.alpha < most)).any():
        raise OutputError(f"{where}: GIF holds no half transparency and this picture has some; write a .png, .webp or .tiff")
    if picture.mode == "LA" and picture.pixels.dtype == np.uint16 and kind == "TIFF":
        raise OutputError(f"{where}: few programs read TIFF of 16-bit grey with transparency; write a .png")
    return picture


def _level(picture: Picture) -> int:
    """Of deflate's compression: fast for large pictures (12 megapixels take 1 s, at level 6 twice that), else its usual one."""
    return 1 if picture.pixels.shape[0] * picture.pixels.shape[1] > LARGE else 6


def _write_jpeg(picture: Picture, file: BinaryIO) -> None:
    short = {"exif": picture.exif or b"", "xmp": picture.xmp or b"", "comment": picture.comment or b""}
    about: dict[str, Any] = {key: data if len(data) < _LONGEST else b"" for key, data in short.items()}
    about |= {"icc_profile": picture.icc, "dpi": picture.dpi or (0, 0)}
    about["extra"] = packets.jpeg_segment(picture.iptc) if picture.iptc else b""
    coding: dict[str, Any] = {"quality": 95, "subsampling": 0}
    if how := picture.jpeg:
        if whole := jpeg.encoded(np.asarray(picture.pixels, np.uint8), how, upright, **about):
            file.write(whole)
            return
        tables = [list(table) for table in how.tables]
        coding = {"qtables": tables, "subsampling": how.subsampling, "progressive": how.progressive}
    to_pil(replace(picture, alpha=None)).save(file, "JPEG", **about, **coding)


def _write_webp(picture: Picture, file: BinaryIO) -> None:
    effort = {"quality": 20, "method": 0} if _level(picture) == 1 else {"quality": 80, "method": 4}
    coding = {"quality": 95} if picture.lossy_webp else {"lossless": True, "exact": True, **effort}
    to_pil(picture).save(file, "WEBP", **_packets(picture), **coding)


def _write_avif(picture: Picture, file: BinaryIO) -> None:
    to_pil(picture).save(file, "AVIF", quality=95, subsampling="4:4:4", **_packets(picture))


def _write_heif(picture: Picture, file: BinaryIO) -> None:
    to_pil(picture).save(file, "HEIF", quality=95, **_packets(picture))


def _packets(picture: Picture) -> dict[str, Any]:
    about = {"exif": picture.exif, "xmp": picture.xmp, "icc_profile": picture.icc}
    return {key: data for key, data in about.items() if data}


def _write_bmp(picture: Picture, file: BinaryIO) -> None:
    to_pil(replace(picture, alpha=None)).save(file, "BMP", dpi=picture.dpi or (96, 96))


def _write_gif(picture: Picture, file: BinaryIO) -> None:
    image, options = gif.indexed(np.asarray(picture.pixels, np.uint8), picture.alpha, picture.palette)
    image.save(file, "GIF", comment=picture.comment or b"", **options)


def _png_texts(picture: Picture) -> PngImagePlugin.PngInfo:
    """What a PNG says in words: XMP, IPTC, the comment, and its own texts."""
    info = PngImagePlugin.PngInfo()
    if picture.xmp:
        info.add_itxt("XML:com.adobe.xmp", picture.xmp.decode())
    if picture.iptc:
        info.add_text(packets.PNG_IPTC, packets.png_text(picture.iptc), zip=True)
    comment = picture.comment or b""
    for key, text in [*([("Comment", _text(comment))] if comment else []), *picture.texts]:
        info.add_text(key, text)  # as Latin-1 where that can hold it, else as UTF-8
    return info


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _write_png(picture: Picture, file: BinaryIO) -> None:
    texts = _png_texts(picture)
    if picture.pixels.dtype == np.uint16:
        return _write_png16(picture, texts, file)
    about = {"exif": picture.exif, "icc_profile": picture.icc, "dpi": picture.dpi, "pnginfo": texts}
    to_pil(picture).save(file, "PNG", compress_level=_level(picture), **about)


def _write_png16(picture: Picture, texts: PngImagePlugin.PngInfo, file: BinaryIO) -> None:
    """PNG of 16 bits (ISO/IEC 15948), which Pillow cannot write in colour and OpenCV not with an ICC profile."""
    height, width, channels = (samples := samples_of(picture)).shape
    rows = samples.astype(">u2").view(np.uint8).reshape(height, -1)
    filtered = np.full((height, 1 + rows.shape[1]), 2, np.uint8)  # 2 = "up": each byte less the one above it
    filtered[:, 1:] = np.diff(rows, axis=0, prepend=np.zeros_like(rows[:1]))
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    chunks = [(b"IHDR", struct.pack(">LLBBBBB", width, height, 16, colour_type, 0, 0, 0))]
    if picture.icc:
        chunks.append((b"iCCP", b"ICC Profile\0\0" + zlib.compress(picture.icc)))
    if picture.dpi:
        chunks.append((b"pHYs", struct.pack(">LLB", *(int(dots / 0.0254 + 0.5) for dots in picture.dpi), 1)))
    chunks += [(name, data) for name, data, *_ in texts.chunks]
    if picture.exif:
        chunks.append((b"eXIf", exif.without_header(picture.exif)))
    chunks += [(b"IDAT", zlib.compress(filtered.data, _level(picture))), (b"IEND", b"")]
    file.write(b"\x89PNG\r\n\x1a\n")
    for name, data in chunks:
        file.write(struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(data, zlib.crc32(name))))


def _write_tiff(picture: Picture, file: BinaryIO) -> None:
    """TIFF 6.0 with one deflated strip: Pillow cannot write 16-bit colour, OpenCV no ICC profile."""
    height, width, channels = (samples := samples_of(picture)).shape
    stored = samples.astype(samples.dtype.newbyteorder("<"))
    stored[:, 1:] -= samples[:, :-1]
    strip = zlib.compress(stored.data, _level(picture))
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in exif.to_tiff(picture.exif or b"").items():
        tags[tag] = value
    if picture.dpi:
        tags[TiffImagePlugin.X_RESOLUTION], tags[TiffImagePlugin.Y_RESOLUTION] = picture.dpi
        tags[TiffImagePlugin.RESOLUTION_UNIT] = 2
    for tag, data in ((TiffImagePlugin.XMP, picture.xmp), (TiffImagePlugin.IPTC_NAA_CHUNK, picture.iptc)):
        if data:
            tags.tagtype[tag] = 7 if tag == TiffImagePlugin.IPTC_NAA_CHUNK else 1  # undefined, byte
            tags[tag] = data
    if picture.comment and TiffImagePlugin.IMAGEDESCRIPTION not in tags:
        tags[TiffImagePlugin.IMAGEDESCRIPTION] = _text(picture.comment)
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


_ENCODERS = {
    "PNG": _write_png, "JPEG": _write_jpeg, "WEBP": _write_webp, "TIFF": _write_tiff,
    "BMP": _write_bmp, "GIF": _write_gif, "AVIF": _write_avif, "HEIF": _write_heif,
}  # fmt: skip
