"""Does the confidence mean something: expected calibration error, and its correlation with the error of the picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BINS = 15
"""Equal steps of confidence from 0 to 1."""


def reliability(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> Array:
    """(BINS, 3): pixels, sum of confidence and number of right pixels in each bin of confidence (0..1). Sums of these add up."""
    at = np.minimum((confidence.ravel() * BINS).astype(np.intp), BINS - 1)
    columns = (None, confidence.ravel(), right.ravel())
    return np.stack([np.bincount(at, weights, minlength=BINS) for weights in columns], axis=1).astype(np.float64)


def ece(bins: Array) -> Array:
    """Expected calibration error (Guo et al. 2017) of reliability counts (..., BINS, 3) -> (...), 0..1. NaN without pixels.

    Mean over the pixels of |accuracy - mean confidence| of their bin.
    """
    pixels, confidence, right = np.moveaxis(bins, -1, 0)
    total = pixels.sum(axis=-1)
    gaps = np.abs(right - confidence).sum(axis=-1)
    return np.asarray(np.divide(gaps, total, out=np.full(np.shape(total), np.nan), where=total > 0))


def discrimination(bins: Array) -> Array:
    """Area under the ROC curve of reliability counts (..., BINS, 3) -> (...), 0..1: the chance that the confidence of a right
    pixel lies in a higher bin than that of a wrong one; the same bin counts as half. NaN without either kind."""
    right = bins[..., 2]
    wrong = bins[..., 0] - right
    below = np.cumsum(wrong, axis=-1) - wrong / 2
    pairs = right.sum(axis=-1) * wrong.sum(axis=-1)
    won = (right * below).sum(axis=-1)
    return np.asarray(np.divide(won, pairs, out=np.full(np.shape(pairs), np.nan), where=pairs > 0))


def moments(x: float, y: float) -> Array:
    """(6,) what one pair adds to a correlation: 1, x, y, x^2, y^2, xy."""
    return np.array([1, x, y, x * x, y * y, x * y])


def correlation(sums: Array) -> Array:
    """Pearson's r of sums or means of `moments` (..., 6) -> (...), -1..1. NaN where one side does not vary."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    covariance = n * xy - x * y
    spread = (n * xx - x * x) * (n * yy - y * y)
    varies = spread > 1e-12 * (n * xx * n * yy)
    r = np.divide(covariance, np.sqrt(np.where(varies, spread, 1)), out=np.full(np.shape(n), np.nan), where=varies)
    return np.asarray(r)
