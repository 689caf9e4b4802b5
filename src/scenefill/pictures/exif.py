"""EXIF, as far as a picture that was changed needs it. `bytes` here are a whole EXIF block with its "Exif" header."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from typing import Any

from PIL import ExifTags, Image

ORIENTATION = ExifTags.Base.Orientation

_HEADER = b"Exif\0\0"
_BLOCKS = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
# What a TIFF says about its photo: description, camera, resolution, software, date, artist, copyright.
# Its other tags describe the file's own structure and do not outlive it.
_DESCRIPTIVE = (270, 271, 272, 282, 283, 296, 305, 306, 315, 33432, *_BLOCKS)


def settled(exif: bytes, size: tuple[int, int] | None = None) -> bytes | None:
    """The block with orientation 1 and without its thumbnail, which would still show what was removed from the photo.

    size: (height, width) of the upright picture, where the block names one.
    It is changed in place, so that the offsets inside makers' notes stay valid. None where it is damaged.
    """
    once = _settled(exif, size)
    return once if once is not None and _settled(once, size) == once else None  # parts of damaged ones lie over each other


def _settled(exif: bytes, size: tuple[int, int] | None) -> bytes | None:
    body = bytearray(without_header(exif))
    if not body.startswith((b"II*\0", b"MM\0*")):
        return None
    order = "<" if body.startswith(b"II") else ">"

    def number(kind: str, position: int) -> int:
        return int(struct.unpack_from(order + kind, body, position)[0])

    def entries(directory: int) -> Iterator[tuple[int, int]]:
        """(tag, position of its value) of each entry of the directory."""
        for entry in range(directory + 2, end(directory), 12):
            yield number("H", entry), entry + 8

    def end(directory: int) -> int:
        """Where the directory ends, with the position of the next one."""
        return directory + 2 + 12 * number("H", directory)

    def set_size(directory: int, height: int, width: int) -> None:
        sides = {int(ExifTags.Base.ExifImageHeight): height, int(ExifTags.Base.ExifImageWidth): width}
        for tag, position in entries(directory):
            if tag in sides:
                struct.pack_into(order + ("H" if number("H", position - 6) == 3 else "L"), body, position, sides[tag])

    try:
        first = number("L", 4)
        for tag, position in entries(first):
            if tag == ORIENTATION:
                struct.pack_into(order + "H", body, position, 1)
            if tag == ExifTags.IFD.Exif and size:
                with contextlib.suppress(struct.error):  # a damaged block inside is no reason to lose the others
                    set_size(number("L", position), *size)
        if thumbnail := number("L", end(first)):
            found = dict(entries(thumbnail))
            if (tag := ExifTags.Base.JpegIFOffset) in found and ExifTags.Base.JpegIFByteCount in found:
                start, length = number("L", found[tag]), number("L", found[ExifTags.Base.JpegIFByteCount])
                body[start : start + length] = bytes(len(body[start : start + length]))
            struct.pack_into(order + "L", body, end(first), 0)
    except struct.error:
        return None
    return _HEADER + bytes(body)


def without_header(exif: bytes) -> bytes:
    """The block as PNG stores it."""
    return exif.removeprefix(_HEADER)


def descriptive(tags: Image.Exif) -> dict[int, Any]:
    """The tags that say something about the photo, with the EXIF and GPS blocks as dicts; the form in which a TIFF holds them."""
    return {tag: tags.get_ifd(tag) if tag in _BLOCKS else tags[tag] for tag in _DESCRIPTIVE if tag in tags}


def from_tiff(tags: Image.Exif) -> bytes | None:
    """A block of what a TIFF says about its photo; None where it says nothing."""
    kept = Image.Exif()
    kept.update(descriptive(tags))
    return kept.tobytes() if len(kept) else None


def to_tiff(exif: bytes) -> dict[int, Any]:
    """The tags by which a TIFF says what the block says."""
    tags = Image.Exif()
    tags.load(exif)
    return descriptive(tags)
