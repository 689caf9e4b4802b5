"""Blending: pieces of a photo joined by their gradients, held weakly to colours that are wanted (screened Poisson equation).

Perez, Gangnet and Blake ("Poisson Image Editing", 2003) keep the gradients of what is pasted and the colours of what is around
it; the screening term (Bhat et al., "Fourier Analysis of the 2D Screened Poisson Equation", ECCV 2008) keeps large holes from
drifting.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..pictures.masks import Mask
from .patches import Floats, Indices, landing

HELD = 0.01
"""Weight of the wanted colours beside one gradient."""
STEPS = 60
"""Of conjugate gradients at most ..."""
ENOUGH = 1e-3
"""... until the error is this share of the first one."""

_BESIDE = ((0, 1), (0, -1), (1, 0), (-1, 0))


def joined(picture: Floats, hole: Mask, offsets: Indices, guide: Floats, wanted: Floats) -> Floats:
    """The picture (H, W, 3) with its hole (H, W) filled; known pixels stay as they are.

    offsets: (H, W, 2), from where in the known part each pixel of the hole is; 0 where it is the guide's.
    guide: (H, W, 3), whose gradients count where no piece has any.   wanted: (H, W, 3), the colours it is held to.
    """
    y, x = np.nonzero(hole)
    top, left = max(0, y.min() - 1), max(0, x.min() - 1)
    box = np.s_[top : y.max() + 2, left : x.max() + 2]
    inside, known = hole[box], picture[box]
    right_side = HELD * wanted[box] * inside[..., None]
    diagonal = np.full(inside.shape, np.float32(HELD))
    for step in _BESIDE:
        here, there = _pairs(inside.shape, step)
        pair = inside[here]
        right_side[here] += pair[..., None] * _gradient(picture, hole, offsets, guide, step, (top, left))[here]
        right_side[here] += (pair & ~inside[there])[..., None] * known[there]
        diagonal[here] += pair

    def applied(values: Floats) -> Floats:
        result = diagonal[..., None] * values
        for step in _BESIDE:
            here, there = _pairs(inside.shape, step)
            result[here] -= values[there]
        result[~inside] = 0
        return np.asarray(result, np.float32)

    solved: Floats = picture.copy()
    solved[box][inside] = _solution(applied, right_side, wanted[box] * inside[..., None])[inside]
    return np.asarray(solved, np.float32)


def _pairs(shape: tuple[int, ...], step: tuple[int, int]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """The pixels that have a neighbour in that direction, and these neighbours."""
    here = tuple(slice(max(0, -move), side - max(0, move)) for side, move in zip(shape, step, strict=False))
    there = tuple(slice(max(0, move), side - max(0, -move)) for side, move in zip(shape, step, strict=False))
    return here, there


def _gradient(
    picture: Floats, hole: Mask, offsets: Indices, guide: Floats, step: tuple[int, int], corner: tuple[int, int]
) -> Floats:
    """(h, w, 3) of the box at `corner`: how much each pixel shall exceed its neighbour, in the mean of what their pieces say."""
    height, width = hole.shape
    y, x = np.indices(hole.shape)[:, corner[0] :, corner[1] :]
    near_y, near_x = (y + step[0]).clip(0, height - 1), (x + step[1]).clip(0, width - 1)
    plain = guide[y, x] - guide[near_y, near_x]
    total, count = np.zeros_like(plain), np.zeros(y.shape, np.float32)
    for owner_y, owner_x in ((y, x), (near_y, near_x)):
        row, column = np.moveaxis(offsets[owner_y, owner_x], 2, 0)
        first_y, first_x, one = landing(y + row, x + column, ~hole)
        second_y, second_x, other = landing(near_y + row, near_x + column, ~hole)
        valid = one & other & ((row != 0) | (column != 0))
        total += valid[..., None] * (picture[first_y, first_x] - picture[second_y, second_x])
        count += valid
    return np.asarray(np.where((count > 0)[..., None], total / np.maximum(count, 1)[..., None], plain), np.float32)


def _solution(applied: Callable[[Floats], Floats], right_side: Floats, start: Floats) -> Floats:
    """Conjugate gradients, the three colours side by side."""
    values, left = start.copy(), right_side - applied(start)
    direction, size = left.copy(), _dots(left, left)
    first = size.max()
    for _ in range(STEPS):
        if size.max() <= ENOUGH**2 * first:
            break
        moved = applied(direction)
        length = (size / np.maximum(_dots(direction, moved), 1e-20)).astype(np.float32)
        values += length * direction
        left -= length * moved
        before, size = size, _dots(left, left)
        direction *= (size / np.maximum(before, 1e-20)).astype(np.float32)
        direction += left
    return values


def _dots(one: Floats, other: Floats) -> NDArray[np.float32]:
    return np.asarray(np.einsum("ijk,ijk->k", one, other), np.float32)
