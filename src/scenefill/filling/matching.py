"""The search for the key of each target (Barnes et al., "PatchMatch", 2009). Words as in patches.py."""

from __future__ import annotations

import cv2
import numpy as np

from ..labels import UNKNOWN
from .patches import FAR, RADIUS, SIDE, Floats, Indices, Level
from .voting import vote

SMALL = 6_000
"""Up to so many targets a level has four rounds of search and votes ..."""

NEARBY = 4
"""... within so many pixels."""

TEXTURE = 30.0
"""Weight of the difference in texture (mean absolute gradients, Newson et al. 2014) beside that in colour."""

OCCURRENCE = 4e-4
"""Price of a key per time that it is used more often than the average (Kaspar et al. 2015), in squared colour differences."""

INCOHERENCE = 0.5
"""Price of a key that continues none of the eight patches around, in typical costs of the level; half of it continues half."""

FOREIGN = 0.02
"""Price of a patch none of whose pixels is of the class that the map asks for there, in squared colour differences."""

LAYOUT = 0.5
"""Weight of the difference in the guide's own detail, at finer levels than its own."""

BLOCK = 8192  # targets that are searched for at a time: bounds memory, and fits a cache


def nearest(level: Level, centres: Indices, weight: Floats) -> Indices:
    """The best key of each patch, all of them compared; for small levels."""
    table = level.patches(level.keys)
    best = []
    for start in range(0, len(centres), 512):
        part = centres[start : start + 512]
        importance, patches = level.importance(part, weight), level.patches(part)
        distance = importance @ (table * table).T - 2 * (importance * patches) @ table.T
        distance[~level.fits(part[:, None], level.keys[None])] = FAR
        best.append(level.keys[distance.argmin(axis=1)])
    return np.concatenate(best)


def peel(level: Level) -> None:
    """First colours of the hole: ring by ring from outside, each pixel that of the key whose patch agrees best so far."""
    done = level.known.astype(np.float32).reshape(level.height, -1)
    pending = np.zeros_like(done)
    pending.ravel()[level.holes] = 1
    while pending.any():
        ring = np.flatnonzero(cv2.dilate(done, np.ones((3, 3))) * pending)
        keys = nearest(level, ring, done)
        for planes in (level.colours.reshape(-1, 3), level.texture.reshape(-1, 2)):
            planes[ring] = planes[keys]
        done.ravel()[ring] = 1
        pending.ravel()[ring] = 0


def inherit(level: Level, coarser: Level, rng: np.random.Generator) -> None:
    """Field and colours from the level below; what has no field there begins with any key that fits."""
    y, x = np.divmod(level.targets, level.width)
    y, x = y - RADIUS, x - RADIUS
    parent = (y // 2 + RADIUS) * coarser.width + x // 2 + RADIUS
    key = coarser.field[parent]
    row, column = np.divmod(key, coarser.width)
    row, column = 2 * (row - RADIUS) + y % 2 + RADIUS, 2 * (column - RADIUS) + x % 2 + RADIUS
    limits = level.height - 1, level.width - 1
    field = row.clip(0, limits[0]) * level.width + column.clip(0, limits[1])
    lost = (key < 0) | ~level.fits(level.targets, field)
    field[lost] = _any_key(level, level.targets[lost], rng)
    level.field[level.targets] = field

    y, x = np.divmod(level.holes, level.width)
    for mine, theirs in ((level.colours, coarser.colours), (level.texture, coarser.texture)):
        large = cv2.resize(coarser.inner(theirs), (0, 0), fx=2, fy=2)
        mine.reshape(-1, mine.shape[2])[level.holes] = large[y - RADIUS, x - RADIUS]
    level.cost[level.targets] = np.where(lost, 1, 0.01)
    vote(level)
    rate(level)


def _any_key(level: Level, targets: Indices, rng: np.random.Generator) -> Indices:
    """Keys drawn at random, of their own class for those who must."""
    drawn = rng.choice(level.keys, len(targets))
    labels = level.labels[level.keys]
    for number in np.unique(level.labels[targets[level.bound[targets]]]):
        mine = level.bound[targets] & (level.labels[targets] == number)
        drawn[mine] = rng.choice(level.keys[labels == number], np.count_nonzero(mine))
    return drawn


def settle(level: Level, rng: np.random.Generator) -> None:
    """Search and votes in turn."""
    if not level.targets.size:
        return
    for _ in range(4 if len(level.targets) <= SMALL else 1 if level.is_large else 2):
        _search(level, rng)
        vote(level)


class Block:
    """Some targets, what their patches look like now, and the best keys found for them."""

    def __init__(self, level: Level, targets: Indices, price: Floats) -> None:
        self.level, self.targets, self.price = level, targets, price
        self.patches = level.patches(targets)
        self.importance = level.importance(targets, level.weight)
        self.texture = level.texture.reshape(-1, 2)[targets]
        self.labels = level.labels[targets[:, None] + level.corners] if level.bound.any() else None
        self.keys = level.field[targets]
        rows = np.arange(len(targets))
        self.cost = self._features(rows, self.keys) + self._colours(rows, self.keys)

    def _features(self, rows: Indices, keys: Indices) -> Floats:
        """What the keys cost, and how much their surroundings differ from those of the targets in texture, layout and classes."""
        level = self.level
        texture = self.texture[rows] - level.texture.reshape(-1, 2)[keys]
        cost = self.price[keys] + TEXTURE * np.einsum("ij,ij->i", texture, texture)
        if level.layout is not None:
            layout = level.layout[self.targets[rows]] - level.layout[keys]
            cost += LAYOUT * np.einsum("ij,ij->i", layout, layout)
        if self.labels is not None:
            wanted, given = self.labels[rows], level.labels[keys[:, None] + level.corners]
            foreign = np.count_nonzero((wanted != given) & (wanted != UNKNOWN), axis=1)
            cost += np.float32(FOREIGN / len(level.corners)) * foreign
        return np.asarray(cost, np.float32)

    def _colours(self, rows: Indices, keys: Indices) -> Floats:
        """How much the patches differ."""
        difference = self.level.patches(keys)
        difference -= self.patches[rows]
        difference *= difference
        return np.asarray(np.einsum("ij,ij->i", difference, self.importance[rows]))

    def consider(self, keys: Indices) -> None:
        """Takes the keys that fit and are better. keys: one per target; need not be any."""
        level = self.level
        keys = keys.clip(0, len(self.price) - 1)
        rows = np.flatnonzero((keys != self.keys) & level.fits(self.targets, keys))
        around = level.field[self.targets[rows, None] + level.ring] - level.ring
        new, old = (np.count_nonzero(around == each[rows, None], axis=1) for each in (keys, self.keys))
        limit = self.cost[rows] + np.float32(level.incoherence / len(level.ring)) * (new - old)
        cost = self._features(rows, keys[rows])
        near = cost < limit  # the dearer comparison is for these alone
        rows, limit = rows[near], limit[near]
        cost = cost[near] + self._colours(rows, keys[rows])
        better = cost < limit
        rows = rows[better]
        self.keys[rows], self.cost[rows] = keys[rows], cost[better]

    def store(self) -> None:
        self.level.field[self.targets], self.level.cost[self.targets] = self.keys, self.cost


def rate(level: Level) -> None:
    """The cost of the field as it is."""
    free = np.zeros(level.field.size, np.float32)
    for start in range(0, len(level.targets), BLOCK):
        Block(level, level.targets[start : start + BLOCK], free).store()


def _search(level: Level, rng: np.random.Generator) -> None:
    """One round over the targets: what the neighbours' keys suggest, then keys drawn ever nearer to the present one."""
    price = _price(level)
    level.incoherence = INCOHERENCE * float(np.median(level.cost[level.targets]))
    starts = range(0, len(level.targets), BLOCK)
    for start in starts if rng.random() < 0.5 else reversed(starts):
        block = Block(level, level.targets[start : start + BLOCK], price)
        for distance in (4, 2, 1):
            for step in (1, level.width, -1, -level.width):
                suggested = level.field[(block.targets + distance * step).clip(0, level.field.size - 1)]
                block.consider(np.where(suggested < 0, -1, suggested - distance * step))
                block.store()
        reach = NEARBY if level.is_large else max(level.height, level.width)
        while reach >= 1:
            y, x = np.divmod(block.keys, level.width)
            y = (y + rng.integers(-reach, reach, y.shape, endpoint=True)).clip(0, level.height - 1)
            x = (x + rng.integers(-reach, reach, x.shape, endpoint=True)).clip(0, level.width - 1)
            block.consider(y * level.width + x)
            reach //= 2
        block.store()


def _price(level: Level) -> Floats:
    """What a key costs for being used more often than the average, flat."""
    uses = np.bincount(level.field[level.targets], minlength=level.field.size).astype(np.float32)
    dense = cv2.blur(uses.reshape(level.height, -1), (SIDE, SIDE)).ravel() * np.float32(len(level.keys) / len(level.targets))
    return np.asarray(OCCURRENCE * np.maximum(dense - 1, 0), np.float32)
