"""Exemplars: a hole is filled with few large pieces of what is known, each moved by one offset.

What repeats itself, windows, fences, kerbs, shows as offsets at which the known part of a photo is like itself (He
and Sun, "Statistics of Patch Offsets for Image Completion", ECCV 2012). Per class the best of them are candidates, and every
pixel of the hole takes one, or what a network drew there: neighbours of one offset continue a piece, neighbours of two pay for
the seam (Kwatra et al., "Graphcut Textures", 2003), and a piece pays for being of another class or colour than the network's.
Where the paper counts the nearest neighbours of patches, the likeness of all offsets is computed at once, by correlation.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..labels import UNKNOWN, LabelMap
from ..pictures.masks import Mask
from .patches import Floats, Indices, landing
from .patchmatch import Match

SCALE = 2
"""Offsets are found and chosen at a picture shrunk by this factor."""
PER_CLASS = 12
"""Candidates of one class at most."""
LEAST_SHARE = 0.02
"""A class has candidates where it takes at least this share of the hole ..."""
FEWEST = 64
"""... and so many known pixels, at the smaller scale."""
NEAREST = 1 / 20
"""Offsets are at least this share of the longer side long: nearer ones only say that pictures are smooth."""
ROUNDS = 3
"""Of belief propagation, each in the four directions."""

DRAWN = 0.10
"""Price of a pixel of the network's own picture, which is blurred; prices are in differences of colours in 0..1."""
FOREIGN = 0.40
"""Price of a pixel of another class than the map asks for."""
COLOUR = 0.50
"""Weight of the difference to the network's colours, both blurred by COARSE."""
COARSE = 3.0
EDGE = 4.0
"""Weight of the difference to the known pixels beside the hole."""
NEVER = 1e3

_BLUR = 1.0  # of the borders between pieces, in pixels


def find(colours: Floats, hole: Mask, *, labels: LabelMap, guide: Floats, shunned: Mask) -> Match | None:
    """The hole filled with pieces, and where each pixel is from; 0 where the guide stays. None where there are no candidates.

    colours, guide: (H, W, 3) in 0..1, the photo and a first picture of its hole.   hole, labels: (H, W).
    shunned: (H, W), known pixels that no piece may hold.
    """
    height, width = (side // SCALE for side in hole.shape)
    whole = np.where(hole[..., None], guide, colours)
    small = np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    missing = cv2.resize(hole.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA) > 0
    ids = np.asarray(cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
    usable = ~missing & ~(cv2.resize(shunned.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0)
    if not usable.any() or not missing.any():
        return None
    steps = candidates(small, missing, usable, ids)
    if not len(steps):
        return None
    chosen = _choose(small, missing, usable, ids, steps)
    fine = np.concatenate([_refined(colours, ~hole & ~shunned, steps), np.zeros((1, 2), np.int64)])
    rows = (np.arange(hole.shape[0]) // SCALE).clip(0, height - 1)
    columns = (np.arange(hole.shape[1]) // SCALE).clip(0, width - 1)
    return _assembled(colours, hole, ~hole & ~shunned, guide, fine, chosen[rows[:, None], columns])


def candidates(picture: Floats, hole: Mask, usable: Mask, labels: LabelMap) -> Indices:
    """(K, 2) offsets, rows and columns, of all classes that the hole asks for."""
    away = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    near = np.exp(-away / (0.5 * np.sqrt(hole.sum()) + 8)).astype(np.float32)
    lab = cv2.cvtColor(picture.clip(0, 1), cv2.COLOR_RGB2LAB) / np.float32(100)
    found = []
    for number in np.unique(labels[hole]):
        inside = hole & (labels == number)
        known = usable & (labels == number)
        if number != UNKNOWN and inside.sum() >= LEAST_SHARE * hole.sum() and known.sum() >= FEWEST:
            found.append(_of_class(lab, inside, known, near))
    return np.unique(np.concatenate(found), axis=0) if found else np.zeros((0, 2), np.int64)


def _of_class(lab: Floats, inside: Mask, known: Mask, near: Floats) -> Indices:
    """The offsets at which known pixels of a class are most alike, and which together bring them into the hole."""
    height, width = known.shape
    size = cv2.getOptimalDFTSize(2 * height), cv2.getOptimalDFTSize(2 * width)
    weight = known * near

    def spectrum(plane: Floats) -> NDArray[np.complexfloating]:
        return np.fft.rfft2(plane, size)

    def over_offsets(here: NDArray[np.complexfloating], there: NDArray[np.complexfloating]) -> Floats:
        """sum over x of here(x) there(x + o), for every offset o."""
        return np.asarray(np.fft.irfft2(here.conj() * there, size), np.float32)

    mask, weighted = spectrum(known.astype(np.float32)), spectrum(weight)
    count = over_offsets(weighted, mask)
    unlike = np.zeros(size, np.float32)
    for plane in np.moveaxis(lab, 2, 0):
        here, there = plane * weight, plane * known
        unlike += over_offsets(spectrum(plane * here), mask) + over_offsets(weighted, spectrum(plane * there))
        unlike -= 2 * over_offsets(spectrum(here), spectrum(there))
    rows = np.fft.fftfreq(size[0], 1 / size[0])[:, None]
    columns = np.fft.fftfreq(size[1], 1 / size[1])[None]
    far = np.maximum(np.abs(rows), np.abs(columns)) >= max(2.0, NEAREST * max(height, width))
    valid = far & (count > 0.1 * weight.sum())
    if not valid.any():
        return np.zeros((0, 2), np.int64)
    unlike = np.where(valid, unlike / np.maximum(count, 1e-3), np.inf)
    alike = np.exp(-unlike / max(1e-6, 2 * float(np.percentile(unlike[valid], 5)))) * valid
    wanted, taken = inside.astype(np.float32), list[tuple[int, int]]()
    for _ in range(PER_CLASS):
        score = over_offsets(spectrum(wanted), mask) * alike
        best = np.unravel_index(int(score.argmax()), size)
        if score[best] < 1:
            break
        row, column = int(rows[best[0], 0]), int(columns[0, best[1]])
        taken.append((row, column))
        wanted[_moved(known, row, column)] *= 0.4
        for down in range(-2, 3):
            alike[(best[0] + down) % size[0], np.arange(best[1] - 2, best[1] + 3) % size[1]] = 0
    return np.array(taken, np.int64).reshape(-1, 2)


def _moved(known: Mask, row: int, column: int) -> Mask:
    """(h, w): where the pixel at x + offset is known."""
    y, x = np.indices(known.shape)
    *_, found = landing(np.asarray(y + row), np.asarray(x + column), known)
    return found


def _choose(picture: Floats, hole: Mask, usable: Mask, labels: LabelMap, steps: Indices) -> Indices:
    """(h, w): the number of the offset that each pixel takes; K is the network's picture, and what is known takes it too."""
    around = cv2.dilate(hole.astype(np.uint8), np.ones((3, 3))) > 0
    y, x = np.nonzero(around)
    box = slice(y.min(), y.max() + 1), slice(x.min(), x.max() + 1)
    rows, columns = np.indices(hole.shape)[:, *box][..., None] + steps.T[:, None, None]
    rows, columns, valid = landing(rows, columns, usable)
    here = picture[box][:, :, None]
    pieces = np.concatenate([picture[rows, columns], here], axis=2)  # (r, c, K + 1, 3)
    blurred = cv2.GaussianBlur(picture, (0, 0), COARSE)
    price = np.full(pieces.shape[:3], np.float32(DRAWN))
    price[..., :-1] = COLOUR * np.abs(blurred[rows, columns] - blurred[box][:, :, None]).mean(axis=3)
    price[..., :-1] += FOREIGN * (labels[rows, columns] != labels[box][..., None])
    border = (around & ~hole)[box]
    price[border] = EDGE * np.abs(pieces[border] - here[border]).mean(axis=2)
    price[..., :-1][~valid] = NEVER
    price[border, -1] = DRAWN
    price[~around[box]] = 0
    chosen = np.full(hole.shape, len(steps))
    chosen[box] = _propagated(price, pieces.mean(axis=3), around[box])
    chosen[~hole] = len(steps)
    return chosen


def _propagated(price: Floats, shades: Floats, active: Mask) -> Indices:
    """Min-sum belief propagation: (r, c), the cheapest of L labels for each pixel beside its neighbours.

    price: (r, c, L) of each label alone.   shades: (r, c, L), what a pixel looks like under it. Two neighbours of labels a and b
    pay for how much the pictures of a and of b differ at both. Pixels that are not active neither pay nor speak.
    """
    seam = np.abs(shades[..., :, None] - shades[..., None, :])
    messages = np.zeros((4, *price.shape), np.float32)  # from above, from below, from the left, from the right

    planes = price, seam, active, *messages

    def sweep(sent: int, back: int, way: slice, across: bool) -> None:
        """Line by line in one direction; views of the same arrays, turned so that it is downwards."""
        turned = [(plane.swapaxes(0, 1) if across else plane)[way] for plane in planes]
        costs, seams, busy, *heard = turned
        for line in range(len(costs) - 1):
            belief = costs[line] + (heard[0][line] + heard[1][line] + heard[2][line] + heard[3][line]) - heard[back][line]
            said = (belief[:, :, None] + seams[line] + seams[line + 1]).min(axis=1)
            said -= said.min(axis=1, keepdims=True)
            said[~(busy[line] & busy[line + 1])] = 0
            heard[sent][line + 1] = said

    forth, back = slice(None), slice(None, None, -1)
    for _ in range(ROUNDS):
        sweep(0, 1, forth, across=False)
        sweep(1, 0, back, across=False)
        sweep(2, 3, forth, across=True)
        sweep(3, 2, back, across=True)
    return np.asarray((price + messages.sum(axis=0)).argmin(axis=2))


def _refined(colours: Floats, usable: Mask, steps: Indices) -> Indices:
    """The offsets at full size: of those within a pixel of the enlarged ones, that at which what is known is most alike."""
    y, x = np.nonzero(usable)
    every = max(1, len(y) // 4000)
    y, x = y[::every], x[::every]
    fine = []
    for row, column in steps * SCALE:
        best = []
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                there_y, there_x, valid = landing(y + row + down, x + column + right, usable)
                off = np.abs(colours[y[valid], x[valid]] - colours[there_y[valid], there_x[valid]])
                best.append((float(off.mean()) if off.size else np.inf, abs(down) + abs(right), row + down, column + right))
        fine.append(min(best)[2:])
    return np.array(fine, np.int64)


def _assembled(colours: Floats, hole: Mask, usable: Mask, guide: Floats, steps: Indices, chosen: Indices) -> Match:
    """steps: (K + 1, 2), the last of them (0, 0) for the guide.   chosen: (H, W), which of them."""
    y, x = np.indices(hole.shape)
    *_, found = landing(y + steps[chosen][..., 0], x + steps[chosen][..., 1], usable)
    chosen = np.where(hole & found, chosen, len(steps) - 1)
    total, weights = np.zeros_like(colours), np.zeros(hole.shape, np.float32)
    source = np.where(hole[..., None], guide, colours)
    for number in np.unique(chosen[hole]):
        share = cv2.GaussianBlur((chosen == number).astype(np.float32), (0, 0), _BLUR)
        row, column = steps[number]
        from_y, from_x, valid = landing(y + row, x + column, usable)
        share *= hole & valid if number < len(steps) - 1 else hole
        total += share[..., None] * source[from_y, from_x]
        weights += share
    mixed = np.where((weights > 0)[..., None], total / np.maximum(weights, 1e-6)[..., None], guide)
    offsets = np.where((hole & (chosen < len(steps) - 1))[..., None], steps[chosen], 0)
    return Match(np.where(hole[..., None], mixed, colours).astype(np.float32), offsets)
