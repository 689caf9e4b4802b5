"""Whatever was done to a file: a picture that can be saved, or one sentence; and what it says of its photo stays true or goes."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pictures.test_exif import THUMBNAIL, block, loaded
from pictures.test_packets import IPTC, XMP, carrying
from PIL import Image
from properties import damaged, examples

from scenefill.errors import ImageError, LabelError, MaskError
from scenefill.labels import get
from scenefill.pictures import exif, images, masks, packets


def animated(kind: str) -> bytes:
    frames = [Image.new("P" if kind == "GIF" else "RGB", (20, 10), k) for k in range(3)]
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


def deep(kind: str) -> bytes:
    return images.encode(images.read(np.arange(6 * 7 * 3, dtype=np.uint16).reshape(6, 7, 3) * 500), kind)


FILES = {
    **{kind: carrying(kind).getvalue() for kind in ("JPEG", "PNG", "TIFF", "WEBP", "AVIF")},
    "BMP": images.encode(images.read(carrying("PNG")), "BMP"),
    **{f"{kind} of pages": animated(kind) for kind in ("GIF", "PNG", "WEBP", "TIFF")},
    **{f"{kind} of 16 bits": deep(kind) for kind in ("PNG", "TIFF")},
}
every_file = pytest.mark.parametrize("kind", FILES)


@every_file
@given(data=st.data())
@examples(15)
def test_a_damaged_file_is_a_picture_or_a_sentence(kind: str, data: st.DataObject) -> None:
    file = data.draw(damaged(FILES[kind]))
    try:
        picture = images.read(file, page=1)
    except ImageError as error:
        said = str(error)
        picture = None
    if picture is None:
        assert said.startswith("the picture ")
        return
    if picture.format in ("JPEG", "PNG", "TIFF", "GIF") and picture.pixels.size < 10**6:
        again = images.read(images.encode(picture, picture.format))
        assert again.pixels.shape[:2] == picture.pixels.shape[:2]


@every_file
@given(data=st.data())
@examples(5)
def test_a_damaged_mask_or_map_is_one_or_a_sentence(kind: str, data: st.DataObject) -> None:
    file = data.draw(damaged(FILES[kind]))
    try:
        said = str(masks.read(file).dtype)
    except MaskError as error:
        said = str(error)
    assert said == "bool" or said.startswith("mask ")
    try:
        said = str(images.read_labels(file, get("street")).dtype)
    except LabelError as error:
        said = str(error)
    assert said == "uint8" or "the picture" in said


def test_a_damaged_animation_of_16_bits_is_read_as_what_can_be_seen_of_it() -> None:
    """OpenCV 5.0 dies of the second picture, whose rows are of no filter that there is."""
    still = images.encode(images.read(np.arange(6 * 7 * 3, dtype=np.uint16).reshape(6, 7, 3) * 500), "PNG")
    header, rest = still[:33], still[33:]  # signature and IHDR
    control = struct.pack(">IIIIIHHBB", 0, 7, 6, 0, 0, 1, 10, 0, 0)
    second = struct.pack(">IIIIIHHBB", 1, 7, 6, 0, 0, 1, 10, 0, 0)
    rows = struct.pack(">I", 2) + zlib.compress(bytes([9]) * 6 * 43)
    end = rest.rindex(b"IEND") - 4
    animated = chunk(b"acTL", struct.pack(">II", 2, 0)) + chunk(b"fcTL", control)
    animated += rest[:end] + chunk(b"fcTL", second) + chunk(b"fdAT", rows) + rest[end:]
    assert (images.read(header + animated, page=1).pixels == images.read(still).pixels).all()
    with pytest.raises(ImageError, match="is damaged or cut short"):
        images.read(header + animated, page=2)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


kinds = st.sampled_from(
    [np.bool_, np.uint8, np.int8, np.uint16, np.int64, np.float16, np.float64, np.complex64, "U2", "O", "M8[s]"]
)


@given(kinds.flatmap(lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))))
@examples(100)
def test_any_array_is_a_mask_of_its_size_or_a_sentence(array: np.ndarray) -> None:
    try:
        mask = masks.read(array)
    except MaskError:
        return
    assert mask.dtype == bool
    assert mask.shape in {array.shape[k : k + 2] for k in range(array.ndim - 1)}


# --- EXIF --------------------------------------------------------------------------------------------------------------


@given(st.sampled_from("<>").flatmap(lambda order: damaged(block(order))), st.integers(1, 2**16), st.integers(1, 2**16))
@examples(100)
def test_a_settled_block_is_as_long_and_settled(data: bytes, height: int, width: int) -> None:
    settled = exif.settled(data, (height, width))
    if settled is None:
        return
    assert len(settled) == len(b"Exif\0\0" + exif.without_header(data))
    assert exif.settled(settled, (height, width)) == settled


@pytest.mark.parametrize("end", [b"", bytes(40)])
def test_a_block_whose_thumbnail_lies_over_its_directory_is_damaged(end: bytes) -> None:
    """The zeros that take the thumbnail's place would take the directory's too."""
    directory = struct.pack("<HHHLLL", 1, 0x0112, 3, 1, 6, 26)  # orientation 6, and where the next directory begins
    thumbnail = struct.pack("<HHHLLHHLLL", 2, 0x0201, 4, 1, 0, 0x0202, 4, 1, 30, 0)
    assert exif.settled(b"Exif\0\0" + struct.pack("<2sHL", b"II", 42, 8) + directory + thumbnail + end) is None


@given(st.sampled_from("<>"), st.integers(0, 2**16 - 1))
@examples(30)
def test_whatever_the_orientation_was_it_is_1(order: str, orientation: int) -> None:
    settled = exif.settled(block(order, orientation))
    assert settled is not None
    assert loaded(settled)[274] == 1
    assert THUMBNAIL not in settled


# --- XMP and IPTC ------------------------------------------------------------------------------------------------------


@given(damaged(XMP), st.integers(1, 2**16), st.integers(1, 2**16))
@examples(100)
def test_a_settled_packet_is_settled(data: bytes, width: int, height: int) -> None:
    settled = packets.settled_xmp(data, width, height)
    if settled is not None:
        assert packets.settled_xmp(settled, width, height) == settled


prefixes = st.from_regex(r"[A-Za-z_][\w.-]{0,8}", fullmatch=True).filter(lambda prefix: prefix.isascii())
quotes = st.sampled_from("\"'")
spaces = st.sampled_from(["", " ", "\n  "])


@given(
    prefixes, quotes, spaces, st.integers(2, 8), st.booleans(), st.text(st.characters(exclude_characters="<>&\"'"), max_size=9)
)
@examples(100)
def test_an_orientation_is_1_under_any_prefix(
    prefix: str, quote: str, space: str, orientation: int, inner: bool, title: str
) -> None:
    names = f"xmlns:{prefix}={quote}http://ns.adobe.com/tiff/1.0/{quote}"
    attribute = "" if inner else f" {prefix}:Orientation{space}={space}{quote}{orientation}{quote}"
    element = f"<{prefix}:Orientation>{orientation}</{prefix}:Orientation>" if inner else ""
    text = f"<rdf:Description {names}{attribute}>{element}<dc:title>{title} {prefix}:Orientation</dc:title></rdf:Description>"
    try:
        packet = text.encode()
    except UnicodeEncodeError:
        return
    settled = packets.settled_xmp(packet, 3, 4)
    assert settled is not None
    expected = (
        text.replace(f"{quote}{orientation}{quote}", f"{quote}1{quote}")
        if attribute
        else text.replace(f">{orientation}</{prefix}", f">1</{prefix}")
    )
    assert settled.decode() == expected.rstrip("\0")


@given(damaged(IPTC + struct.pack(">BBBHL", 0x1C, 2, 5, 0x8004, 3) + b"abc"))
@examples(100)
def test_records_survive_every_way_in_which_files_hold_them(data: bytes) -> None:
    kept = packets.settled_iptc(data)
    if kept is None:
        return
    assert packets.settled_iptc(kept) == kept
    assert packets.iptc_from_photoshop(packets.photoshop(kept)) == kept
    assert packets.from_png_text(packets.png_text(kept)) == kept
