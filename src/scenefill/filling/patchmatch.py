"""PatchMatch: a hole is filled with small patches of what is known around it, from coarse to fine. NumPy alone, no weights.

Every patch that touches the hole looks for its nearest neighbour among the patches that do not (Barnes et al., "PatchMatch",
2009); overlapping neighbours then vote for the colour of each pixel of the hole (Wexler, Shechtman, Irani, "Space-time completion
of video", 2007). The two take turns at every scale. docs/models/patchmatch.md says what else goes into the distance, and why.

Words are explained in patches.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..labels import LabelMap
from ..pictures.masks import Mask
from .matching import inherit, nearest, peel, rate, settle
from .patches import RADIUS, Floats, Indices, pyramid
from .voting import blend

Image = NDArray[np.uint8]


def fill(
    image: Image,
    hole: Mask,
    *,
    labels: LabelMap | None = None,
    guide: Image | None = None,
    guide_side: int = 64,
    seed: int = 0,
) -> Image:
    """The picture (H, W, 3) with its hole (H, W) filled. Known pixels stay as they are; what lies in the hole has no influence.

    labels: (H, W) class ids, in the hole too. What is of one class is made of that class alone, wherever some of it is known, so
        that no sky takes up what touches it. UNKNOWN pixels take anything.
    guide: (H, W, 3), a first picture of what is in the hole, such as a network's. Without one the hole is peeled from its border.
    guide_side: the guide decides at the scale at which the picture's shorter side is about so many pixels; finer detail is found.
    seed: the same seed gives the same picture.

    Where no patch is free of the hole, as in tiny pictures, OpenCV's Navier-Stokes method steps in.
    """
    if not hole.any():
        return image.copy()
    colours = image.astype(np.float32) / np.float32(255)
    guide_colours = None if guide is None else guide.astype(np.float32) / np.float32(255)
    match = find(colours, hole, labels=labels, guide=guide_colours, guide_side=guide_side, seed=seed)
    if match is None:
        return _smooth(image, hole)
    filled = np.rint(match.colours * 255).clip(0, 255).astype(np.uint8)
    return np.where(hole[..., None], filled, image)


@dataclass(frozen=True, eq=False)
class Match:
    """Which patch goes where."""

    colours: Floats
    """(H, W, 3) in 0..1: the picture with its hole filled."""
    offsets: Indices
    """(H, W, 2): rows and columns from each pixel to the middle of the known patch that lies over it; 0 where no patch does."""


def find(
    colours: Floats,
    hole: Mask,
    *,
    labels: LabelMap | None = None,
    guide: Floats | None = None,
    guide_side: int = 64,
    seed: int = 0,
) -> Match | None:
    """What `fill` does, for pictures and guides (H, W, 3) in 0..1, and where each patch is from. None where no patch is free."""
    levels = pyramid(colours, hole, labels, guide, guide_side)
    if not levels:
        return None
    rng = np.random.default_rng(seed)
    for coarser, level in zip([None, *levels], levels, strict=False):
        if coarser is None:
            if guide is None:
                peel(level)
            if level.targets.size:
                level.field[level.targets] = nearest(level, level.targets, level.weight)
                rate(level)
        else:
            inherit(level, coarser, rng)
        settle(level, rng)
    blend(levels[-1])
    return Match(levels[-1].inner(levels[-1].colours), levels[-1].offsets_to_keys())


def _smooth(image: Image, hole: Mask) -> Image:
    """A fill without patches. OpenCV looks at the hole's colours, and in lines one pixel wide beyond them: both are prevented."""
    plain = image[~hole].mean(axis=0) if not hole.all() else 0
    image = np.pad(np.where(hole[..., None], plain, image).astype(np.uint8), ((1, 1), (1, 1), (0, 0)), mode="edge")
    filled = cv2.inpaint(image, np.pad(hole, 1, mode="edge").astype(np.uint8), RADIUS, cv2.INPAINT_NS)
    return np.asarray(filled, np.uint8)[1:-1, 1:-1]
