"""Where to look: the windows of a photo that a model is shown, the way there and the way back.

A window around a hole has at least twice the hole's box as its side, and at least the working size where the photo allows. Holes
share a window as long as that does not blur the larger one much; others get one of their own. What is larger than the working
size is shrunk to it by area averaging, what is smaller is padded by reflection; nothing is ever enlarged on the way in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ..labels import UNKNOWN, LabelMap
from ..pictures import masks
from ..pictures.images import Pixels
from ..pictures.masks import Mask

SHARED = 1.5
"""Holes share a window where that makes it at most this many times as wide as the largest of them alone would need."""
CONTEXT = 256
"""Smallest side of a window for a method without a working size, in pixels."""
LONGEST = 4
"""Longest side of a whole photo in a segmentation, in working sizes; panoramas are shrunk until they fit."""
RIM = 1 / 6
"""Share of a window's side over which its classes fade into those of the whole photo."""
_BAND = 64  # rows of a photo that are enlarged at a time: bounds the memory that a 12-megapixel photo takes

LUMINANCE = np.array([[0.299], [0.587], [0.114]], np.float32)
"""(3, 1): RGB to grey, ITU-R BT.601, as Pillow and OpenCV have it."""

T = TypeVar("T", bound=np.generic)
Texture = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.float32]]
"""Rows and columns of n pixels of a window -> (n, 1|3): what an enlarged picture lacks there, in units of [-1, 1]."""


@dataclass(frozen=True, eq=False)
class Crop:
    """A window of a photo, and how the model sees it."""

    top: int
    left: int
    height: int
    width: int
    """The window, in pixels of the photo."""
    rows: int
    columns: int
    """What the window is shrunk to, in pixels of the model; at most height and width."""
    frame: tuple[int, int]
    """(H, W) of what the model is given: rows and columns, padded by reflection at the bottom and on the right."""
    hole: Mask
    """(height, width) bool: the pixels that this crop has to fill. Holes of other crops may lie in the window too."""

    @property
    def slices(self) -> tuple[slice, slice]:
        """The window as an index of the photo."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    @property
    def scale(self) -> float:
        """How many pixels of the photo one pixel of the model covers along a side; at least 1."""
        return max(self.height / self.rows, self.width / self.columns)


def plan(mask: Mask, working_size: int | None, stride: int, *, margin: int = 0) -> list[Crop]:
    """The crops that fill a mask: every hole pixel is in the `hole` of exactly one of them.

    working_size: side of what the model is given, rounded up to the stride; None for a method that takes windows as they are.
    margin: pixels round the holes that must lie in the window as well (a feather).
    """
    smallest = working_size or CONTEXT
    regions, boxes, group = _groups(mask, smallest // 2)
    crops = []
    for number, (top, left, bottom, right) in enumerate(boxes.tolist()):
        sides = [bottom - top + 2 * margin, right - left + 2 * margin]
        if working_size:
            sides = [max(sides)] * 2
        y, height = _interval(top, bottom, max(2 * sides[0], smallest), mask.shape[0])
        x, width = _interval(left, right, max(2 * sides[1], smallest), mask.shape[1])
        frame = (working_size, working_size) if working_size else (height, width)
        scale = max(1.0, height / frame[0], width / frame[1])
        hole = (group == number)[regions[y : y + height, x : x + width]]
        crops.append(_crop(y, x, height, width, scale, frame, stride, hole))
    return crops


def whole(height: int, width: int, working_size: int | None, stride: int) -> Crop:
    """A crop without a hole that is the whole photo, its shorter side shrunk to the working size (None: as it is)."""
    least = working_size or 1
    scale = max(1.0, min(height, width) / least, max(height, width) / (LONGEST * least)) if working_size else 1.0
    frame = (max(least, math.ceil(height / scale)), max(least, math.ceil(width / scale)))
    return _crop(0, 0, height, width, scale, frame, stride, np.zeros((height, width), bool))


def _crop(top: int, left: int, height: int, width: int, scale: float, frame: tuple[int, int], stride: int, hole: Mask) -> Crop:
    rows, columns = max(1, round(height / scale)), max(1, round(width / scale))
    high, wide = (math.ceil(side / stride) * stride for side in frame)
    return Crop(top, left, height, width, rows, columns, (high, wide), hole)


def _interval(start: int, end: int, length: int, limit: int) -> tuple[int, int]:
    """Start and length of a stretch of `length` round start..end that lies within 0..limit, shortened where limit is less."""
    length = min(length, limit)
    return min(max((start + end - length) // 2, 0), limit - length), length


def _groups(mask: Mask, reach: int) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Which holes share a crop. `reach`: up to this side of their common box, sharing costs nothing.

    Returns the connected regions of the mask (H, W), a box (top, left, bottom, right) per group, and the group of each region;
    that of region 0, the known pixels, is -1.
    """
    _, regions, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    left, top, width, height = stats[1:, :4].T.astype(np.int64)
    boxes = np.stack([top, left, top + height, left + width, np.maximum(height, width)], axis=1)

    # Dust may come in a hundred thousand specks: those that begin in the same cell are joined before pairs are compared.
    cell = max(1, reach // 2)
    place = top // cell * mask.shape[1] + left // cell
    _, joined = np.unique(np.where(boxes[:, 4] <= cell, place, -1 - np.arange(len(boxes))), return_inverse=True)
    merged = _merged(_joined(boxes, joined), reach)[joined]
    return np.asarray(regions, np.int32), _joined(boxes, merged)[:, :4], np.concatenate([[-1], merged])


def _joined(boxes: NDArray[np.int64], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """The box round the members of each group. A box is (top, left, bottom, right, side of the largest hole in it)."""
    around = np.zeros((group.max(initial=-1) + 1, 5), np.int64)
    around[:, :2] = np.iinfo(np.int64).max
    np.minimum.at(around[:, :2], group, boxes[:, :2])
    np.maximum.at(around[:, 2:], group, boxes[:, 2:])
    return around


def _merged(boxes: NDArray[np.int64], reach: int) -> NDArray[np.int64]:
    """Group number of every box, joined two by two while sharing a crop is worth it."""
    boxes, number = boxes.copy(), np.arange(len(boxes))
    gone = np.zeros(len(boxes), bool)
    pending = list(range(len(boxes)))
    while pending:
        one = pending.pop()
        if gone[one]:
            continue
        union = np.concatenate([np.minimum(boxes[:, :2], boxes[one, :2]), np.maximum(boxes[:, 2:], boxes[one, 2:])], axis=1)
        side = (union[:, 2:4] - union[:, :2]).max(axis=1)
        apart = gone | (side > np.maximum(reach, SHARED * union[:, 4]))
        apart[one] = True
        if not apart.all():
            other = int(np.where(apart, np.iinfo(np.int64).max, side).argmin())
            boxes[one] = union[other]
            number[number == other] = one
            gone[other] = True
            pending.append(one)
    return np.unique(number, return_inverse=True)[1]


# --------------------------------------------------------------------------------------------------- the way in and the way back


@dataclass(frozen=True, eq=False)
class View:
    """A window as the model is shown it: shrunk once, for the question and for what is made of the answer."""

    crop: Crop
    image: NDArray[np.float32]
    """(3, *crop.frame) RGB in [-1, 1], what lies in holes too."""
    hole: Mask
    """(*crop.frame,): all holes of the window; what touches one is hole."""
    hints: NDArray[np.int64]
    """(*crop.frame,): ids that are wished or known, else UNKNOWN."""

    @classmethod
    def of(cls, pixels: Pixels, hole: Mask, hints: LabelMap, classes: int, crop: Crop) -> View:
        """pixels: (H, W, 1|3).   hole: (H, W).   hints: (H, W), of which ids below `classes` count."""
        return cls(crop, shrink(pixels, crop), shrink_mask(hole, crop), shrink_hints(hints, classes, crop))


def shrink(pixels: Pixels, crop: Crop) -> NDArray[np.float32]:
    """What the model sees of a photo (H, W, 1|3): (3, *crop.frame) RGB in [-1, 1]."""
    window = _area(pixels[crop.slices], crop)
    window = window.astype(np.float32) * np.float32(2 / np.iinfo(pixels.dtype).max) - 1
    padded = _padded(window, crop)
    return np.ascontiguousarray(np.broadcast_to(padded.transpose(2, 0, 1), (3, *crop.frame)))


def shrink_mask(mask: Mask, crop: Crop) -> Mask:
    """The holes of a mask (H, W) that lie in the window, as the model sees them: crop.frame. What touches a hole is hole."""
    return _padded(masks.resize(mask[crop.slices], crop.rows, crop.columns), crop)


def shrink_hints(labels: LabelMap, classes: int, crop: Crop) -> NDArray[np.int64]:
    """The wishes in a label map (H, W) as the model sees them: crop.frame, ids below `classes`, else UNKNOWN.

    Each pixel takes the class that most of the pixels under it ask for; those that ask for none have no vote, so that a thin
    stroke survives.
    """
    window = labels[crop.slices]
    hints = np.full((crop.rows, crop.columns), UNKNOWN, np.int64)
    most = np.zeros(hints.shape, np.float32)
    for number in np.unique(window[window < classes]):
        votes = _area((window == number).astype(np.float32)[:, :, None], crop)[:, :, 0]
        hints[votes > most] = number
        np.maximum(most, votes, out=most)
    return _padded(hints, crop)


def _area(window: NDArray[Any], crop: Crop) -> NDArray[Any]:
    """(height, width, C) -> (rows, columns, C), each pixel the mean of what it covers."""
    return _resized(window, crop.rows, crop.columns, cv2.INTER_AREA)


def _padded(values: NDArray[T], crop: Crop) -> NDArray[T]:
    """(rows, columns, ...) -> (*crop.frame, ...), mirrored as often as it takes."""
    width = [(0, frame - side) for frame, side in zip(crop.frame, values.shape, strict=False)]
    return np.pad(values, width + [(0, 0)] * (values.ndim - 2), mode="reflect")


def enlarge(values: NDArray[np.float32], crop: Crop, interpolation: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """What a model answers (C, *crop.frame) at the window's size, in bands: (rows of the window, values (rows, width, C)).

    interpolation: cv2.INTER_CUBIC for pictures, cv2.INTER_LINEAR for scores.
    """
    inner = np.ascontiguousarray(values[:, : crop.rows, : crop.columns].transpose(1, 2, 0))
    tall = _resized(inner, crop.height, crop.columns, interpolation)
    for start in range(0, crop.height, _BAND):
        band = tall[start : start + _BAND]
        yield slice(start, start + len(band)), _resized(band, len(band), crop.width, interpolation)


def _resized(values: NDArray[Any], rows: int, columns: int, interpolation: int) -> NDArray[Any]:
    """(H, W, C) -> (rows, columns, C)."""
    if values.shape[:2] == (rows, columns):
        return values
    return cv2.resize(values, (columns, rows), interpolation=interpolation).reshape(rows, columns, -1)


def paste(
    pixels: Pixels, answer: NDArray[np.float32], mask: Mask, crop: Crop, feather: int, texture: Texture | None = None
) -> None:
    """Writes a model's picture (3, *crop.frame) in [-1, 1] into the holes of a photo (H, W, 1|3), in place.

    mask: (H, W), all holes.  feather: over so many known pixels round the crop's holes the picture fades into the photo.
    texture: is added to the enlarged picture.
    """
    window, share = pixels[crop.slices], _share(crop.hole, mask[crop.slices], feather)
    top = np.iinfo(pixels.dtype).max
    for rows, picture in enlarge(answer, crop, cv2.INTER_CUBIC):
        touched = share[rows] > 0
        fill = picture[touched] if pixels.shape[2] == 3 else picture[touched] @ LUMINANCE
        if texture is not None:
            y, x = np.nonzero(touched)
            fill += texture(y + rows.start, x)
        fill = (fill + 1) * (top / 2)
        weight = share[rows][touched][:, None]
        window[rows][touched] = np.rint(weight * fill + (1 - weight) * window[rows][touched]).clip(0, top)


def _share(hole: Mask, mask: Mask, feather: int) -> NDArray[np.float32]:
    """How much of each pixel is fill: 1 in the hole, falling to 0 within `feather` pixels of it, 0 in holes of other crops."""
    if not feather:
        return hole.astype(np.float32)
    distance = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    share = np.where(distance <= feather, 1 - distance / (feather + 1), 0).astype(np.float32)
    share[mask & ~hole] = 0
    return share


def faded(
    scores: NDArray[np.float32], crop: Crop, hole: Mask, around: NDArray[np.float32], everything: Crop, temperature: float
) -> NDArray[np.float32]:
    """Class scores (K, *crop.frame) that turn into those of the whole photo towards the sides of the window, lest these show.

    hole: (H, W), all holes; in them the crop has its say up to the sides.
    around: (K, *everything.frame), what the model says of the whole photo.   temperature: as in `paste_labels`.
    """
    y, near_y = _beside(crop.top, crop.height, crop.rows, everything.height, everything.rows)
    x, near_x = _beside(crop.left, crop.width, crop.columns, everything.width, everything.columns)
    share = np.minimum.outer(near_y, near_x)
    share[shrink_mask(hole, crop)[: crop.rows, : crop.columns]] = 1
    place = np.meshgrid(x, y)
    inner = around[:, : everything.rows, : everything.columns]
    moved = [cv2.remap(plane, *place, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for plane in inner]
    there = np.asarray(moved, np.float32)
    here = scores[:, : crop.rows, : crop.columns]
    mixed = share * chances(here, temperature) + (1 - share) * chances(there, temperature)
    result = scores.copy()
    result[:, : crop.rows, : crop.columns] = temperature * np.log(np.maximum(mixed, np.finfo(np.float32).tiny))
    return result


def _beside(start: int, length: int, seen: int, side: int, seen_side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For each of the `seen` rows of a window: which row of the whole photo's `seen_side` it is, and how far inside it is.

    The latter is 0 at a side of the window within the photo, and 1 from RIM on.
    """
    middles = (np.arange(seen, dtype=np.float32) + 0.5) / seen
    before = middles if start > 0 else np.ones(seen)
    after = 1 - middles if start + length < side else np.ones(seen)
    rows = (start + length * middles) * (seen_side / side) - 0.5
    return rows.astype(np.float32), (np.minimum(before, after) / RIM).clip(0, 1).astype(np.float32)


def chances(scores: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """(K, ...) -> probabilities of the classes."""
    raised = np.exp((scores - scores.max(axis=0)) / temperature)
    return np.asarray(raised / raised.sum(axis=0))


def paste_labels(
    labels: LabelMap,
    confidence: NDArray[np.float32],
    scores: NDArray[np.float32],
    crop: Crop,
    hole: Mask,
    hints: LabelMap,
    forbid: NDArray[np.bool_],
    temperature: float,
) -> None:
    """Writes what class scores (K, *crop.frame) say into a label map (H, W) and a confidence (H, W) in 0..1, both in place.

    The crop decides in its own holes and for the known pixels of its window, not in the holes of other crops.
    hole: (H, W), all holes.   hints: (H, W), UNKNOWN except where a class is given; its confidence is 1.
    forbid: (K,), classes that have no probability in the hole.
    temperature: divides the scores before their softmax, whose largest value is the confidence.
    """
    foreign = hole[crop.slices] & ~crop.hole
    window, certainty, given = labels[crop.slices], confidence[crop.slices], hints[crop.slices]
    for rows, band in enlarge(scores, crop, cv2.INTER_LINEAR):
        planes = np.ascontiguousarray(band.transpose(2, 0, 1))  # reductions over the last axis are several times slower
        allowed = np.where(crop.hole[rows] & forbid[:, None, None], -np.inf, planes)
        largest = 1 / np.exp((allowed - allowed.max(axis=0)) / temperature).sum(axis=0)
        hinted = given[rows] != UNKNOWN
        best = np.where(hinted, given[rows], allowed.argmax(axis=0).astype(np.uint8))
        np.copyto(window[rows], best, where=~foreign[rows])
        np.copyto(certainty[rows], np.where(hinted, 1, largest), where=~foreign[rows])
