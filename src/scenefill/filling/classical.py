"""Classical inpainting behind the same call as a network: what surrounds a hole is carried into it; no weights, no semantics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ..models.runtime import Answer, Flags, Floats, Ids
from . import patchmatch

if TYPE_CHECKING:
    from ..labels import LabelSet

RADIUS = 3
"""How far round a pixel OpenCV looks for known ones; the value of its tutorial and of most comparisons."""

_METHODS = {"telea": cv2.INPAINT_TELEA, "navier-stokes": cv2.INPAINT_NS}


class ClassicalBackend:
    """One of three methods as a Backend: any size, at the photo's own resolution, 8 bits per channel.

    "telea": the fast marching method (Telea, "An image inpainting technique based on the fast marching method", 2004).
    "navier-stokes": isophotes continued as in a fluid (Bertalmio, Bertozzi, Sapiro, 2001).
    "patchmatch": patches of what is known, from coarse to fine (patchmatch.py). The other two are OpenCV's.
    """

    labels: LabelSet | None = None
    working_size: int | None = None
    stride = 1
    temperature = 1.0
    known_map = False
    guide: str | None = None

    def __init__(self, name: Literal["telea", "navier-stokes", "patchmatch"]) -> None:
        self.name = name

    def run(self, image: Floats, mask: Floats, hints: Ids, forbid: Flags, guide: Floats | None = None) -> Answer:
        """See Backend; `hints` and `forbid` mean nothing here, and there are no logits."""
        pixels = np.rint((image * (mask == 0) + 1) * 127.5).astype(np.uint8).transpose(0, 2, 3, 1)
        holes = (mask[:, 0] > 0).astype(np.uint8)
        filled = [self._fill(photo, hole) for photo, hole in zip(pixels, holes, strict=True)]
        return Answer(np.stack(filled).transpose(0, 3, 1, 2).astype(np.float32) / np.float32(127.5) - np.float32(1), None)

    def _fill(self, photo: NDArray[np.uint8], hole: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if self.name == "patchmatch":
            return patchmatch.fill(photo, hole > 0)
        height, width = hole.shape
        # In a picture one pixel high or wide, OpenCV's Telea reads beyond the picture's memory: such a line is doubled.
        doubled = (0, int(height == 1)), (0, int(width == 1))
        photo, hole = np.pad(photo, (*doubled, (0, 0)), mode="edge"), np.pad(hole, doubled, mode="edge")
        return np.asarray(cv2.inpaint(photo, hole, RADIUS, _METHODS[self.name]), np.uint8)[:height, :width]


BACKENDS = {name: ClassicalBackend(name) for name in ("telea", "navier-stokes", "patchmatch")}
