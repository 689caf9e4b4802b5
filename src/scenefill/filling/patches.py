"""Patches of a picture at several scales: what is known, what is to be filled, and how near two patches are.

Words: a *key* is the centre of a patch of known pixels alone; a *target* is a pixel whose patch touches the hole; the *field*
names the key of every target. Positions are indices into the flattened picture, which has a border of RADIUS pixels.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..labels import UNKNOWN, LabelMap
from ..pictures.masks import Mask

RADIUS = 3
"""Patches are 7x7 pixels."""

SIDE = 2 * RADIUS + 1

COARSEST = 24
"""The pyramid ends before a picture's shorter side falls below this."""

FEWEST_KEYS = 48
"""... and before it has fewer keys than this."""

LARGE = 60_000
"""... and up to so many two. One that has more is only refined, in one round: its field is that of the coarser level, improved
nearby ..."""

FADE = 1.15
"""Per pixel of distance from the known ones, a pixel of the hole counts that much less (Wexler et al., Sec. 3.2)."""

LEAST = 0.15
"""... but never less than this."""

BORDER = (RADIUS, RADIUS)

FAR = np.float32(np.inf)

Floats = NDArray[np.float32]

Indices = NDArray[np.int64]


def landing(rows: Indices, columns: Indices, usable: Mask) -> tuple[Indices, Indices, Mask]:
    """Places that were moved, brought back into the picture, and which of them lay in it and are usable (H, W)."""
    height, width = usable.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    rows, columns = rows.clip(0, height - 1), columns.clip(0, width - 1)
    return rows, columns, inside & usable[rows, columns]


class Level:
    """A picture at one scale, with a border of RADIUS pixels all round, and the field of its targets."""

    def __init__(self, colours: Floats, texture: Floats, known: Mask, labels: LabelMap) -> None:
        self.colours = np.pad(colours, (BORDER, BORDER, (0, 0)), mode="edge")
        """(H, W, 3) in 0..1."""
        self.texture = np.pad(texture, (BORDER, BORDER, (0, 0)), mode="edge")
        """(H, W, 2), see `_texture`."""
        self.layout: Floats | None = None
        """(H W, 3): the guide at its own level, enlarged; where all is known, the picture treated alike. None at that level."""
        self.labels = np.pad(labels, RADIUS, constant_values=UNKNOWN).ravel()
        inside = np.pad(np.ones(known.shape, np.uint8), RADIUS)
        known = np.pad(known, RADIUS)
        hole = inside.astype(bool) & ~known
        patch = np.ones((SIDE, SIDE), np.uint8)
        self.height, self.width = known.shape
        self.known = known.ravel()
        self.holes = np.flatnonzero(hole)
        self.targets = np.flatnonzero(cv2.dilate(hole.astype(np.uint8), patch) * inside)
        self.is_key = cv2.erode(known.astype(np.uint8), patch, borderValue=0).ravel() > 0
        self.keys = np.flatnonzero(self.is_key)
        away = cv2.distanceTransform((~known).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        self.weight = (np.maximum(FADE**-away, LEAST) * inside).astype(np.float32)
        """(H, W): how much a pixel counts; 1 where it is known, 0 outside the picture."""
        self.is_large = len(self.targets) > LARGE
        self.field = np.full(known.size, -1)
        self.cost = np.full(known.size, FAR)
        self.offsets = (np.arange(-RADIUS, RADIUS + 1)[:, None] * self.width + np.arange(-RADIUS, RADIUS + 1)).ravel()
        self.corners = self.offsets.reshape(SIDE, SIDE)[::RADIUS, ::RADIUS].ravel()
        """The middle of a patch, its corners and the middles of its sides."""
        self.ring = np.delete(self.offsets.reshape(SIDE, SIDE)[2:5, 2:5].ravel(), 4)
        self.incoherence = 0.0
        present = np.zeros(256, bool)
        present[self.labels[self.keys]] = True
        self.bound = present[self.labels] & (self.labels != UNKNOWN)
        """Which pixels take keys of their own class alone."""

    def inner(self, planes: Floats) -> Floats:
        """Without the border."""
        return np.ascontiguousarray(planes[RADIUS:-RADIUS, RADIUS:-RADIUS])

    def offsets_to_keys(self) -> Indices:
        """See `Match.offsets`."""
        places = np.arange(self.field.size)
        keys = np.where(self.field < 0, places, self.field)
        steps = np.stack([keys // self.width - places // self.width, keys % self.width - places % self.width], axis=1)
        return steps.reshape(self.height, self.width, 2)[RADIUS:-RADIUS, RADIUS:-RADIUS]

    def patches(self, centres: Indices) -> Floats:
        """(n, 147): the colours around."""
        rows = np.lib.stride_tricks.sliding_window_view(self.colours.reshape(self.height, -1), (SIDE, 3 * SIDE))[:, ::3]
        found: Floats = rows[centres // self.width - RADIUS, centres % self.width - RADIUS]
        return found.reshape(-1, 3 * SIDE * SIDE)

    def importance(self, centres: Indices, weight: Floats) -> Floats:
        """(n, 147): how much each colour of a patch counts; the sum over its 49 pixels is 1."""
        around = weight.ravel()[centres[:, None] + self.offsets]
        return np.repeat(around / around.sum(axis=1, keepdims=True), 3, axis=1)

    def fits(self, targets: Indices, keys: Indices) -> NDArray[np.bool_]:
        """Whether these are keys, of a class that the targets may take."""
        free = ~self.bound[targets] | (self.labels[keys] == self.labels[targets])
        return np.asarray(self.is_key[keys] & free)


def pyramid(colours: Floats, hole: Mask, labels: LabelMap | None, guide: Floats | None, guide_side: int) -> list[Level]:
    """The levels, coarsest first, each half the size of the next; none where the picture has no keys."""
    known = ~hole
    labels = np.full(hole.shape, UNKNOWN, np.uint8) if labels is None else labels
    coarsest = COARSEST if guide is None else max(COARSEST, guide_side * 2 // 3)
    texture = _texture(colours, known)
    levels: list[Level] = []
    while True:
        level = Level(colours, texture, known, labels)
        if len(level.keys) < (FEWEST_KEYS if levels else 1):
            break
        levels.insert(0, level)
        if min(known.shape) < 2 * coarsest:
            break
        (colours, share), (texture, _) = _halved(colours, known), _halved(texture, known)
        known, labels = share >= 0.5, labels[::2, ::2]
    if levels and guide is not None:
        first = levels[0]
        height, width = first.height - 2 * RADIUS, first.width - 2 * RADIUS
        small = np.pad(cv2.resize(guide, (width, height), interpolation=cv2.INTER_AREA), (BORDER, BORDER, (0, 0)))
        first.colours.reshape(-1, 3)[first.holes] = small.reshape(-1, 3)[first.holes]
        _expect_texture(first)
        layout = first.inner(first.colours)
        for level in levels[1:]:
            size = level.width - 2 * RADIUS, level.height - 2 * RADIUS
            layout = np.asarray(cv2.resize(layout, size, interpolation=cv2.INTER_LINEAR), np.float32)
            level.layout = np.pad(layout, (BORDER, BORDER, (0, 0)), mode="edge").reshape(-1, 3)
    return levels


def _halved(planes: Floats, known: Mask) -> tuple[Floats, Floats]:
    """Half the size (rounded up): each pixel the mean of the known ones under it, and the share of them."""
    height, width = known.shape
    weighted = np.dstack([planes * known[..., None], known]).astype(np.float32)
    even = np.pad(weighted, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    means: Floats = even.reshape(-(-height // 2), 2, -(-width // 2), 2, -1).mean(axis=(1, 3))
    share = means[..., -1]
    return np.asarray(means[..., :-1] / np.maximum(share, 0.25)[..., None], np.float32), share


def _texture(colours: Floats, known: Mask) -> Floats:
    """(H, W, 2): mean absolute differences to the right and downwards nearby, between known pixels alone."""
    grey = colours.mean(axis=2)
    window = max(3, min(known.shape) // COARSEST | 1)
    planes = []
    for axis in (1, 0):
        after = np.roll(grey, -1, axis), np.roll(known, -1, axis)
        valid = (known & after[1]).astype(np.float32)
        valid.swapaxes(0, axis)[-1] = 0
        total = cv2.blur(np.abs(after[0] - grey) * valid, (window, window))
        planes.append(total / np.maximum(cv2.blur(valid, (window, window)), 1e-6))
    return np.stack(planes, axis=2).astype(np.float32)


def _expect_texture(level: Level) -> None:
    """A guide may be a blur: what texture the hole is to have is what its class has elsewhere, on average."""
    texture, known = level.texture.reshape(-1, 2), level.known
    for number in np.unique(level.labels[level.holes]):
        alike = known & (level.labels == number)
        texture[level.holes[level.labels[level.holes] == number]] = texture[alike if alike.any() else known].mean(axis=0)
