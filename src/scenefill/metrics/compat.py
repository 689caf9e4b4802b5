"""The formulas of other projects, so that old tables can be compared. Each carries its project's name wherever it is printed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .pixel import RANGE, Rgb

GREY = np.array([0.2125, 0.7154, 0.0721])
"""Rec. 709, as scikit-image makes grey pictures."""


def relative_l1(image: Rgb, truth: Rgb) -> float:
    """sum |a - b| / sum (a + b), 0..1: what PEN-Net, EdgeConnect and AOT-GAN print as "MAE"."""
    a, b = image.astype(np.float64), truth.astype(np.float64)
    return float(np.abs(a - b).sum() / (a + b).sum()) if (a + b).any() else float("nan")


def summed(image: Rgb, truth: Rgb, power: int) -> float:
    """sum |a - b|^power over all values in 0..1: the l1 and l2 of SPG-Net.

    The paper gives no unit. At 256x256x3 values its l2 of 169.3, 94.78 and 98.95 would be PSNRs of 30.6, 33.2 and 33.0 dB, and it
    prints 30.34, 33.57 and 34.26; no other usual scale comes near.
    """
    return float((np.abs(image.astype(np.float64) - truth) ** power).sum() / RANGE**power)


def ssim(image: Rgb, truth: Rgb, window: int, *, grey: bool = False) -> float:
    """SSIM with a square window of equal weights and sample covariances, windows inside the picture only, mean of the channels.

    That is scikit-image's default, which PEN-Net (window 51), EdgeConnect (51, grey) and AOT-GAN (7) call. NaN where the picture
    is smaller than the window.
    """
    if min(truth.shape[:2]) < window:
        return float("nan")
    x, y = (_channels(picture, grey) for picture in (image, truth))
    means = _mean(x, window), _mean(y, window)
    scale = window**2 / (window**2 - 1)
    xx, yy, xy = (scale * (_mean(a * b, window) - ma * mb) for a, b, ma, mb in (
        (x, x, means[0], means[0]), (y, y, means[1], means[1]), (x, y, *means)))  # fmt: skip
    c1, c2 = (0.01 * RANGE) ** 2, (0.03 * RANGE) ** 2
    luminance = (2 * means[0] * means[1] + c1) / (means[0] ** 2 + means[1] ** 2 + c1)
    edge = (window - 1) // 2
    similarity = luminance * (2 * xy + c2) / (xx + yy + c2)
    height, width = truth.shape[:2]
    return float(similarity[edge : height - edge, edge : width - edge].mean())


def _channels(picture: Rgb, grey: bool) -> NDArray[np.float64]:
    values = picture.astype(np.float64)
    return values @ GREY if grey else values


def _mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    return np.asarray(cv2.blur(values, (window, window)), np.float64)
