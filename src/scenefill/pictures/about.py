"""What a file says about its photo besides EXIF and the colour profile, in the terms of Picture: read from Pillow's image."""

from __future__ import annotations

import struct
from typing import Any

from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin

from . import packets

_XMP, _IPTC, _PHOTOSHOP = 700, 33723, 34377  # tags of a TIFF


def of(image: Image.Image, size: tuple[int, ...], orientation: int) -> dict[str, Any]:
    """Values for the fields of a Picture. size: (height, width) of the upright picture."""
    info = image.info
    texts = image.text if isinstance(image, PngImagePlugin.PngImageFile) else {}
    packet = _bytes(info.get("xmp"))
    comment = _bytes(info.get("comment") or next((text for key, text in texts.items() if key.lower() == "comment"), None))
    dpi = _dpi(image)
    return {
        "xmp": packets.settled_xmp(packet, size[1], size[0]) if packet else None,
        "iptc": _iptc(image, texts),
        "dpi": dpi[::-1] if dpi and orientation >= 5 else dpi,
        "comment": comment or None,
        "texts": packets.plain_texts(texts),
    }


def _bytes(text: object) -> bytes | None:
    return text.encode() if isinstance(text, str) else text if isinstance(text, bytes) else None


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    given = image.info.get("dpi")
    if not isinstance(given, tuple) or len(given) != 2 or (image.format == "BMP" and not given[0]):
        return None
    measured = image.info.get("jfif_unit") in (1, 2) or ExifTags.Base.XResolution in image.getexif()
    if image.format in ("JPEG", "MPO") and not measured:  # Pillow's guess, where there is EXIF that does not say
        return None
    try:
        across, down = (float(value) for value in given)
    except (ValueError, ZeroDivisionError, TypeError):
        return None
    return (across, down) if 0 < across < 2**16 and 0 < down < 2**16 else None


def _iptc(image: Image.Image, texts: dict[str, Any]) -> bytes | None:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        raw = image.tag_v2.get(_IPTC)
        if isinstance(raw, tuple) and all(isinstance(value, int) for value in raw):  # bytes that some write as numbers of four
            order = "<" if image.tag_v2.prefix == b"II" else ">"
            raw = struct.pack(f"{order}{len(raw)}L", *raw)
        if isinstance(raw, bytes) and (found := packets.settled_iptc(raw)):
            return found
        block = image.tag_v2.get(_PHOTOSHOP)
        return packets.iptc_from_photoshop(block) if isinstance(block, bytes) else None
    if texts:
        return packets.from_png_text(str(texts.get(packets.PNG_IPTC, "")))
    block = image.info.get("photoshop")
    record = block.get(0x0404) if isinstance(block, dict) else None
    return packets.settled_iptc(record) if isinstance(record, bytes) else None
