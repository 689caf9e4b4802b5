"""A picture in memory: its pixels, and all that saving it needs."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import ImageError
from .jpeg import JpegCoding

Pixels = NDArray[np.unsignedinteger[Any]]


class Array(Protocol):
    """What offers itself as an array: numpy's own, a torch tensor, and others."""

    def __array__(self) -> NDArray[Any]: ...


Source = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | Array
"""A path, the bytes of a file, an open binary file, a PIL image, or an array (H, W) or (H, W, 1|3|4), uint8 or uint16, RGB(A)."""

MAX_PIXELS = 160_000_000
"""Larger files are refused before they are decoded: a small file can claim a picture that fills the memory."""

LARGE = 4_000_000
"""Pixels above which PNG, TIFF and WebP are compressed fast instead of well."""

EXTENSIONS = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF",
    ".bmp": "BMP", ".gif": "GIF", ".avif": "AVIF", ".heic": "HEIF", ".heif": "HEIF",
}  # fmt: skip
"""Extension -> format of the files that can be read and written."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it was read, with what saving it needs. The arrays may be views of the source: do not write to them."""

    pixels: Pixels
    """(H, W, 3) RGB or (H, W, 1) grey, uint8 or uint16, upright."""
    alpha: Pixels | None = None
    """(H, W), dtype of `pixels`, 0 = transparent. None: opaque."""
    format: str | None = None
    """One of those of EXTENSIONS; None for arrays."""
    exif: bytes | None = None
    """With orientation 1, and without the thumbnail, which would still show what was removed."""
    icc: bytes | None = None
    xmp: bytes | None = None
    """With orientation 1 and the picture's size, without thumbnails."""
    iptc: bytes | None = None
    """IPTC-IIM records."""
    dpi: tuple[float, float] | None = None
    """Across and down."""
    comment: bytes | None = None
    texts: tuple[tuple[str, str], ...] = ()
    """Keys and texts of a PNG."""
    jpeg: JpegCoding | None = None
    lossy_webp: bool = False
    palette: NDArray[np.uint8] | None = None
    """(N, 3): the colours of a GIF."""
    turn: int = 1
    """EXIF orientation by which the stored pixels were turned upright."""
    notes: tuple[str, ...] = ()
    """What was done to it that its owner should know, a sentence each."""

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


def from_array(array: NDArray[Any]) -> Picture:
    """Raises ImageError for other kinds than a Source may be."""
    if array.dtype.kind != "u" or array.dtype.itemsize > 2 or array.ndim not in (2, 3) or not array.size:
        way_out = {"f": ": scale 0..1 to 0..255 and convert it", "i": ": convert it", "b": ": convert it"}.get(
            array.dtype.kind, ""
        )
        raise ImageError(
            f"an array must be uint8 or uint16 (H, W) or (H, W, 1|3|4), this one is {array.dtype} {array.shape}{way_out}"
        )
    samples = array.reshape(*array.shape[:2], -1).astype(array.dtype.newbyteorder("="), copy=False)
    if samples.shape[2] not in (1, 3, 4):
        way_out = ": move its first axis to the end" if array.shape[0] in (1, 3, 4) else ""
        raise ImageError(f"an array must have 1, 3 or 4 channels in its last axis, this one is {array.shape}{way_out}")
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
