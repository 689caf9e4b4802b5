"""What a photo carries: XMP, IPTC, resolution, comment. Kept as they are, and true of the picture that they stand in."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin
from properties import examples

from scenefill.pictures import exif, images, packets

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
XMP = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}>
 <rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:e="http://ns.adobe.com/exif/1.0/"
   xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
   xmlns:xmpNote="http://ns.adobe.com/xmp/note/" tiff:Orientation="6" tiff:ImageWidth='96' xmpNote:HasExtendedXMP="0F3A">
  <e:PixelXDimension>96</e:PixelXDimension><e:PixelYDimension>64</e:PixelYDimension>
  <xmp:Thumbnails><rdf:Alt><rdf:li>what was there</rdf:li></rdf:Alt></xmp:Thumbnails>
  <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Straße, Orientation="6"</rdf:li></rdf:Alt></dc:title>
 </rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>""".encode()


def dataset(number: int, data: bytes, record: int = 2) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(data)) + data


IPTC = dataset(90, b"\x1b%G", 1) + dataset(5, "Straße".encode()) + dataset(25, b"street") + dataset(80, b"A. Photographer")


def photo(height: int = 64, width: int = 96) -> np.ndarray:
    rows, columns = np.indices((height, width))
    return np.stack([rows * 3 % 256, columns * 2 % 256, (rows + columns) % 256], -1).astype(np.uint8)


def carrying(kind: str, orientation: int = 1) -> io.BytesIO:
    """A file with all that its format can hold."""
    file, tags = io.BytesIO(), Image.Exif()
    tags[ExifTags.Base.Make], tags[ExifTags.Base.Orientation] = "A camera", orientation
    tags[ExifTags.IFD.Exif] = {ExifTags.Base.ExifImageWidth: 96, ExifTags.Base.ExifImageHeight: 64}
    about: dict[str, object] = {"exif": tags.tobytes(), "xmp": XMP}
    if kind == "JPEG":
        about |= {"comment": b"a comment", "dpi": (300, 200), "extra": packets.jpeg_segment(IPTC)}
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        info.add_text("Comment", "a comment")
        info.add_text("Author", "Ä. Maler")
        info.add_text(packets.PNG_IPTC, packets.png_text(IPTC), zip=True)
        about = {"exif": tags.tobytes(), "pnginfo": info, "dpi": (300, 200)}
    if kind == "TIFF":
        directory = TiffImagePlugin.ImageFileDirectory_v2()
        directory.tagtype[700], directory.tagtype[33723] = 1, 7
        directory[700], directory[33723], directory[ExifTags.Base.Make] = XMP, IPTC, "A camera"
        directory[ExifTags.Base.Orientation] = 1
        about = {"tiffinfo": directory, "dpi": (300, 200)}
    Image.fromarray(photo()).save(file, kind, **about)
    return file


# --- from file to file -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("target", [".jpg", ".png", ".tiff"])
@pytest.mark.parametrize("sixteen", [False, True])
def test_all_of_it_survives(source: str, target: str, sixteen: bool, tmp_path: Path) -> None:
    picture = images.read(carrying(source))
    if sixteen:
        if target == ".jpg":
            pytest.skip("JPEG holds 8 bits")
        deep = images.read(picture.pixels.astype(np.uint16) * 257).pixels
        picture = images.Picture(deep, xmp=picture.xmp, iptc=picture.iptc, dpi=picture.dpi, comment=picture.comment)
    images.write(picture, tmp_path / f"out{target}")
    again = images.read(tmp_path / f"out{target}")
    assert again.xmp == packets.settled_xmp(XMP, 96, 64)
    assert again.iptc == IPTC
    assert again.dpi == pytest.approx((300, 200), abs=0.01)
    if source != "TIFF" and target != ".tiff":
        assert again.comment == b"a comment"


@pytest.mark.parametrize("source", ["WEBP", "AVIF"])
def test_formats_for_the_web_keep_xmp(source: str, tmp_path: Path) -> None:
    suffix = f".{source.lower()}"
    picture = images.read(carrying(source))
    assert picture.xmp is not None
    images.write(picture, tmp_path / f"out{suffix}")
    assert images.read(tmp_path / f"out{suffix}").xmp == picture.xmp


@pytest.mark.parametrize("damage", [(b"http://ns.adobe.com/tiff", b"http://ns.adobe.com\0/tiff"), (b" tiff:Or", b" x-tiff:Or")])
def test_what_turns_a_picture_without_being_xmp_is_left_out(damage: tuple[bytes, bytes]) -> None:
    assert packets.settled_xmp(XMP, 96, 64) is not None
    assert packets.settled_xmp(XMP.replace(*damage), 96, 64) is None


def test_texts_of_a_png_stay_in_a_png(tmp_path: Path) -> None:
    picture = images.read(carrying("PNG"))
    images.write(picture, tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as image:
        assert image.text["Author"] == "Ä. Maler"  # type: ignore[attr-defined]
        assert image.text["Comment"] == "a comment"  # type: ignore[attr-defined]


def test_what_must_change_when_a_photo_is_turned() -> None:
    picture = images.read(carrying("JPEG", orientation=6))
    assert picture.pixels.shape == (96, 64, 3)
    assert picture.dpi == (200, 300)
    assert picture.xmp is not None
    text = picture.xmp.decode()
    for said in ('tiff:Orientation="1"', "tiff:ImageWidth='64'", "<e:PixelXDimension>64<", "<e:PixelYDimension>96<"):
        assert said in text
    assert picture.exif is not None
    tags = Image.Exif()
    tags.load(picture.exif)
    sides = tags.get_ifd(ExifTags.IFD.Exif)
    assert (sides[ExifTags.Base.ExifImageWidth], sides[ExifTags.Base.ExifImageHeight]) == (64, 96)


def test_a_jpeg_that_names_no_resolution_gets_none(tmp_path: Path) -> None:
    tags = Image.Exif()
    tags[ExifTags.Base.Make] = "A camera"
    Image.fromarray(photo()).save(tmp_path / "in.jpg", exif=tags)
    assert images.read(tmp_path / "in.jpg").dpi is None


def test_what_is_too_long_for_a_jpeg_is_left_out(tmp_path: Path) -> None:
    images.write(images.Picture(photo(), xmp=b"x" * 70_000, iptc=b"i" * 70_000, comment=b"c" * 70_000), tmp_path / "out.jpg")
    again = images.read(tmp_path / "out.jpg")
    assert (again.xmp, again.iptc, again.comment) == (None, None, None)


# --- XMP ---------------------------------------------------------------------------------------------------------------


def test_xmp_keeps_its_words_and_loses_its_thumbnails() -> None:
    settled = packets.settled_xmp(XMP, 10, 20)
    assert settled is not None
    assert b'Stra\xc3\x9fe, Orientation="6"' in settled, "a title is no orientation"
    assert b"what was there" not in settled
    assert b"HasExtendedXMP" not in settled
    assert settled.startswith(XMP[:60])


def test_xmp_that_is_no_text_is_left_out() -> None:
    assert packets.settled_xmp(b"\xff\xfe<\0x\0", 1, 1) is None


@given(st.binary(max_size=300))
@examples(100)
def test_any_bytes_are_a_packet_or_none(data: bytes) -> None:
    packets.settled_xmp(data, 3, 4)
    kept = packets.settled_iptc(data)
    assert kept is None or packets.settled_iptc(kept) == kept
    packets.iptc_from_photoshop(data)
    packets.from_png_text(data.decode("latin-1"))
    exif.settled(data, (3, 4))


# --- IPTC --------------------------------------------------------------------------------------------------------------


def test_iptc_loses_its_previews() -> None:
    previews = dataset(200, b"\0\1") + dataset(202, b"what was there")
    assert packets.settled_iptc(IPTC[:8] + previews + IPTC[8:]) == IPTC
    assert packets.settled_iptc(previews) is None
    long = struct.pack(">BBBHL", 0x1C, 2, 202, 0x8004, 70_000) + bytes(70_000)
    assert packets.settled_iptc(IPTC + long + b"\0") == IPTC


@pytest.mark.parametrize("damage", [b"\x1c\x02\x05\xff", b"text", b"\x1c\x02\x05\x00\x09short"])
def test_damaged_iptc_is_left_out(damage: bytes) -> None:
    assert packets.settled_iptc(IPTC + damage) is None


def test_iptc_among_other_resources_and_as_numbers(tmp_path: Path) -> None:
    thumbnail = b"8BIM\x04\x0c\0\0" + struct.pack(">L", 4) + b"what"
    assert packets.iptc_from_photoshop(thumbnail + packets.photoshop(IPTC)) == IPTC
    tags = Image.Exif()
    tags[34377] = thumbnail + packets.photoshop(IPTC)
    Image.fromarray(photo()).save(tmp_path / "in.tiff", exif=tags)
    assert images.read(tmp_path / "in.tiff").iptc == IPTC
    images.write(images.read(tmp_path / "in.tiff"), tmp_path / "out.tiff")
    assert b"8BIM\x04\x0c" not in (tmp_path / "out.tiff").read_bytes(), "its thumbnail would still show what was removed"
