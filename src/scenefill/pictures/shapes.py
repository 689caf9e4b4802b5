"""Shapes of holes: a square, boxes, brush strokes, outlines of real objects, files.

Every generator draws from the `rng` it is given and from nothing else: the same state gives the same hole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, MaskError
from . import folders
from .masks import Mask, dilate, read

OBJECT_SHARE = (0.005, 0.5)
"""Smallest and largest share of the picture that an object-shaped hole may take before it is grown."""


def centre(height: int, width: int, size: int | None = None) -> Mask:
    """A square hole of `size` pixels in the middle; half of the smaller side where no size is given."""
    side = min(height, width) // 2 if size is None else size
    if not 0 <= side <= min(height, width):
        raise MaskError(f"a centre hole of {side} pixels does not fit into {width}x{height}")
    mask = np.zeros((height, width), bool)
    top, left = (height - side) // 2, (width - side) // 2
    mask[top : top + side, left : left + side] = True
    return mask


def boxes(
    height: int,
    width: int,
    rng: np.random.Generator,
    *,
    count: tuple[int, int] = (1, 5),
    side: tuple[float, float] = (0.12, 0.5),
) -> Mask:
    """Several rectangles, each wholly inside the picture.

    count: fewest and most of them.  side: smallest and largest length, as a share of the picture's height and width.
    """
    mask = np.zeros((height, width), bool)
    for _ in range(rng.integers(count[0], count[1], endpoint=True)):
        rows = max(1, round(rng.uniform(*side) * height))
        columns = max(1, round(rng.uniform(*side) * width))
        top = rng.integers(0, height - rows, endpoint=True)
        left = rng.integers(0, width - columns, endpoint=True)
        mask[top : top + rows, left : left + columns] = True
    return mask


def free_form(
    height: int,
    width: int,
    rng: np.random.Generator,
    *,
    strokes: tuple[int, int] = (1, 3),
    vertices: tuple[int, int] = (4, 12),
    brush: tuple[float, float] = (12 / 256, 40 / 256),
) -> Mask:
    """Brush strokes that turn back and forth, as a hand rubs something out ("Free-form image inpainting
    with gated convolution", Yu et al. 2019).

    strokes: fewest and most of them.  vertices: corners of one stroke.  brush: its width as a share of the smaller side.
    Angles alternate about 2 pi / 5 +- 2 pi / 15, and steps are about an eighth of the diagonal long: the authors' settings.
    """
    canvas = np.zeros((height, width), np.uint8)
    step = np.hypot(height, width) / 8
    for _ in range(rng.integers(strokes[0], strokes[1], endpoint=True)):
        corners = rng.integers(vertices[0], vertices[1], endpoint=True)
        below, above = rng.uniform(0, 2 * np.pi / 15, 2)
        angles = 2 * np.pi / 5 + rng.uniform(-below, above, corners)
        angles[::2] *= -1
        lengths = rng.normal(step, step / 2, corners).clip(0, 2 * step)
        point = rng.uniform((0, 0), (width, height))
        path = [point]
        for angle, length in zip(angles, lengths, strict=True):
            point = (point + length * np.array([np.sin(angle), np.cos(angle)])).clip(0, (width - 1, height - 1))
            path.append(point)
        thickness = max(1, round(rng.uniform(*brush) * min(height, width)))
        cv2.polylines(canvas, [np.round(path).astype(np.int32)], isClosed=False, color=1, thickness=thickness)
    return _flipped(canvas.astype(bool), rng)


DRAWN: dict[str, Callable[[int, int, np.random.Generator], Mask]] = {
    "centre": lambda height, width, rng: centre(height, width),
    "boxes": boxes,
    "free-form": free_form,
}
"""Kinds of holes that ask for nothing but a size (height, width): for training, `evaluate --holes` and case files."""


def objects(
    labels: NDArray[np.uint8],
    ids: Iterable[int],
    height: int,
    width: int,
    rng: np.random.Generator,
    *,
    grow: tuple[int, int] = (1, 6),
    large: bool = False,
) -> Mask | None:
    """A hole with the outline of a real object: one connected region of a label map of *another* photo.

    labels: (h, w) uint8, stretched to (height, width).  ids: the classes it may be of, one of which is taken at random.
    large: the chance of a region grows with its side; else all regions of a class have the same.
    The region may be mirrored, moves by up to an eighth of each side without leaving the picture, and grows by `grow` pixels.
    None where no region of these classes has a size within OBJECT_SHARE.
    """
    sized = cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    smallest, largest = (share * height * width for share in OBJECT_SHARE)
    for number in rng.permutation(list(ids)):
        _, regions, stats, _ = cv2.connectedComponentsWithStats((sized == number).astype(np.uint8))
        areas = stats[1:, cv2.CC_STAT_AREA]
        fitting = 1 + np.flatnonzero((areas >= smallest) & (areas <= largest))
        if fitting.size:
            sides = np.sqrt(areas[fitting - 1])
            region = rng.choice(fitting, p=sides / sides.sum() if large else None)
            left, top, columns, rows = (int(v) for v in stats[region, : cv2.CC_STAT_AREA])
            moved = np.roll(regions == region, (_shift(top, rows, height, rng), _shift(left, columns, width, rng)), axis=(0, 1))
            if rng.random() < 0.5:
                moved = moved[:, ::-1]
            return dilate(moved, int(rng.integers(grow[0], grow[1], endpoint=True)))
    return None


MOVABLE_SHARE = 0.02
"""Largest share of a hole for removal that may truly be movable."""

UNKNOWN_SHARE = 0.3
"""Largest share of it of which nothing is known."""


def removal(
    labels: NDArray[np.uint8],
    other: NDArray[np.uint8],
    movable: Sequence[int],
    rng: np.random.Generator,
    *,
    tries: int = 10,
) -> Mask | None:
    """A hole as a removed object leaves it, laid where the truth is background: what is behind the object is known.

    labels: (H, W) uint8 of this photo.   other: (h, w) uint8 of another one.   movable: ids of what is removed.
    One to three outlines of movable regions of the other photo (`objects`), in their own scale, half of them moved along the
    picture's width, where they stand as high as they did.
    None where none fits within `tries`: at most MOVABLE_SHARE of what the hole covers is movable, at most UNKNOWN_SHARE unknown.
    """
    height, width = labels.shape
    for _ in range(tries):
        hole = np.zeros((height, width), bool)
        for _ in range(int(rng.choice((1, 2, 3), p=(0.7, 0.2, 0.1)))):
            outline = objects(other, movable, height, width, rng, large=True)
            if outline is not None:
                columns = np.flatnonzero(outline.any(axis=0))
                left = int(rng.integers(-columns[0], width - columns[-1])) if rng.random() < 0.5 else 0
                hole |= np.roll(outline, left, axis=1)
        inside = labels[hole]
        if inside.size and np.isin(inside, movable).mean() < MOVABLE_SHARE and (inside == 255).mean() < UNKNOWN_SHARE:
            return hole
    return None


def residue(
    image: NDArray[np.uint8],
    hole: Mask,
    other: NDArray[np.uint8],
    other_labels: NDArray[np.uint8],
    movable: Sequence[int],
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """What a removed object leaves around its hole: a contact shadow below, and a soft rim of an object's colour.

    image: (H, W, 3) uint8 without the object.   other, other_labels: (h, w, 3) and (h, w) uint8, the photo that the outline of
    the hole is from; its movable pixels have the colours.   Only known pixels of `image` change.
    """
    colour = rng.choice(other[np.isin(other_labels, movable)]).astype(np.float32)
    share = hole.astype(np.float32)
    unit = min(hole.shape) / 192  # so that a shadow is as wide, next to its photo, at any size
    out = image.astype(np.float32)
    if rng.random() < 0.8:
        rows = np.flatnonzero(hole.any(axis=1))
        shadow = np.zeros_like(share)
        drop = max(1, round(rng.integers(2, 14) * unit))
        shadow[drop:] = share[:-drop]
        shadow[: rows[0] + int(0.6 * (rows[-1] - rows[0]))] = 0  # below the object, not beside it
        out *= 1 - rng.uniform(0.3, 0.9) * cv2.GaussianBlur(shadow, (0, 0), rng.uniform(1, 5) * unit)[..., None]
    if rng.random() < 0.7:
        rim = rng.uniform(0.2, 0.8) * cv2.GaussianBlur(share, (0, 0), rng.uniform(0.8, 2.5) * unit)[..., None]
        out = out * (1 - rim) + colour * rim
    return np.where(hole[..., None], image, out.clip(0, 255).astype(np.uint8))


def _shift(start: int, length: int, side: int, rng: np.random.Generator) -> int:
    """How far a stretch of a side moves: at most an eighth of the side, and not over its ends."""
    return int(rng.integers(max(-start, -side // 8), min(side - start - length, side // 8), endpoint=True))


def _flipped(mask: Mask, rng: np.random.Generator) -> Mask:
    """Mirrored in either direction, each with probability 1/2."""
    down, across = rng.choice((1, -1), 2)
    return np.ascontiguousarray(mask[::down, ::across])


class MaskFiles:
    """Masks in files, in the order of their names (a folder, searched through) or as listed.

    Masks whose names run by hole ratio, as the irregular ones of Liu et al. (2018) do, keep the mix of ratios in both parts:

    >>> files = MaskFiles("irregular_masks")    # doctest: +SKIP
    >>> files.training(), files.held_out()      # doctest: +SKIP
    """

    HELD_OUT_EVERY = 6

    def __init__(self, source: str | Path | Sequence[str | Path], *, invert: bool = False) -> None:
        """Raises MaskError where `source` is a folder without a picture, or an empty list."""
        if isinstance(source, str | Path):
            try:
                self.paths = tuple(folders.pictures(source))
            except DataError as error:
                raise MaskError(f"there is no mask in {source}: {error}") from None
            self.names = tuple(path.relative_to(source).as_posix() for path in self.paths)
        else:
            self.paths = tuple(Path(path) for path in source)
            self.names = tuple(path.name for path in self.paths)
        if not self.paths:
            raise MaskError(f"there is no mask in {source}")
        self._invert = invert

    def held_out(self) -> MaskFiles:
        """Every sixth mask: those that evaluation uses and training never sees."""
        return MaskFiles(self.paths[self.HELD_OUT_EVERY - 1 :: self.HELD_OUT_EVERY], invert=self._invert)

    def training(self) -> MaskFiles:
        """All the others."""
        kept = [path for i, path in enumerate(self.paths) if (i + 1) % self.HELD_OUT_EVERY]
        return MaskFiles(kept, invert=self._invert)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Mask:
        return read(self.paths[index], invert=self._invert)

    def draw(self, height: int, width: int, rng: np.random.Generator) -> Mask:
        """One of the masks at random, turned by a random multiple of 90 degrees, mirrored at random, stretched to the size.

        The pixel in the middle decides, so that the hole ratio stays what it was.
        """
        mask = np.ascontiguousarray(np.rot90(self[int(rng.integers(len(self)))], int(rng.integers(4)))).astype(np.uint8)
        sized = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
        return _flipped(sized.astype(bool), rng)
