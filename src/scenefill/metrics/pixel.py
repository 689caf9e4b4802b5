"""Differences of pixels: L1, L2 and PSNR over RGB values 0..255.

With a `mask`, only the hole counts: in a composited picture most pixels are identical to the truth, which flatters every method.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]

RANGE = 255.0


def l1(image: Rgb, truth: Rgb, mask: Mask | None = None) -> float:
    """Mean absolute difference in percent of the range (0..100)."""
    return float(100 / RANGE * _mean(np.abs(_difference(image, truth)), mask))


def l2(image: Rgb, truth: Rgb, mask: Mask | None = None) -> float:
    """Mean squared difference in percent of the squared range (0..100)."""
    return float(100 / RANGE**2 * _mean(_difference(image, truth) ** 2, mask))


def psnr(image: Rgb, truth: Rgb, mask: Mask | None = None) -> float:
    """Peak signal-to-noise ratio in dB over all channels: 10 log10(255^2 / MSE). `inf` where the pictures are identical."""
    error = _mean(_difference(image, truth) ** 2, mask)
    with np.errstate(divide="ignore"):
        return float(10 * np.log10(RANGE**2 / error))


def _difference(image: Rgb, truth: Rgb) -> NDArray[np.float64]:
    return image.astype(np.float64) - truth


def _mean(values: NDArray[np.float64], mask: Mask | None) -> np.float64:
    """Mean over the hole, or over everything; NaN for an empty hole."""
    chosen = values if mask is None else values[mask]
    return chosen.mean() if chosen.size else np.float64(np.nan)
