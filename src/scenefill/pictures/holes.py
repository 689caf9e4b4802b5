"""What of a picture or an array is hole: decided by what it holds, refused only where it could be meant in two ways.

    bool                         True is the hole
    two numbers                  the higher one is the hole: 0 and 1, 0 and 255, 0.0 and 0.4
    numbers                      half of their range and more: of 1 for floats, of 255 or 65535 for integers
    a layer, partly transparent  what is painted, in whatever colour
    one colour on a dark ground  the colour
    black, grey and white        white: luminances are numbers as above

Arrays are (H, W), or (H, W, 1|3|4) of RGB(A).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import MaskError

Mask = NDArray[np.bool_]

_HALF = 128
_COLOURED = 32
"""Of 255: a pixel whose channels differ by more than this has a colour. Compression makes grey pixels differ by less."""
_OFF = 64
"""Of 255: how far a shade may lie from the line between the ground and the paint; blurred and compressed edges lie nearer."""
_SPECK, _EDGE = 5, 17
"""Odd colours are an artefact of an edge where no square of _SPECK pixels has them, and each has hole in a square of _EDGE."""
_PHOTO = 64
"""A painted layer has fewer colours than this, counted in steps of 8."""


def of_array(array: NDArray[Any], where: str, *, inverted: bool = False) -> Mask:
    """The hole in an array (H, W), or (H, W, 1|3|4) of RGB(A), of bools, integers or floats. Raises as `of_samples` does."""
    given = f"this one is {array.dtype} {array.shape}"
    while array.ndim > 3 or (array.ndim == 3 and array.shape[0] == 1 and array.shape[2] not in (1, 3, 4)):
        if array.shape[0] != 1:
            break
        array = array[0]
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.dtype == bool:
        if array.ndim != 2 or not array.size:
            raise MaskError(f"a bool mask is an array (H, W), {given}")
        return array.copy()
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.dtype.kind not in "uif" or array.ndim not in (2, 3) or channels not in (1, 3, 4) or not array.size:
        raise MaskError(f"{where} must be an array (H, W) or (H, W, 1|3|4) of bools, integers or floats, {given}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise MaskError(f"{where} has numbers that are not finite (NaN or infinity): say with 0 and 1 what is hole")
    if array.ndim == 2:
        return _of_numbers(array, where)
    top = _top(array, array.min(), array.max())
    if top is None:
        raise MaskError(f"{where} has colours of {array.min()} to {array.max()}: floats are 0 to 1, integers 0 to 255 or 65535")
    samples = np.rint(array.astype(np.float32) * (255 / top)).astype(np.uint8)
    return of_samples(samples[:, :, :3], samples[:, :, 3] if channels == 4 else None, where, inverted=inverted)


def of_samples(pixels: NDArray[Any], alpha: NDArray[Any] | None, where: str, *, inverted: bool = False) -> Mask:
    """The hole in a picture: pixels (H, W, 1|3) and alpha (H, W), uint8 or uint16. Raises MaskError.

    inverted: the answer will be turned round, so that a photo with a transparent part is no longer ambiguous.
    """
    half = _HALF if pixels.dtype == np.uint8 else 256 * _HALF
    if alpha is not None and (alpha < half).any():
        if not inverted and _colours(pixels[alpha >= half]) >= _PHOTO:
            raise MaskError(
                f"{where} is a photo with a transparent part, and in a mask what is painted is the hole: "
                "give it as the photo and leave the mask out, or turn it round (--invert-mask)"
            )
        return _of_numbers(alpha, f"{where}, by how opaque it is,")
    if pixels.shape[2] == 1:
        return _of_numbers(pixels[:, :, 0], where)
    eight = pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
    red, green, blue = (np.ascontiguousarray(eight[:, :, k]) for k in range(3))
    coloured = cv2.max(cv2.max(red, green), blue) - cv2.min(cv2.min(red, green), blue) > _COLOURED
    if coloured.any():
        return _of_colours(np.ascontiguousarray(eight), coloured, where)
    return _of_numbers(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY), where)


# ------------------------------------------------------------------------------------------------------------------ numbers


def _top(values: NDArray[Any], low: float, high: float) -> int | None:
    """What stands for all hole where `low` and `high` are the ends; None where nothing says so."""
    if low < 0:
        return None
    if high <= 1:
        return 1
    if values.dtype.kind == "f":
        return None
    if high <= 255 and values.dtype != np.uint16:
        return 255
    return 65535 if high <= 65535 else None


def _of_numbers(values: NDArray[Any], where: str) -> Mask:
    low, high = values.min(), values.max()
    top = _top(values, low, high)
    highest = np.asarray(values == high)
    apart = not low or top is None or 8 * (float(high) - float(low)) >= top
    if low < high and apart and np.asarray(highest | (values == low)).all():
        return highest
    if top is None:
        raise MaskError(f"{where} holds {low:g} to {high:g}: floats are 0 to 1, integers 0 to 255 or 65535, or two values only")
    hole = np.asarray(values >= (top / 2 if values.dtype.kind == "f" else (top + 1) // 2))
    if low < high and not hole.any():
        raise MaskError(
            f"{where} holds several values and none that reaches half of {top}, the highest is {high:g}: "
            "make the hole white, or give two values only"
        )
    return hole


# ------------------------------------------------------------------------------------------------------------------ colours


def _of_colours(pixels: NDArray[np.uint8], coloured: Mask, where: str) -> Mask:
    """The hole in 8-bit pixels (H, W, 3), some of which are coloured."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    white = np.asarray((grey >= _HALF) & ~coloured)
    if white.any():
        if _matters(coloured, white):
            raise MaskError(
                f"{where} holds white and {_name(_middle(pixels, coloured))}, and either could be the hole: "
                "paint the hole in one colour on black or on transparency"
            )
        return np.asarray(grey >= _HALF)
    if coloured.all():
        if (np.ptp(pixels.reshape(-1, 3), axis=0) > _OFF).any():
            raise MaskError(f"{where} holds several colours and no ground: paint the hole in one on black or on transparency")
        return coloured
    ground = _middle(pixels, ~coloured)
    apart = pixels.astype(np.float32) - ground
    distance = np.sqrt(cv2.transform(cv2.multiply(apart, apart), np.ones((1, 3), np.float32)))
    paint = _middle(pixels, coloured & (distance >= 0.9 * distance[coloured].max()))
    line = paint - ground
    share = cv2.transform(apart, (line / (line @ line))[None])
    off = np.sqrt(np.maximum(distance**2 - share**2 * float(line @ line), 0)) > _OFF
    hole = np.asarray(share >= 0.5)
    if _matters(off, hole):
        raise MaskError(
            f"{where} holds {_name(paint)}, {_name(_middle(pixels, off))} and a ground: paint the hole in one colour, "
            "or give a mask of black and white"
        )
    return hole


def _matters(odd: Mask, hole: Mask) -> bool:
    """Whether pixels are more than what blur and compression leave along the edge of a hole."""
    if not odd.any():
        return False
    solid = cv2.erode(odd.astype(np.uint8), np.ones((_SPECK, _SPECK), np.uint8), borderValue=0)
    near = cv2.dilate(hole.astype(np.uint8), np.ones((_EDGE, _EDGE), np.uint8))
    return bool(solid.any() or (odd & (near == 0)).any())


def _middle(pixels: NDArray[np.uint8], where: Mask) -> NDArray[np.float32]:
    return np.asarray(np.median(pixels[where], axis=0), np.float32)


def _colours(pixels: NDArray[Any]) -> int:
    """How many colours there are among pixels (N, 1|3), in steps of an eighth of a byte."""
    coarse = (pixels.astype(np.uint32) * 32) // (int(np.iinfo(pixels.dtype).max) + 1)
    return len(np.unique(coarse @ (32 ** np.arange(pixels.shape[1], dtype=np.uint32))))


def _name(colour: NDArray[np.float32]) -> str:
    return "({}, {}, {})".format(*(round(float(value)) for value in colour))
