"""JPEG out of JPEG: blocks in which nothing changed are compressed to the coefficients that they had.

Decoding to RGB and compressing again loses a little everywhere: colours are rounded and, where a file holds them at half the
size, enlarged and made small again. Here the planes of the first file (ITU-T T.81: Y, Cb, Cr at the sizes that they are stored
in) are decoded once more, only what changed is put into them, and they are compressed with the file's own tables. A block of
which no sample changed is then rounded to the coefficients that it came from.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

Plane = NDArray[np.uint8]

_CELL = {0: (1, 1), 1: (1, 2), 2: (2, 2)}
"""Pillow's number of a subsampling -> pixels (high, wide) that share a sample of colour."""


_SCAN = 0xDA
_FRAMES = {0xC0 + k for k in range(16)} - {0xC4, 0xC8, 0xCC}
_ABOUT = {0xE1 + k for k in range(15)} - {0xEE} | {0xFE}
"""Markers of metadata; JFIF's and Adobe's, 0xE0 and 0xEE, say what the components are."""


@dataclass(frozen=True)
class JpegCoding:
    """How a JPEG was compressed."""

    tables: tuple[tuple[int, ...], ...]
    """One quantisation table of 64 values, row by row, per component; the last one also serves the components after it."""
    subsampling: int
    """Pillow's number: 0 is 4:4:4, 1 is 4:2:2, 2 is 4:2:0."""
    progressive: bool
    turn: int = 1
    """EXIF orientation of the stored pixels; the tables are those of the upright picture."""
    source: bytes | None = field(default=None, repr=False, compare=False)
    """The file without what it says about its photo, where its planes can be had from it."""


def coding(image: JpegImagePlugin.JpegImageFile, orientation: int, data: bytes | None) -> JpegCoding:
    """How an open JPEG was compressed. data: its bytes."""
    tables = []
    for *_, number in image.layer:
        table = np.reshape(image.quantization[number], (8, 8))
        tables.append(tuple((table.T if orientation >= 5 else table).ravel().tolist()))
    while len(tables) > 1 and tables[-1] == tables[-2]:
        tables.pop()
    sampling = 0 if image.mode == "L" else JpegImagePlugin.get_sampling(image)
    plain = sampling >= 0 and image.mode in ("L", "RGB") and image.info.get("adobe_transform", 1) == 1
    plain = plain and [component for component, *_ in image.layer] != list(b"RGB")
    turn = orientation if 1 <= orientation <= 8 else 1
    return JpegCoding(tuple(tables), max(0, sampling), "progressive" in image.info, turn, _bare(data) if data and plain else None)


def encoded(pixels: Plane, how: JpegCoding, turned: Callable[[Plane, int], Plane], **metadata: object) -> bytes | None:
    """The picture (H, W, 1|3), compressed as the file it came from; None where that file's planes cannot be used.

    turned: a plane and an EXIF orientation -> the plane upright.   metadata: as Pillow's `save` takes it.
    """
    frame = _frame(how.source) if how.source else None
    if how.source is None or frame is None or not _fits(frame, how, pixels.shape):
        return None
    before = turned(np.asarray(_opened(how.source)), how.turn).reshape(pixels.shape)
    changed = np.zeros(pixels.shape[:2], bool)
    for channel in range(pixels.shape[2]):  # three times as fast as over the last axis at once
        changed |= before[:, :, channel] != pixels[:, :, channel]
    del before
    planes = [np.array(turned(plane, how.turn), order="C") for plane in _planes(how.source, frame, how.subsampling)]
    if changed.any():
        _change(planes, pixels, changed, _CELL[how.subsampling])
    height, width = planes[0].shape
    if len(planes) == 1:
        image = Image.fromarray(planes[0])
    else:
        down, across = _CELL[how.subsampling]
        whole = [
            Image.fromarray(plane).resize((across * plane.shape[1], down * plane.shape[0]), Image.Resampling.NEAREST)
            for plane in planes[1:]
        ]
        image = Image.merge("YCbCr", [Image.fromarray(planes[0]), *(plane.crop((0, 0, width, height)) for plane in whole)])
    file = io.BytesIO()
    tables = [list(table) for table in how.tables]
    image.save(file, "JPEG", qtables=tables, subsampling=how.subsampling, progressive=how.progressive, **metadata)
    return _resized(file.getvalue(), *pixels.shape[:2])


# ------------------------------------------------------------------------------------------------------------- the first file


class _Frame(NamedTuple):
    """What the header of a JPEG says."""

    place: int
    """Of its height, two bytes, followed by its width."""
    height: int
    width: int
    components: int
    mixed: bool
    """Whether its one scan holds all components, block beside block, with those that lie outside the picture."""


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, begin, end) of each segment up to the first scan's header; it stops where there is none."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # fill
            place += 1
            continue
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        yield marker, place, end
        if marker == _SCAN:
            return
        place = end


def _bare(data: bytes) -> bytes:
    """The file without comments and applications' segments, but for those that say what its components are."""
    parts, last = [data[:2]], 2
    for marker, begin, end in _segments(data):
        if marker not in _ABOUT:
            parts.append(data[begin:end])
        last = end
    return b"".join([*parts, data[last:]])


def _frame(data: bytes) -> _Frame | None:
    """None for what is not as T.81 says: a picture that a decoder has made something of all the same."""
    frame = None
    for marker, place, end in _segments(data):
        if marker in _FRAMES and place + 10 <= min(end, len(data)):
            height, width, components = struct.unpack_from(">HHB", data, place + 5)
            frame = _Frame(place + 5, height, width, components, marker < 0xC2)
        if marker == _SCAN:
            return frame and frame._replace(mixed=frame.mixed and data[place + 4 : place + 5] == bytes([frame.components]))
    return None


def _resized(data: bytes, height: int, width: int) -> bytes:
    """The file with another size in its header: more or less of its outermost blocks is picture then."""
    frame = _frame(data)
    assert frame is not None, "a file that a decoder or our encoder has just read or written"
    return data[: frame.place] + struct.pack(">HH", height, width) + data[frame.place + 4 :]


def _fits(frame: _Frame, how: JpegCoding, shape: tuple[int, ...]) -> bool:
    """Whether the blocks of the first file, turned upright, are those of a picture of this shape (H, W, 1|3)."""
    stored = shape[1::-1] if how.turn >= 5 else shape[:2]
    if (frame.height, frame.width) != tuple(stored) or frame.components != shape[2]:
        return False
    down, across = (8 * side for side in _CELL[how.subsampling])
    upside, mirrored = how.turn in (3, 4, 7, 8), how.turn in (2, 3, 6, 7)
    if how.turn >= 5 and down != across:  # colours would be of half the height, which Pillow does not write
        return False
    # what is flipped ends at a block's side, or the blocks would lie elsewhere
    return not (upside and shape[0] % down) and not (mirrored and shape[1] % across)


def _opened(data: bytes, shrunk: int | None = None) -> Image.Image:
    """shrunk: decoded to Y, Cb and Cr, at the size over this; None: to colours as everybody sees them."""
    image = Image.open(io.BytesIO(data), formats=["JPEG"])
    if shrunk:
        image.draft("YCbCr", (-(-image.width // shrunk), -(-image.height // shrunk)))
    image.load()
    return image


def _planes(data: bytes, frame: _Frame, subsampling: int) -> list[Plane]:
    """Y, or Y, Cb and Cr at the sizes that they are stored in, with what lies in the outermost blocks outside the picture."""
    down, across = (8 * side if frame.mixed else 8 for side in _CELL[subsampling])
    whole = _resized(data, -(-frame.height // down) * down, -(-frame.width // across) * across)
    if frame.components == 1:
        return [np.asarray(_opened(whole))]
    full = np.asarray(_opened(whole, 1))
    if subsampling == 2:  # at half the size a decoder has colours as they are stored
        half = np.asarray(_opened(whole, 2))
        return [full[:, :, 0], half[:, :, 1], half[:, :, 2]]
    if subsampling == 1:
        return [full[:, :, 0], _halved(full[:, :, 1]), _halved(full[:, :, 2])]
    return [full[:, :, k] for k in range(3)]


def _halved(plane: Plane) -> Plane:
    """The plane (H, W / 2) of which a decoder has made this one (H, W): (3a + b) / 4, (a + 3b) / 4, (3b + c) / 4 of a, b, c."""
    left, right = plane[:, 0::2].astype(np.float32), plane[:, 1::2].astype(np.float32)
    if left.shape[1] > right.shape[1]:
        right = np.concatenate([right, left[:, -1:]], axis=1)
    mean = (left + right) / 2
    guess = mean.copy()
    kernel = np.array([[1, 6, 1]], np.float32) / 8
    for _ in range(8):  # the blur leaves at least half of every frequency, so that each step halves what is wrong
        guess += mean - cv2.filter2D(guess, -1, kernel, borderType=cv2.BORDER_REPLICATE)
    return np.clip(np.rint(guess), 0, 255).astype(np.uint8)


# ----------------------------------------------------------------------------------------------------------- what has changed


def _change(planes: list[Plane], pixels: Plane, changed: NDArray[np.bool_], cell: tuple[int, int]) -> None:
    """Puts the pixels that changed into the planes."""
    down, across = cell
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    top, left = rows[0] // down * down, columns[0] // across * across
    box = slice(top, rows[-1] + 1), slice(left, columns[-1] + 1)
    inside, new = changed[box], pixels[box]
    if len(planes) == 1:
        planes[0][box][inside] = new[:, :, 0][inside]
        return
    colours = np.asarray(Image.fromarray(np.ascontiguousarray(new)).convert("YCbCr"))
    planes[0][box][inside] = colours[:, :, 0][inside]
    height, width = inside.shape
    more = (-height % down, -width % across)
    cells = np.pad(inside, ((0, more[0]), (0, more[1]))).reshape((height + more[0]) // down, down, -1, across).any((1, 3))
    place = slice(top // down, top // down + cells.shape[0]), slice(left // across, left // across + cells.shape[1])
    for k in (1, 2):
        padded = np.pad(colours[:, :, k], ((0, more[0]), (0, more[1])), "edge")
        means = padded.reshape(cells.shape[0], down, cells.shape[1], across).mean((1, 3), dtype=np.float32)
        planes[k][place][cells] = np.rint(means).astype(np.uint8)[cells]
