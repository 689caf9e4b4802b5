"""From a photo and its label map to a training crop: one random draw per sample, all on arrays.

`image` is (H, W, 3) uint8 RGB, `labels` (H, W) uint8 ids, `rng` the one source of chance.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..labels import UNKNOWN, LabelMap
from ..pictures import masks, shapes

Image = NDArray[np.uint8]


def resize_short_side(image: Image, labels: LabelMap, short_side: int) -> tuple[Image, LabelMap]:
    """Both enlarged or shrunk until the smaller side is `short_side`; labels by nearest neighbour, so that ids stay ids."""
    height, width = labels.shape
    factor = short_side / min(height, width)
    if factor == 1:
        return image, labels
    size = (max(short_side, round(width * factor)), max(short_side, round(height * factor)))
    shrunk = cv2.resize(image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    return shrunk.astype(np.uint8), cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8)


def random_crop(image: Image, labels: LabelMap, size: int, rng: np.random.Generator) -> tuple[Image, LabelMap]:
    """A square of `size` pixels from anywhere; both sides must be at least `size`."""
    top, left = (int(rng.integers(side - size + 1)) for side in labels.shape)
    window = np.s_[top : top + size, left : left + size]
    return image[window], labels[window]


def random_flip(image: Image, labels: LabelMap, rng: np.random.Generator) -> tuple[Image, LabelMap]:
    """Left and right swapped in half of the cases."""
    return (image[:, ::-1], labels[:, ::-1]) if rng.random() < 0.5 else (image, labels)


def colour_jitter(image: Image, strength: float, rng: np.random.Generator) -> Image:
    """Brightness, contrast and saturation each changed by a factor within 1 +- strength."""
    if strength == 0:
        return image
    brightness, contrast, saturation = 1 + rng.uniform(-strength, strength, 3)
    x = image.astype(np.float32) * brightness
    x = (x - x.mean()) * contrast + x.mean()
    grey = x @ np.array([0.299, 0.587, 0.114], np.float32)
    x = (x - grey[..., None]) * saturation + grey[..., None]
    jittered: Image = np.clip(x, 0, 255).astype(np.uint8)
    return jittered


def draw_hints(labels: LabelMap, hole: masks.Mask, classes: int, rng: np.random.Generator) -> LabelMap:
    """A part of the true map inside the hole, as a person might paint it: all of it, one class, a box, or brush strokes.

    Returns (H, W) uint8, 255 where nothing is told (everywhere outside the hole, and where the truth is unknown or partial).
    """
    height, width = labels.shape
    exact = hole & (labels < classes)
    region = exact
    match rng.integers(4):
        case 1 if exact.any():
            region = exact & (labels == rng.choice(labels[exact]))
        case 2:
            region = exact & shapes.boxes(height, width, rng, count=(1, 2))
        case 3:
            region = exact & shapes.free_form(height, width, rng)
    return np.where(region, labels, UNKNOWN).astype(np.uint8)


def draw_forbidden(labels: LabelMap, hole: masks.Mask, members: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """About half of the classes that are truly absent from the hole, (K,) bool; none where too much of the hole is unknown.

    members: (256, K) bool, which classes each id may be (`LabelSet.members`).
    """
    inside = labels[hole]
    if inside.size == 0 or (inside == UNKNOWN).mean() > 0.1:
        return np.zeros(members.shape[1], bool)
    absent = ~members[np.unique(inside)].any(axis=0)
    return np.asarray(absent & (rng.random(members.shape[1]) < 0.5))
