"""What was there: the things under a mask, and what they leave around it.

A mask drawn around a car leaves the car's soft edge, a forgotten part of it and its contact shadow outside, and a hole of the
shape of a car asks for a car. So a removal looks at the photo before it is masked: movable things that the mask takes away are
forbidden in the hole, and the hole grows over what belongs to them. Everything happens at the model's working size, crop by crop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..labels import LabelSet
from ..pictures import masks
from ..pictures.images import Pixels
from ..pictures.masks import Mask
from . import crops
from .crops import Crop
from .questions import Questions

Intent = Literal["remove", "restore"]
"""What a fill is for: "remove" looks at what lies under the mask, for "restore" it has no influence on anything."""

LIKELY = 0.3
"""Probability from which a pixel may be of a thing."""
TAKEN = 0.5
"""A thing counts as removed where the mask covers at least this share of what is seen of it (a scratch removes no car) ..."""
PRESENT = 0.03
"""... and where it takes at least this share of the mask."""
ONE_OF, DRAWN_FOR = 0.15, 0.5
"""One of several that touch counts if the mask covers the first share of them, and they the second share of the mask ..."""
GOES_ON = 0.6
"""... and if less than this share of a ring round what is covered, PART to 2 PART away and outside the mask, is of them too."""
PART = 0.10
"""Parts of a thing that the mask forgot reach so far beyond it, in sides of the hole (the root of its area)."""
RIM = 0.025
"""So wide is the soft edge of a thing, in sides of the hole, and at least LEAST_RIM pixels of the working size."""
LEAST_RIM = 1.5
SHADOW = 0.30
"""A contact shadow reaches so far, in sides of the hole, half as far beside it ..."""
DARKER, DIMMER = 0.80, 0.93
"""... and is darker than the first share of the ground of its class further out, and its soft edge than the second."""
PENUMBRA = 0.08
"""So wide is that soft edge at most, in sides of the hole."""
LARGEST_SHADOW = 0.6
"""A shadow of more than this share of the hole is none, but dark ground."""

LARGEST = 0.9
"""A hole does not grow beyond this share of the photo: something must be left to go by."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Removal:
    """What a removal will fill, and what it will not put there."""

    mask: Mask
    """(H, W): the hole, grown over what belongs to the things under it."""
    things: tuple[str, ...]
    """Names of the movable classes that the mask takes away."""


def check(intent: str) -> None:
    """Raises InputError for what is not an Intent."""
    if intent not in get_args(Intent):
        raise InputError(f'intent "{intent}" is not known; there are {", ".join(get_args(Intent))}')


def look(questions: Questions, pixels: Pixels, hole: Mask, size: int | None, *, grow: bool = True) -> Removal:
    """What lies under a mask (H, W), and the mask grown over what belongs to it (with `grow`).

    A model without semantics, or whose classes stay where they are, sees nothing: the mask then comes back as it is.
    """
    labels = questions.backend.labels
    if labels is None or not labels.movable or not hole.any():
        return Removal(hole, ())
    grown, things = hole.copy(), set[str]()
    for crop in crops.plan(hole, size, questions.backend.stride):
        view = questions.view(pixels, crop)
        chances = crops.chances(questions.scores(view), questions.backend.temperature)[:, : crop.rows, : crop.columns]
        inside = masks.resize(crop.hole, crop.rows, crop.columns)
        found = taken(chances, inside, labels)
        if not found:
            continue
        whole = [number for number, alone in found.items() if alone]
        things.update(labels.classes[number] for number in found)
        if grow:
            picture = view.image.transpose(1, 2, 0)[: crop.rows, : crop.columns]
            grown[crop.slices] |= _at_the_window(belonging(picture, chances, inside, whole, labels), crop)
    if masks.ratio(grown) > LARGEST:
        grown = hole
    return Removal(grown, tuple(name for name in labels.classes if name in things))


def taken(chances: Floats, hole: Mask, labels: LabelSet) -> dict[int, bool]:
    """Ids of the movable classes (of chances (K, h, w)) of which the hole (h, w) takes things away.

    True: all that is connected with them; False: others of the class touch them and stay.
    """
    found = {}
    area = np.count_nonzero(hole)
    for number in labels.ids(labels.movable):
        seen = chances[number] > LIKELY
        things = masks.connected(hole & seen, seen)
        inside, whole = np.count_nonzero(things & hole), np.count_nonzero(things)
        if inside > PRESENT * area and inside > TAKEN * whole:
            found[number] = True
        elif inside > DRAWN_FOR * area and inside > ONE_OF * whole and _ends(things, hole):
            found[number] = False
    return found


def _ends(things: Mask, hole: Mask) -> bool:
    """Whether the things end, for the most part, about where the hole does."""
    away, side = _beyond(things & hole)
    near = max(LEAST_RIM, PART * side)
    ring = (away > near) & (away <= 2 * near) & ~hole
    return bool(np.count_nonzero(things & ring) < GOES_ON * np.count_nonzero(ring))


def _beyond(area: Mask) -> tuple[Floats, float]:
    """How far from an area each pixel is, (h, w), and its side: the root of its size."""
    away = cv2.distanceTransform((~area).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away, np.float32), float(np.sqrt(np.count_nonzero(area)))


def belonging(picture: Floats, chances: Floats, hole: Mask, things: Sequence[int], labels: LabelSet) -> Mask:
    """The hole with the parts of the things that it leaves out, their soft edge and their contact shadow, (h, w).

    picture: (h, w, 3) in [-1, 1].   chances: (K, h, w).   things: ids of those whose parts the hole may have left out.
    """
    away, side = _beyond(hole)
    part = (chances[list(things)].sum(axis=0) > LIKELY) & (away <= max(LEAST_RIM, PART * side))
    whole = masks.connected(hole, hole | part) | (away <= max(LEAST_RIM, RIM * side))
    return whole | _shadow(picture, chances, hole, whole, away, side, labels)


def _shadow(picture: Floats, chances: Floats, hole: Mask, whole: Mask, away: Floats, side: float, labels: LabelSet) -> Mask:
    """The contact shadow: ground beside the lower part of the hole that is darker than the same ground further out."""
    rows = np.flatnonzero(hole.any(axis=1))
    low = np.zeros_like(hole)
    columns = np.flatnonzero(hole.any(axis=0))
    beside = round(SHADOW / 2 * side)
    low[int(rows[0] + 0.6 * (rows[-1] - rows[0])) :, max(0, columns[0] - beside) : columns[-1] + 1 + beside] = True
    light = cv2.GaussianBlur((picture @ crops.LUMINANCE)[:, :, 0] + 1, (0, 0), 1.0)
    classes = chances.argmax(axis=0)
    still = ~np.isin(classes, labels.ids(labels.movable)) & ~whole & low
    dark, dim = np.zeros_like(hole), np.zeros_like(hole)
    for number in np.unique(classes[still & (away <= SHADOW * side)]):
        ground = still & (classes == number)
        beyond = light[ground & (away > SHADOW * side) & (away <= 4 * SHADOW * side)]
        if beyond.size >= 8:
            dark |= ground & (away <= SHADOW * side) & (light < DARKER * np.median(beyond))
            dim |= ground & (light < DIMMER * np.median(beyond))
    shadow = masks.connected(whole, whole | dark) & ~whole
    if shadow.any():
        shadow |= dim & (_beyond(shadow)[0] <= PENUMBRA * side)
    return shadow if np.count_nonzero(shadow) <= LARGEST_SHADOW * np.count_nonzero(hole) else np.zeros_like(hole)


def _at_the_window(mask: Mask, crop: Crop) -> Mask:
    """(rows, columns) -> (height, width)."""
    enlarged = cv2.resize(mask.astype(np.float32), (crop.width, crop.height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(enlarged >= 0.5)
