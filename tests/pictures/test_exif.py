"""EXIF blocks: the orientation reset and the thumbnail gone, everything else where it was."""

from __future__ import annotations

import struct

import pytest
from PIL import ExifTags, Image

from scenefill.pictures import exif

THUMBNAIL = b"\xff\xd8 a small picture of what was removed \xff\xd9"
MAKER_NOTE = b"offsets in here count from the start of the block"


def block(order: str, orientation: int = 6) -> bytes:
    """An EXIF block: orientation, maker and a block with a maker's note; then the directory of a thumbnail."""
    first, inner, second, data = 8, 50, 68, 98
    maker_note, thumbnail = data, data + len(MAKER_NOTE)

    def entry(tag: int, kind: int, count: int, value: int) -> bytes:
        return struct.pack(order + "HHL", tag, kind, count) + (
            struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "L", value)
        )

    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HL", 42, first)
    directories = [
        struct.pack(order + "H", 3),
        entry(ExifTags.Base.Orientation, 3, 1, orientation),
        entry(ExifTags.Base.ExifVersion, 7, 4, 0x30303230),
        entry(ExifTags.IFD.Exif, 4, 1, inner),
        struct.pack(order + "L", second),
        struct.pack(order + "H", 1),
        entry(ExifTags.Base.MakerNote, 7, len(MAKER_NOTE), maker_note),
        struct.pack(order + "L", 0),
        struct.pack(order + "H", 2),
        entry(ExifTags.Base.JpegIFOffset, 4, 1, thumbnail),
        entry(ExifTags.Base.JpegIFByteCount, 4, 1, len(THUMBNAIL)),
        struct.pack(order + "L", 0),
    ]
    return b"Exif\0\0" + head + b"".join(directories) + MAKER_NOTE + THUMBNAIL


def loaded(data: bytes) -> Image.Exif:
    tags = Image.Exif()
    tags.load(data)
    return tags


@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation_is_reset_and_the_thumbnail_is_gone(order: str) -> None:
    before = block(order)
    assert loaded(before)[ExifTags.Base.Orientation] == 6
    assert loaded(before).get_ifd(ExifTags.IFD.IFD1)
    after = exif.settled(before)
    assert after is not None
    assert len(after) == len(before)
    assert loaded(after)[ExifTags.Base.Orientation] == 1
    assert not loaded(after).get_ifd(ExifTags.IFD.IFD1)
    assert THUMBNAIL not in after


@pytest.mark.parametrize("order", ["<", ">"])
def test_makers_notes_stay_where_they_were(order: str) -> None:
    before = block(order)
    after = exif.settled(before)
    assert after is not None
    assert after.index(MAKER_NOTE) == before.index(MAKER_NOTE)
    assert loaded(after).get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] == MAKER_NOTE


def test_a_block_without_its_header_gets_one() -> None:
    assert exif.settled(exif.without_header(block("<"))) == exif.settled(block("<"))


@pytest.mark.parametrize("keep", [0, 5, 12, 17, 30, 60, 80])
def test_a_damaged_block_is_given_up(keep: int) -> None:
    assert exif.settled(block("<")[:keep]) is None


def test_a_tiff_keeps_what_it_says_about_the_photo_and_drops_its_structure() -> None:
    tags = Image.Exif()
    tags[ExifTags.Base.Make], tags[ExifTags.Base.ImageWidth], tags[ExifTags.Base.Orientation] = "A camera", 640, 6
    kept = loaded(exif.from_tiff(tags) or b"")
    assert dict(kept) == {ExifTags.Base.Make: "A camera"}
    assert exif.from_tiff(Image.Exif()) is None


def test_to_tiff_holds_the_blocks_as_dicts() -> None:
    tags = exif.to_tiff(block(">"))
    assert tags == {ExifTags.IFD.Exif: {ExifTags.Base.MakerNote: MAKER_NOTE}}
