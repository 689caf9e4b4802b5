"""Guides: what a network is shown besides the photo and its hole. So far one kind, "edges", for EdgeConnect.

Edges are those of Canny (1986) after a Gaussian of sigma 2, as in Nazeri et al. 2019. The hole has no part in the smoothing, so
that what stands in it is never seen.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..pictures.masks import Mask

SIGMA = 2.0
"""Standard deviation of the Gaussian, in pixels."""
LOW, HIGH = 0.1, 0.2
"""Thresholds of the hysteresis on the Sobel derivatives of a grey picture in 0..1. They are those of scikit-image's `canny`, with
which the authors made their edges: an upright step of 17 grey levels of 255 belongs to an edge, one of 34 starts one."""
LUMINANCE = np.array([0.2125, 0.7154, 0.0721], np.float32)
"""RGB to grey as the authors have it (ITU-R BT.709)."""
_STEPS = 4096  # OpenCV takes derivatives as int16: their sizes are at most 4 for each axis, so this is as fine as fits


def edges(image: NDArray[np.float32], hole: Mask | None = None) -> Mask:
    """The edges of a picture, one pixel wide: (H, W) bool.

    image: (3, H, W) RGB in [-1, 1].   hole: (H, W) bool, True = not to be looked at; no edge is found in it or beside it.
    """
    known = np.ones(image.shape[1:], bool) if hole is None else ~hole
    grey = np.tensordot(LUMINANCE, image, 1) / 2 + 0.5
    share = _blurred(known.astype(np.float32))
    smooth = _blurred(np.where(known, grey, 0)) / np.maximum(share, 1e-6)  # a mean over known pixels; none lie beyond the border
    across, down = (np.rint(cv2.Sobel(smooth, cv2.CV_32F, *axis) * _STEPS).clip(-32767, 32767) for axis in ((1, 0), (0, 1)))
    inner = cv2.erode(known.astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    weak, strong = (
        (cv2.Canny(across.astype(np.int16), down.astype(np.int16), t * _STEPS, t * _STEPS, L2gradient=True) > 0) & inner
        for t in (LOW, HIGH)
    )
    _, lines = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    return weak & np.isin(lines, np.unique(lines[strong]))  # hysteresis


def edge_guide(
    image: NDArray[np.float32], mask: NDArray[np.float32], drawn: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """What EdgeConnect is shown of a batch: (B, 2, H, W); 0: 1 where an edge is; 1: 1 where channel 0 is to be believed.

    image: (B, 3, H, W) RGB in [-1, 1].   mask: (B, 1, H, W), 1 = hole.
    drawn: (B, 1, H, W), 1 = a user wants an edge there. Only what lies in the hole counts. A stroke of any width stands for the
    line in its middle, and speaks for the pixels beside it too; everywhere else in the hole the network decides.
    """
    guide = np.empty((len(image), 2, *image.shape[2:]), np.float32)
    for i, hole in enumerate(mask[:, 0] > 0):
        found, believed = edges(image[i], hole), ~hole
        if drawn is not None:
            strokes = drawn[i, 0] > 0
            found |= hole & thin(strokes)
            believed |= hole & (cv2.dilate((hole & strokes).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
        guide[i] = found, believed
    return guide


def thin(strokes: Mask) -> Mask:
    """The middle lines of strokes (H, W) bool, one pixel wide and connected as the strokes are (Zhang & Suen 1984)."""
    lines = np.pad(strokes, 1)
    while True:
        before = lines.copy()
        for first in (True, False):
            ring = [np.roll(lines, step, (0, 1)) for step in _RING]  # the eight neighbours of each pixel, from above, clockwise
            count = np.sum(ring, axis=0)
            rises = np.sum([~a & b for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)], axis=0)
            up, right, down, left = ring[::2]
            free = ~(up & right & down) & ~(right & down & left) if first else ~(up & right & left) & ~(up & down & left)
            lines &= ~((count >= 2) & (count <= 6) & (rises == 1) & free)
        if np.array_equal(lines, before):
            return lines[1:-1, 1:-1]


_RING = ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))


def _blurred(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Gaussian of SIGMA, cut off after four of them; zeros lie beyond the border."""
    side = 2 * round(4 * SIGMA) + 1
    return np.asarray(cv2.GaussianBlur(values, (side, side), SIGMA, borderType=cv2.BORDER_CONSTANT), np.float32)


GUIDES = {"edges": edge_guide}
"""Name in `networks.Network.guide` -> what makes it: of image (B, 3, H, W), mask (B, 1, H, W) and, if any, a user's drawing."""
