"""A click selects a thing: the connected region of the scene map under the pointer, its outline refined on the photo's edges.

The map says what is there, about as finely as the model works; GrabCut (Rother, Kolmogorov and Blake, 2004) moves the outline to
where the colours change. The soft edge and the shadow are left to the fill (removal.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..labels import LabelMap
from ..pictures import masks
from ..pictures.images import Pixels
from ..pictures.masks import Mask
from ..pictures.picture import eight_bits
from . import crops
from .crops import Crop
from .questions import Questions
from .request import classes

LARGEST = 320
"""GrabCut sees a window shrunk to at most so many pixels a side."""
MARGIN = 0.25
"""The window is larger than the region by this share of its sides, all round."""
SURE, UNSURE = 1.5, 2.5
"""The map is believed further inside its outline than SURE of its pixels, and further outside it than UNSURE."""
ROUNDS = 3
FINER = 2.5
"""A closer look at the surroundings is worth its time where its map is finer than that of the whole photo by this factor."""


def select(
    questions: Questions, pixels: Pixels, points: Sequence[tuple[int, int]], size: int | None, known: LabelMap | None = None
) -> Mask:
    """(H, W): the things under the points (x, y), in pixels of the photo (H, W, 1|3).

    known: the label map (H, W) of the photo by this model, which then need not look at the whole photo again.
    Raises InputError for a point outside the photo, LabelError for a model without semantics.
    """
    classes(questions.backend, "select a thing in a photo")
    height, width = pixels.shape[:2]
    for x, y in points:
        if not (0 <= x < width and 0 <= y < height):
            raise InputError(f"there is nothing at {x},{y}: the photo is {width}x{height} (width x height), counted from 0")
    selected = np.zeros((height, width), bool)
    everything = crops.whole(height, width, size, questions.backend.stride)
    if points and known is None:
        known = _map(questions, pixels, everything)
    for point in points:
        assert known is not None
        region = _region(known, everything, point, (height, width))
        (closer,) = crops.plan(region, size, questions.backend.stride)
        scale = everything.scale
        if FINER * closer.scale < everything.scale:
            scale = closer.scale
            near = masks.dilate(region[closer.slices], UNSURE * everything.scale)  # things that touch there stay apart
            fine = _region(_map(questions, pixels, closer), closer, point, (height, width), near)
            region = fine if fine.any() else region
        selected |= _outlined(pixels, region, scale)
    return selected


def _map(questions: Questions, pixels: Pixels, crop: Crop) -> LabelMap:
    """(height, width): the classes in a crop, as the model sees them."""
    labels = np.empty((crop.height, crop.width), np.uint8)
    for rows, band in crops.enlarge(questions.scores(questions.view(pixels, crop)), crop, cv2.INTER_LINEAR):
        labels[rows] = band.argmax(axis=2)
    return labels


def _region(labels: LabelMap, crop: Crop, point: tuple[int, int], shape: tuple[int, int], near: Mask | None = None) -> Mask:
    """(H, W) = shape: what is connected with the point and of its class, in the map of a crop, within `near` (of its size)."""
    row, column = point[1] - crop.top, point[0] - crop.left
    same = labels == labels[row, column]
    flooded = np.asarray(same if near is None else same & near, np.uint8)
    region = np.zeros(shape, bool)
    if flooded[row, column]:
        cv2.floodFill(flooded, None, (column, row), 2, flags=8)
        region[crop.slices] = flooded == 2
    return region


def _outlined(pixels: Pixels, region: Mask, scale: float) -> Mask:
    """The region with its outline on the photo's edges. scale: pixels of the photo in one of the map."""
    rows, columns = (_window(np.flatnonzero(region.any(axis=axis)), region.shape[1 - axis]) for axis in (1, 0))
    window = np.s_[rows[0] : rows[1], columns[0] : columns[1]]
    inside = region[window]
    factor = min(1.0, LARGEST / max(inside.shape))
    side = max(1, round(inside.shape[1] * factor)), max(1, round(inside.shape[0] * factor))
    rgb = np.broadcast_to(eight_bits(pixels[window]), (*inside.shape, 3))
    small = cv2.resize(inside.astype(np.uint8), side, interpolation=cv2.INTER_NEAREST_EXACT)
    picture = cv2.resize(rgb, side, interpolation=cv2.INTER_AREA)
    depth = cv2.distanceTransform(small, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    away = cv2.distanceTransform(1 - small, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    say = np.where(small > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    say[depth > SURE * scale * factor] = cv2.GC_FGD
    say[away > UNSURE * scale * factor] = cv2.GC_BGD
    if not (say == cv2.GC_FGD).any() or not (say == cv2.GC_BGD).any():
        return region  # too thin, or all of the photo: there is nothing to learn colours from
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(np.asarray(picture, np.uint8), say, (0, 0, 1, 1), *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
    sharp = masks.connected(say == cv2.GC_FGD, np.isin(say, (cv2.GC_FGD, cv2.GC_PR_FGD)))
    outlined = np.zeros_like(region)
    outlined[window] = cv2.resize(sharp.astype(np.float32), inside.shape[::-1], interpolation=cv2.INTER_LINEAR) >= 0.5
    return outlined


def _window(places: NDArray[np.int64], limit: int) -> tuple[int, int]:
    start, end = int(places[0]), int(places[-1]) + 1
    margin = 8 + round(MARGIN * (end - start))
    return max(0, start - margin), min(limit, end + margin)
