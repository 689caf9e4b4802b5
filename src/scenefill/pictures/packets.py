"""XMP and IPTC, as far as a picture that was changed needs them: packets in, packets out that say nothing untrue of it."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from typing import Any

_TIFF, _EXIF = "http://ns.adobe.com/tiff/1.0/", "http://ns.adobe.com/exif/1.0/"
_WIDTHS = ((_TIFF, "ImageWidth"), (_EXIF, "PixelXDimension"))
_HEIGHTS = ((_TIFF, "ImageLength"), (_EXIF, "PixelYDimension"))
# Small copies of the photo, which still show what was removed, and what names parts of the file that are not kept.
_REMOVED = (
    ("http://ns.adobe.com/xap/1.0/", "Thumbnails"),
    ("http://ns.adobe.com/xmp/note/", "HasExtendedXMP"),
    ("http://ns.google.com/photos/1.0/container/", "Directory"),
    ("http://ns.google.com/photos/1.0/camera/", "MotionPhoto"),
    ("http://ns.google.com/photos/1.0/camera/", "MicroVideo"),
)

_TURNED = re.compile("tiff:Orientation(=[\"']|>)[02-9]")  # what Pillow goes by where there is no EXIF, whatever the namespace
_RECORD = b"8BIM\x04\x04\0\0"  # Photoshop's resource 0x0404 without a name: IPTC
_PREVIEWS = ((2, 200), (2, 201), (2, 202))


def settled_xmp(packet: bytes, width: int, height: int) -> bytes | None:
    """The packet with orientation 1 and the picture's size, without thumbnails.

    None where it is not text in UTF-8, and where it turns the picture in a way that is no XMP but that readers go by.
    """
    try:
        text = packet.rstrip(b"\0").decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    for namespace, name in _REMOVED:
        for prefix in _prefixes(text, namespace):
            tag = f"{prefix}:{name}"
            text = re.sub(rf"\s{tag}\s*=\s*(\"[^\"]*\"|'[^']*')", "", text)
            text = re.sub(rf"<{tag}\b[^>]*/>|<{tag}\b[^>]*>.*?</{tag}\s*>", "", text, flags=re.DOTALL)
    numbers = [(_TIFF, "Orientation", 1), *((*key, width) for key in _WIDTHS), *((*key, height) for key in _HEIGHTS)]
    for namespace, name, number in numbers:
        for prefix in _prefixes(text, namespace):
            text = re.sub(rf"(\s{prefix}:{name}\s*=\s*[\"'])[^\"']*", rf"\g<1>{number}", text)
            text = re.sub(rf"(<{prefix}:{name}\b[^>]*>)[^<]*(</)", rf"\g<1>{number}\g<2>", text)
    return None if _TURNED.search(text) else text.encode()


def _prefixes(text: str, namespace: str) -> set[str]:
    return set(re.findall(rf"xmlns:([\w.-]+)\s*=\s*[\"']{re.escape(namespace)}[\"']", text))


def settled_iptc(data: bytes) -> bytes | None:
    """The records (IPTC-IIM 4.2) without previews of the photo; None where they are damaged, or say nothing else."""
    kept, place = [], 0
    while place + 5 <= len(data) and data[place] == 0x1C:
        record, kind, length = data[place + 1], data[place + 2], int.from_bytes(data[place + 3 : place + 5], "big")
        start = place + 5
        if length & 0x8000:  # the length of the length
            start += length & 0x7FFF
            length = int.from_bytes(data[place + 5 : start], "big")
        if start + length > len(data):
            return None
        if (record, kind) not in _PREVIEWS:
            kept.append(data[place : start + length])
        place = start + length
    return None if data[place:].strip(b"\0") else b"".join(kept) or None


def iptc_from_photoshop(block: bytes) -> bytes | None:
    """The IPTC records among Photoshop's resources, or bare ones."""
    if block.startswith(b"\x1c"):
        return settled_iptc(block)
    place = block.find(_RECORD)
    if place < 0 or place + 12 > len(block):
        return None
    start = place + len(_RECORD) + 4
    return settled_iptc(block[start : start + int.from_bytes(block[start - 4 : start], "big")])


def photoshop(iptc: bytes) -> bytes:
    """IPTC records as one of Photoshop's resources."""
    return _RECORD + struct.pack(">L", len(iptc)) + iptc + bytes(len(iptc) % 2)


def jpeg_segment(iptc: bytes) -> bytes:
    """IPTC records as a JPEG holds them (APP13); nothing where they do not fit into one."""
    body = b"Photoshop 3.0\0" + photoshop(iptc)
    return b"\xff\xed" + struct.pack(">H", len(body) + 2) + body if len(body) + 2 < 2**16 else b""


PNG_IPTC = "Raw profile type iptc"
"""Key of the text in which a PNG holds IPTC, as ImageMagick and ExifTool have it."""


def png_text(iptc: bytes) -> str:
    digits = (block := photoshop(iptc)).hex()
    return f"\niptc\n{len(block):8d}\n" + "\n".join(digits[k : k + 72] for k in range(0, len(digits), 72)) + "\n"


def from_png_text(text: str) -> bytes | None:
    try:
        return iptc_from_photoshop(bytes.fromhex("".join(text.split()[2:])))
    except ValueError:
        return None


def plain_texts(texts: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """A PNG's texts without those that hold metadata of other kinds, which are kept as such or would be untrue."""
    left_out = ("raw profile type", "xml:com.adobe.xmp", "exif:", "comment")
    return tuple((key, str(text)) for key, text in texts.items() if not key.lower().startswith(left_out))
