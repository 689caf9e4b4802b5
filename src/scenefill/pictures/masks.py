"""Hole masks: read, checked, grown and resized. shapes.py makes them.

A mask is a bool array (H, W), True = hole. holes.py says what is hole in files and other arrays.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ..errors import ImageError, MaskError
from . import holes, images

Mask = holes.Mask


def read(source: images.Source, *, invert: bool = False) -> Mask:
    """The mask in a picture file, a path or open, a PIL image or an array: (H, W) bool, True = hole.

    What counts as hole stands in holes.py: bool is taken as it is, white and half of the range is hole, and so are the higher of
    two values, the one colour on a dark ground, and what is painted on a transparent layer. `invert` turns hole and known round.

    Raises MaskError where a file is missing or cannot be read, for other types and shapes, and for what can be meant in two ways.
    """
    try:
        array = images.as_array(source)
        if array is None and isinstance(source, Image.Image) and source.mode in ("I", "F"):
            array = np.asarray(source)
        picture = images.read(source) if array is None else None
    except ImageError as error:
        raise MaskError(f"mask{': ' if images.unnamed(source) else ' '}{error}") from None
    if picture is None:
        assert array is not None
        hole = holes.of_array(array, "mask", inverted=invert)
    else:
        where = "mask" if images.unnamed(source) else f"mask {images.name(source)}"
        hole = holes.of_samples(picture.pixels, picture.alpha, where, inverted=invert)
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
