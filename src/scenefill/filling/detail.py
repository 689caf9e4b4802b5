"""Detail: what a network leaves blurred is given the texture of the known surroundings, at the photo's own resolution.

A network draws the layout of a hole, at its working size. PatchMatch (patchmatch.py), led by that picture and its label map, says
which known patch each pixel of it resembles most. From there comes what the network did not draw: at the working size the patches
themselves, with the network's colours; beyond it, the band of the photo that the working size does not hold (`Lift`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..labels import UNKNOWN, LabelMap
from ..pictures.images import Pixels
from ..pictures.masks import Mask
from . import blending, crops, exemplars, patchmatch
from .crops import Crop, View

Detail = Literal["auto", "exemplars", "patchmatch", "none"]
"""What `Inpainter.fill` can be asked for."""

COLOURS = 3.0
"""Below this scale, the standard deviation of a Gaussian in pixels of the working size, colours are the network's."""

OUTLINES = 2.0
"""Class scores are smoothed by a Gaussian of this standard deviation, so that outlines are no staircases."""

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


def check(detail: str) -> None:
    """Raises InputError for what is not a Detail."""
    if detail not in get_args(Detail):
        raise InputError(f'detail "{detail}" is not known; there are {", ".join(get_args(Detail))}')


def classes(logits: Floats, hints: Indices, forbid: NDArray[np.bool_]) -> LabelMap:
    """(H, W): what scores (K, H, W) say, where hints (H, W) leave it open (UNKNOWN). forbid: (K,), what may not be."""
    smooth = np.stack([cv2.GaussianBlur(plane, (0, 0), OUTLINES) for plane in logits])
    smooth[forbid] = -np.inf
    return np.where(hints == UNKNOWN, smooth.argmax(axis=0), hints).astype(np.uint8)


def transfer(
    answer: Floats,
    pixels: Pixels,
    hole: Mask,
    view: View,
    labels: LabelMap | None,
    *,
    how: Detail = "patchmatch",
    movable: Sequence[int] = (),
) -> tuple[Floats, Lift | None]:
    """A network's picture (3, *crop.frame) in [-1, 1] with known texture, and what it lacks at the photo's resolution.

    pixels: the photo (H, W, 1|3), of which nothing in a hole has influence.   hole: (H, W), all holes.
    view: what the network was shown of them.
    labels: (*crop.frame) classes of that picture, or None for a network without semantics.
    The second is None where the crop was not shrunk. Where no patch is free of holes, the picture comes back as it is.
    """
    crop = view.crop
    inner = slice(crop.rows), slice(crop.columns)
    missing = view.hole[inner]
    seen = np.where(missing[..., None], answer.transpose(1, 2, 0)[inner], view.image.transpose(1, 2, 0)[inner])
    colours = ((seen + 1) / 2).clip(0, 1)
    labels = np.full_like(missing, UNKNOWN, np.uint8) if labels is None else labels[inner]
    if how == "exemplars":
        absent = [number for number in movable if not (labels[missing] == number).any()]
        shunned = cv2.dilate((np.isin(labels, absent) & ~missing).astype(np.uint8), np.ones((5, 5))) > 0
        match = exemplars.find(colours, missing, labels=labels, guide=colours, shunned=shunned)
        if match is None:
            return answer, None
        wanted = match.colours + _coarse(colours - match.colours, labels)
        found = blending.joined(colours, missing, match.offsets, colours, wanted) * 2 - 1
        foreign = np.zeros_like(missing)
    else:
        match = patchmatch.find(colours, missing, labels=labels, guide=colours)
        if match is None:
            return answer, None
        found = match.colours * 2 - 1
        found += _coarse(seen - found, labels)
        rim = missing & (cv2.erode(missing.astype(np.uint8), np.ones((3, 3)), borderValue=1) == 0)
        found[rim] += (seen[rim] - found[rim]) / 2  # a network sees both sides of the border, and has the softer seam
        foreign = _foreign(labels, match.offsets)
    seen = np.where((missing & ~foreign)[..., None], found, seen)
    offsets = np.where(foreign[..., None], 0, match.offsets)
    picture = answer.copy()
    picture[:, : crop.rows, : crop.columns] = seen.transpose(2, 0, 1)
    return picture, Lift.of(pixels, hole, picture, crop, offsets) if crop.scale > 1 else None


def _coarse(difference: Floats, labels: LabelMap) -> Floats:
    """(H, W, 3): what of a difference of pictures is coarser than COLOURS. Each class has its own, lest outlines get haloes."""
    coarse = np.zeros_like(difference)
    for number in np.unique(labels):
        mine = (labels == number)[..., None].astype(np.float32)
        sums = cv2.GaussianBlur(np.dstack([difference * mine, mine]), (0, 0), COLOURS)
        coarse += mine * sums[..., :3] / np.maximum(sums[..., 3:], 1e-6)
    return coarse


def _foreign(labels: LabelMap, offsets: Indices) -> Mask:
    """(H, W): what is of a class that is not known anywhere, so that its patches are of others."""
    y, x = np.moveaxis(np.indices(labels.shape).transpose(1, 2, 0) + offsets, 2, 0)
    return np.asarray(labels[y, x] != labels)


@dataclass(frozen=True, eq=False)
class Lift:
    """The band of a photo that its working size does not hold, carried along the offsets of a match."""

    band: Floats
    """(height, width, 1|3): the window less its enlarged working size, in units of [-1, 1]; 0 in holes."""
    offsets: Indices
    """(rows, columns, 2): rows and columns to where each pixel of the working size is from; 0 where it is its own."""

    @classmethod
    def of(cls, pixels: Pixels, hole: Mask, picture: Floats, crop: Crop, offsets: Indices) -> Lift:
        """picture: (3, *crop.frame), the window at the working size."""
        band = pixels[crop.slices] * np.float32(2 / np.iinfo(pixels.dtype).max) - 1
        for rows, enlarged in crops.enlarge(picture, crop, cv2.INTER_CUBIC):
            band[rows] -= enlarged if band.shape[2] == 3 else enlarged @ crops.LUMINANCE
        band[hole[crop.slices]] = 0
        return cls(band, offsets)

    def __call__(self, y: Indices, x: Indices) -> Floats:
        """(n, 1|3): what the enlarged picture lacks at these pixels of the window.

        Each pixel blends what its four neighbours at the working size bring along. Where these disagree, their blend would be
        flat: it is raised to the variance of one (variance-preserving blending of Heitz and Neyret, "High-Performance By-Example
        Noise using a Histogram-Preserving Blending Operator", 2018).
        """
        (height, width), (rows, columns) = self.band.shape[:2], self.offsets.shape[:2]
        scale = np.array([height / rows, width / columns])
        first_y, share_y = _cell(y, scale[0], rows)
        first_x, share_x = _cell(x, scale[1], columns)
        steps = np.empty((4, len(y), 2), np.int64)
        weights = np.empty((4, len(y)), np.float32)
        for corner, (down, right) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
            below, beside = np.minimum(first_y + down, rows - 1), np.minimum(first_x + right, columns - 1)
            steps[corner] = np.rint(self.offsets[below, beside] * scale)
            weights[corner] = (share_y if down else 1 - share_y) * (share_x if right else 1 - share_x)
        total = np.zeros((len(y), self.band.shape[2]), np.float32)
        energy = np.zeros(len(y), np.float32)
        for corner in range(4):
            from_y = (y + steps[corner, :, 0]).clip(0, height - 1)
            from_x = (x + steps[corner, :, 1]).clip(0, width - 1)
            total += weights[corner, :, None] * self.band[from_y, from_x]
            same = (steps == steps[corner]).all(axis=2)
            energy += weights[corner] * (weights * same).sum(axis=0)
        return np.asarray(total / np.sqrt(energy)[:, None])


def _cell(places: Indices, scale: float, count: int) -> tuple[Indices, Floats]:
    """The pixel of the working size before each place along an axis, and how far the place is from it towards the next."""
    middles = ((places + 0.5) / scale - 0.5).clip(0, count - 1)
    first = middles.astype(np.int64)
    return first, (middles - first).astype(np.float32)
