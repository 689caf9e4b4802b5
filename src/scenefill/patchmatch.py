"""PatchMatch: a hole is filled with small patches of what is known around it, from coarse to fine. NumPy alone, no weights.

Every patch that touches the hole looks for its nearest neighbour among the patches that do not (Barnes et al., "PatchMatch",
2009); overlapping neighbours then vote for the colour of each pixel of the hole (Wexler, Shechtman, Irani, "Space-time completion
of video", 2007). The two take turns at every scale. docs/models/patchmatch.md says what else goes into the distance, and why.

Words: a *key* is the centre of a patch of known pixels alone; a *target* is a pixel whose patch touches the hole; the *field*
names the key of every target. Positions are indices into the flattened picture, which has a border of RADIUS pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .labels import UNKNOWN, LabelMap
from .masks import Mask

RADIUS = 3
"""Patches are 7x7 pixels."""
SIDE = 2 * RADIUS + 1
COARSEST = 24
"""The pyramid ends before a picture's shorter side falls below this."""
FEWEST_KEYS = 48
"""... and before it has fewer keys than this."""
SMALL, LARGE = 6_000, 60_000
"""Up to SMALL targets a level has four rounds of search and votes, up to LARGE two. One that has more is only refined, in one
round: its field is that of the coarser level, improved nearby ..."""
NEARBY = 4
"""... within so many pixels."""

TEXTURE = 30.0
"""Weight of the difference in texture (mean absolute gradients, Newson et al. 2014) beside that in colour."""
FADE = 1.15
"""Per pixel of distance from the known ones, a pixel of the hole counts that much less (Wexler et al., Sec. 3.2)."""
LEAST = 0.15
"""... but never less than this."""
OCCURRENCE = 4e-4
"""Price of a key per time that it is used more often than the average (Kaspar et al. 2015), in squared colour differences."""
INCOHERENCE = 0.5
"""Price of a key that continues none of the eight patches around, in typical costs of the level; half of it continues half."""
FOREIGN = 0.02
"""Price of a patch none of whose pixels is of the class that the map asks for there, in squared colour differences."""
LAYOUT = 0.5
"""Weight of the difference in the guide's own detail, at finer levels than its own."""
STEP = 0.3
"""Steps in tone at the border of the hole are levelled up to this size ..."""
REACHES = (8.0, 3.0, 1.0)
"""... over about so many pixels, one after the other."""

_BORDER = (RADIUS, RADIUS)
_BLOCK = 8192  # targets that are searched for at a time: bounds memory, and fits a cache
_FAR = np.float32(np.inf)

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


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
    levels = _pyramid(colours, hole, labels, guide, guide_side)
    if not levels:
        return None
    rng = np.random.default_rng(seed)
    for coarser, level in zip([None, *levels], levels, strict=False):
        if coarser is None:
            if guide is None:
                _peel(level)
            if level.targets.size:
                level.field[level.targets] = _nearest(level, level.targets, level.weight)
                _rate(level)
        else:
            _inherit(level, coarser, rng)
        _settle(level, rng)
    _blend(levels[-1])
    return Match(levels[-1].inner(levels[-1].colours), levels[-1].offsets_to_keys())


def _smooth(image: Image, hole: Mask) -> Image:
    """A fill without patches. OpenCV looks at the hole's colours, and in lines one pixel wide beyond them: both are prevented."""
    plain = image[~hole].mean(axis=0) if not hole.all() else 0
    image = np.pad(np.where(hole[..., None], plain, image).astype(np.uint8), ((1, 1), (1, 1), (0, 0)), mode="edge")
    filled = cv2.inpaint(image, np.pad(hole, 1, mode="edge").astype(np.uint8), RADIUS, cv2.INPAINT_NS)
    return np.asarray(filled, np.uint8)[1:-1, 1:-1]


# ------------------------------------------------------------------------------------------------------------------------- levels


class Level:
    """A picture at one scale, with a border of RADIUS pixels all round, and the field of its targets."""

    def __init__(self, colours: Floats, texture: Floats, known: Mask, labels: LabelMap) -> None:
        self.colours = np.pad(colours, (_BORDER, _BORDER, (0, 0)), mode="edge")
        """(H, W, 3) in 0..1."""
        self.texture = np.pad(texture, (_BORDER, _BORDER, (0, 0)), mode="edge")
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
        self.cost = np.full(known.size, _FAR)
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


def _pyramid(colours: Floats, hole: Mask, labels: LabelMap | None, guide: Floats | None, guide_side: int) -> list[Level]:
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
        small = np.pad(cv2.resize(guide, (width, height), interpolation=cv2.INTER_AREA), (_BORDER, _BORDER, (0, 0)))
        first.colours.reshape(-1, 3)[first.holes] = small.reshape(-1, 3)[first.holes]
        _expect_texture(first)
        layout = first.inner(first.colours)
        for level in levels[1:]:
            size = level.width - 2 * RADIUS, level.height - 2 * RADIUS
            layout = np.asarray(cv2.resize(layout, size, interpolation=cv2.INTER_LINEAR), np.float32)
            level.layout = np.pad(layout, (_BORDER, _BORDER, (0, 0)), mode="edge").reshape(-1, 3)
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


# -------------------------------------------------------------------------------------------------------------------- first field


def _nearest(level: Level, centres: Indices, weight: Floats) -> Indices:
    """The best key of each patch, all of them compared; for small levels."""
    table = level.patches(level.keys)
    best = []
    for start in range(0, len(centres), 512):
        part = centres[start : start + 512]
        importance, patches = level.importance(part, weight), level.patches(part)
        distance = importance @ (table * table).T - 2 * (importance * patches) @ table.T
        distance[~level.fits(part[:, None], level.keys[None])] = _FAR
        best.append(level.keys[distance.argmin(axis=1)])
    return np.concatenate(best)


def _peel(level: Level) -> None:
    """First colours of the hole: ring by ring from outside, each pixel that of the key whose patch agrees best so far."""
    done = level.known.astype(np.float32).reshape(level.height, -1)
    pending = np.zeros_like(done)
    pending.ravel()[level.holes] = 1
    while pending.any():
        ring = np.flatnonzero(cv2.dilate(done, np.ones((3, 3))) * pending)
        keys = _nearest(level, ring, done)
        for planes in (level.colours.reshape(-1, 3), level.texture.reshape(-1, 2)):
            planes[ring] = planes[keys]
        done.ravel()[ring] = 1
        pending.ravel()[ring] = 0


def _inherit(level: Level, coarser: Level, rng: np.random.Generator) -> None:
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
    _vote(level)
    _rate(level)


def _any_key(level: Level, targets: Indices, rng: np.random.Generator) -> Indices:
    """Keys drawn at random, of their own class for those who must."""
    drawn = rng.choice(level.keys, len(targets))
    labels = level.labels[level.keys]
    for number in np.unique(level.labels[targets[level.bound[targets]]]):
        mine = level.bound[targets] & (level.labels[targets] == number)
        drawn[mine] = rng.choice(level.keys[labels == number], np.count_nonzero(mine))
    return drawn


# --------------------------------------------------------------------------------------------------------------- search and votes


def _settle(level: Level, rng: np.random.Generator) -> None:
    """Search and votes in turn."""
    if not level.targets.size:
        return
    for _ in range(4 if len(level.targets) <= SMALL else 1 if level.is_large else 2):
        _search(level, rng)
        _vote(level)


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


def _rate(level: Level) -> None:
    """The cost of the field as it is."""
    free = np.zeros(level.field.size, np.float32)
    for start in range(0, len(level.targets), _BLOCK):
        Block(level, level.targets[start : start + _BLOCK], free).store()


def _search(level: Level, rng: np.random.Generator) -> None:
    """One round over the targets: what the neighbours' keys suggest, then keys drawn ever nearer to the present one."""
    price = _price(level)
    level.incoherence = INCOHERENCE * float(np.median(level.cost[level.targets]))
    starts = range(0, len(level.targets), _BLOCK)
    for start in starts if rng.random() < 0.5 else reversed(starts):
        block = Block(level, level.targets[start : start + _BLOCK], price)
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


def _vote(level: Level) -> None:
    """New colours and textures of the hole."""
    level.colours.reshape(-1, 3)[level.holes], level.texture.reshape(-1, 2)[level.holes] = _votes(level, level.holes)


def _votes(level: Level, pixels: Indices) -> tuple[Floats, Floats]:
    """Colours (n, 3) and textures (n, 2) that the patches over each pixel agree on."""
    colours, texture = (np.ascontiguousarray(p.reshape(-1, p.shape[2]).T) for p in (level.colours, level.texture))
    spread = np.float32(2 * np.percentile(level.cost[level.targets], 75) + 1e-8)
    weight = level.weight.ravel()
    found = np.empty((len(pixels), 3), np.float32), np.empty((len(pixels), 2), np.float32)
    for start in range(0, len(pixels), _BLOCK // 4):  # 49 keys each
        part = slice(start, start + _BLOCK // 4)
        centres = pixels[part] - level.offsets[:, None]
        keys = level.field[centres]
        source = np.where(keys < 0, level.keys[0], keys) + level.offsets[:, None]
        cost = np.where(keys < 0, _FAR, level.cost[centres])
        own = (level.labels[source] == level.labels[pixels[part]]) & (keys >= 0)
        cost[own.any(axis=0) & level.bound[pixels[part]] & ~own] = _FAR
        votes = np.exp((cost.min(axis=0) - cost) / spread) * weight[centres]
        votes /= votes.sum(axis=0)
        found[0][part] = _mode(colours[:, source], votes).T
        found[1][part] = _mean(texture[:, source], votes).T
    return found


def _mean(planes: Floats, share: Floats) -> Floats:
    """(C, m, n) and the shares (m, n) of each of m in n means -> (C, n). In this order sums run along n, and are quick."""
    return np.stack([(plane * share).sum(axis=0) for plane in planes])


def _mode(shades: Floats, share: Floats) -> Floats:
    """The colour (3, n) that most votes (3, m, n) agree on, by mean shift: a plain mean of differing patches is a blur."""
    mode = _mean(shades, share)
    for bandwidth in (0.2, 0.1, 0.05):
        away = sum((plane - centre) ** 2 for plane, centre in zip(shades, mode, strict=True))
        near = share * np.exp(away / np.float32(-2 * bandwidth**2)) + np.float32(1e-12) * share
        mode = _mean(shades, near) / near.sum(axis=0)
    return mode


def _blend(level: Level) -> None:
    """No step in tone at the border: what the votes get wrong on the known pixels there is taken off the fill nearby, by class.

    What is wrong over long stretches reaches far into the hole, what is left of it less far.
    """
    hole = np.zeros(level.field.size, np.uint8)
    hole[level.holes] = 1
    border = level.targets[
        cv2.dilate(hole.reshape(level.height, -1), np.ones((3, 3))).ravel()[level.targets] > hole[level.targets]
    ]
    wrong = (level.colours.reshape(-1, 3)[border] - _votes(level, border)[0]).clip(-STEP, STEP)
    away = cv2.distanceTransform((level.weight < 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE).ravel()
    for number in np.unique(level.labels[border]):
        mine, holes = level.labels[border] == number, level.holes[level.labels[level.holes] == number]
        left = wrong[mine]
        for reach in REACHES:
            error = np.zeros((level.height * level.width, 4), np.float32)
            error[border[mine]] = np.insert(left, 3, 1, axis=1)
            sums = cv2.GaussianBlur(error.reshape(level.height, -1, 4), (0, 0), reach).reshape(-1, 4)
            mean = sums[:, :3] / np.maximum(sums[:, 3:], 1e-6)
            level.colours.reshape(-1, 3)[holes] += mean[holes] * np.exp(-away[holes] / reach)[:, None]
            left = left - mean[border[mine]]
