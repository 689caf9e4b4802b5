"""A picture in memory: its pixels, and all that saving it needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import ImageError

Pixels = NDArray[np.unsignedinteger[Any]]

Source = str | Path | BinaryIO | Image.Image | NDArray[Any]

MAX_PIXELS = 160_000_000
"""Larger files are refused before they are decoded: a small file can claim a picture that fills the memory."""

LARGE = 4_000_000
"""Pixels above which PNG, TIFF and WebP are compressed fast instead of well."""

EXTENSIONS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}
"""Extension -> format of the files that can be written. BMP and GIF can be read as well."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it was read, with what saving it needs. The arrays may be views of the source: do not write to them."""

    pixels: Pixels
    """(H, W, 3) RGB or (H, W, 1) grey, uint8 or uint16, upright."""
    alpha: Pixels | None = None
    """(H, W), dtype of `pixels`, 0 = transparent. None: opaque."""
    format: str | None = None
    """"PNG", "JPEG", "WEBP", "TIFF", "BMP" or "GIF"; None for arrays."""
    exif: bytes | None = None
    """With orientation 1, and without the thumbnail, which would still show what was removed."""
    icc: bytes | None = None
    jpeg: JpegCoding | None = None
    lossy_webp: bool = False

    @property
    def mode(self) -> str:
        """ "L", "LA", "RGB" or "RGBA", for either depth."""
        return ("L" if self.pixels.shape[2] == 1 else "RGB") + ("" if self.alpha is None else "A")

    def rgb8(self) -> NDArray[np.uint8]:
        """The picture without its alpha as a new array (H, W, 3) uint8 RGB."""
        pixels = eight_bits(self.pixels)
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), np.uint8) if pixels.shape[2] == 1 else pixels.copy()

    def replaced(self, pixels: Pixels) -> Picture:
        """This picture with other pixels of the same shape and dtype. Raises ImageError for others."""
        if pixels.shape != self.pixels.shape or pixels.dtype != self.pixels.dtype:
            given, wanted = (f"{a.dtype} {a.shape}" for a in (pixels, self.pixels))
            raise ImageError(f"the new pixels are {given}, those of the picture are {wanted}")
        return replace(self, pixels=pixels)


@dataclass(frozen=True)
class JpegCoding:
    """How a JPEG was compressed."""

    tables: tuple[tuple[int, ...], ...]
    """One quantisation table of 64 values, row by row, per component; the last one also serves the components after it."""
    subsampling: int
    """Pillow's number: 0 is 4:4:4, 1 is 4:2:2, 2 is 4:2:0."""
    progressive: bool


def from_array(array: NDArray[Any]) -> Picture:
    if array.dtype not in (np.uint8, np.uint16) or array.ndim not in (2, 3) or not array.size:
        raise ImageError(f"an array must be uint8 or uint16 (H, W) or (H, W, 1|3|4), this one is {array.dtype} {array.shape}")
    samples = array.reshape(*array.shape[:2], -1)
    if samples.shape[2] not in (1, 3, 4):
        raise ImageError(f"an array must have 1, 3 or 4 channels in its last axis, this one is {array.shape}")
    return split(samples)


def split(samples: Pixels) -> Picture:
    """Samples (H, W, 1..4) as pixels and alpha."""
    colours = samples.shape[2] - (samples.shape[2] + 1) % 2
    alpha = np.ascontiguousarray(samples[:, :, colours]) if colours < samples.shape[2] else None
    return Picture(np.ascontiguousarray(samples[:, :, :colours]), alpha)


def samples_of(picture: Picture) -> Pixels:
    """Pixels and alpha as samples (H, W, 1..4)."""
    return picture.pixels if picture.alpha is None else np.dstack([picture.pixels, picture.alpha])


def eight_bits(samples: Pixels) -> NDArray[np.uint8]:
    if samples.dtype == np.uint16:
        return np.asarray(cv2.convertScaleAbs(samples, alpha=1 / 257), np.uint8).reshape(samples.shape)
    return samples.astype(np.uint8, copy=False)
