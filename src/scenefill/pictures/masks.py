"""Hole masks: read, checked, grown and resized. shapes.py makes them.

A mask is a bool array (H, W), True = hole. Files and integer arrays are white (at least half of their range) = hole.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError, MaskError
from . import images

if TYPE_CHECKING:
    from PIL.Image import Image

Mask = NDArray[np.bool_]


def read(source: str | Path | BinaryIO, *, invert: bool = False) -> Mask:
    """The mask in a picture file, a path or open: (H, W) bool, True = hole. See `from_array` for what counts as hole.

    Raises MaskError where the file is missing, cannot be read, or holds only 0 and 1.
    """
    try:
        picture = images.read(source)
    except ImageError as error:
        raise MaskError(f"mask {error}") from None
    return _threshold(picture.pixels, picture.alpha, invert, where=f"mask {images.name(source)}")


def from_array(array: NDArray[Any] | Image, *, invert: bool = False) -> Mask:
    """A mask from an array or a PIL image: (H, W) bool, True = hole.

    bool (H, W) is taken as it is. uint8 and uint16, (H, W) or (H, W, 1|3|4), are hole where at least half of the range (128,
    32768); colours by their luminance; with alpha, what is painted (opaque) is hole, unless everything is opaque, when the
    colours decide. `invert` turns hole and known round.

    Raises MaskError for other types and shapes, and for integers that are only 0 and 1 (no hole at all by the rule above).
    """
    if isinstance(array, np.ndarray) and array.dtype == bool:
        if array.ndim != 2 or not array.size:
            raise MaskError(f"a bool mask is an array (H, W), this one is {array.shape}")
        return ~array if invert else array.copy()
    try:
        picture = images.read(array)
    except ImageError as error:
        raise MaskError(f"mask: {error}") from None
    return _threshold(picture.pixels, picture.alpha, invert, where="mask")


def _threshold(pixels: NDArray[Any], alpha: NDArray[Any] | None, invert: bool, where: str) -> Mask:
    half = 128 if pixels.dtype == np.uint8 else 32768
    if alpha is not None and (alpha < half).any():
        hole = alpha >= half
    else:
        if pixels.max() == 1:
            raise MaskError(f"{where} holds only 0 and 1: a mask is bool, or black (0) with white (255) where the hole is")
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.shape[2] == 3 else pixels[:, :, 0]
        hole = grey >= half
    return np.asarray(~hole if invert else hole)


def write(mask: Mask, path: str | Path, *, overwrite: bool = False) -> None:
    """Writes a mask as a grey picture, 255 = hole, 0 = known. Raises OutputError as `images.write` does."""
    images.write_grey(mask.astype(np.uint8) * np.uint8(255), path, overwrite=overwrite)


def check(mask: Mask, size: tuple[int, int]) -> None:
    """Raises MaskError where a mask does not have the photo's `size` (H, W), or leaves no known pixel."""
    if mask.shape != tuple(size):
        raise MaskError(
            f"the mask is {mask.shape[1]}x{mask.shape[0]} and the photo {size[1]}x{size[0]} (width x height): "
            "give a mask of the photo's size, or --resize-mask (in Python: resize_mask=True)"
        )
    if mask.all():
        raise MaskError(
            "the mask is all hole: there is no known pixel to go by; is it meant the other way round (--invert-mask)?"
        )


def ratio(mask: Mask) -> float:
    """Share of the picture that is hole, 0..1."""
    return float(mask.mean())


def dilate(mask: Mask, pixels: float) -> Mask:
    """The hole grown by every pixel that is at most `pixels` away from it (Euclidean, so corners become round)."""
    if pixels < 0:
        raise MaskError(f"a hole can be grown by 0 pixels or more, not by {pixels}")
    if not mask.any():
        return mask.copy()
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) <= pixels)


def connected(seeds: Mask, area: Mask) -> Mask:
    """The parts of an area, connected by sides or corners, that hold a seed; both (H, W)."""
    _, number = cv2.connectedComponents(area.astype(np.uint8))
    return area & np.isin(number, np.unique(number[seeds & area]))


def resize(mask: Mask, height: int, width: int) -> Mask:
    """The mask at another size. Where it shrinks, a pixel that covers any hole is hole, so that no part of a hole is left out."""
    rows, columns = mask.shape
    if (rows, columns) == (height, width):
        return mask.copy()
    cover = mask.astype(np.float32)
    if height < rows or width < columns:
        shrunk = cv2.resize(cover, (min(width, columns), min(height, rows)), interpolation=cv2.INTER_AREA)
        cover = (shrunk > 0).astype(np.float32)
    return np.asarray(cv2.resize(cover, (width, height), interpolation=cv2.INTER_LINEAR) >= 0.5)
