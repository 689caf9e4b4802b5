"""Structure of a fill: SSIM, the seam along the hole's border, how much detail lies inside, and whether it is a checkerboard."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics.functional.image import (
    multiscale_structural_similarity_index_measure,
    structural_similarity_index_measure,
)

from ..errors import ImageError
from ..pictures.masks import dilate
from .pixel import RANGE, Mask, Rgb

SEAM_BAND = 4
"""Gradients at most this many pixels from the hole's border, on either side, are what `seam` compares the border with."""

FLAT = 1 / 12
"""Variances of luma up to this are those of rounding to whole grey levels."""

PERIODS = (2, 4, 8, 16)
"""Strides of networks, in pixels: what an uneven layer leaves repeats itself after one of them (Odena et al., Distill 2016)."""

MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the five scales, finest first (Wang, Simoncelli, Bovik 2003)."""


def ssim_map(image: Rgb, truth: Rgb) -> NDArray[np.float32]:
    """(H, W) structural similarity of each pixel's surroundings (Wang et al. 2004), -1..1, mean of the three channels.

    Gaussian window 11, sigma 1.5, data range 255, RGB; torchmetrics, which reflects the picture at its edges.
    """
    _, similarity = structural_similarity_index_measure(_batch(image), _batch(truth), data_range=RANGE, return_full_image=True)
    pixels: NDArray[np.float32] = similarity[0].mean(dim=0).numpy()
    return pixels


def ssim(image: Rgb, truth: Rgb, mask: Mask | None = None) -> float:
    """Mean of `ssim_map` over the picture, or over the windows whose middle is in the hole."""
    similarity = ssim_map(image, truth)
    chosen = similarity if mask is None else similarity[mask]
    return float(chosen.mean(dtype=np.float64)) if chosen.size else float("nan")


def ms_ssim(image: Rgb, truth: Rgb) -> float:
    """Multi-scale SSIM with the window of `ssim`: 5 scales where the smaller side has at least 176 pixels, else the finest 4.

    The four weights are scaled to a sum of 1. Negative similarities count as 0. Raises ImageError below 99 pixels.
    """
    height, width = truth.shape[:2]
    if min(height, width) < 99:
        raise ImageError(f"MS-SSIM of 4 scales needs pictures of at least 99x99, this one is {width}x{height}")
    weights = MS_SSIM_WEIGHTS if min(height, width) >= 176 else MS_SSIM_WEIGHTS[:4]
    betas = tuple(weight / sum(weights) for weight in weights)
    similarity = multiscale_structural_similarity_index_measure(
        _batch(image), _batch(truth), data_range=RANGE, betas=betas, normalize="relu"
    )
    return float(similarity)


def seam(image: Rgb, truth: Rgb, mask: Mask) -> float:
    """How visible the hole's border is: 1 as visible as in the truth (invisible), above 1 a seam, below 1 smeared over."""
    return visibility(image, mask) / visibility(truth, mask)


def visibility(image: Rgb, mask: Mask) -> float:
    """How much the picture changes across the hole's border, against how much it does close by.

    Of the steps |Y(p) - Y(q)| between neighbouring pixels (4-neighbours, luma 0..255): the mean of those that cross the border,
    over the mean of those that do not and lie within SEAM_BAND of it. Both means are raised by 1 grey level, so that flat
    surroundings (a clear sky) give no huge ratio.
    """
    near = dilate(mask, SEAM_BAND) & dilate(~mask, SEAM_BAND)
    crossing = [first != second for first, second in _neighbours(mask)]
    nearby = [first & second & ~cross for (first, second), cross in zip(_neighbours(near), crossing, strict=True)]
    steps = [np.abs(step) for step in _steps(image)]
    return (_mean(steps, crossing) + 1) / (_mean(steps, nearby) + 1)


def gradient_energy(image: Rgb, mask: Mask) -> float:
    """Mean squared step of luma (0..255) between 4-neighbours that are both inside the hole; the border itself does not count."""
    inside = [first & second for first, second in _neighbours(mask)]
    return _mean([step**2 for step in _steps(image)], inside)


def sharpness(image: Rgb, truth: Rgb, mask: Mask) -> float:
    """Gradient energy of the fill over the truth's: below 1 is blur, above 1 is noise. NaN where the truth is flat."""
    energy = gradient_energy(truth, mask)
    return gradient_energy(image, mask) / energy if energy else float("nan")


def repetition(image: Rgb, mask: Mask) -> float:
    """How much of the fill repeats itself with the pixel grid, after 2, 4, 8 or 16 pixels; about 1 for each of them by chance.

    For each period p, luma less its mean over the (2p+1)^2 pixels of the hole around it is sorted into p^2 classes by the
    position of a pixel modulo p. The variance between the means of the classes, times the size of a class, over that of all
    pixels is the F of a one-way analysis of variance; they are added up. Photos have less than chance, since neighbouring pixels
    lie in different classes and are alike, and more where windows happen to fit. NaN without a hole or in a flat one.
    """
    luma, known = _luma(image), mask.astype(np.float64)
    rows, columns = np.nonzero(mask)
    total = 0.0
    for period in PERIODS:
        side = 2 * period + 1
        summed, pixels = (cv2.boxFilter(values, -1, (side, side), normalize=False) for values in (luma * known, known))
        residual = (luma - summed / pixels.clip(1))[mask]
        place = rows % period * period + columns % period
        sums, counts = (np.bincount(place, weight, period**2) for weight in (residual, None))
        variance = residual.var() if residual.size else 0.0
        if variance <= FLAT:
            return float("nan")
        total += float((sums**2 / counts.clip(1)).sum() / period**2 / variance)
    return total


def checkerboard(image: Rgb, truth: Rgb, mask: Mask) -> float:
    """`repetition` of the fill over the truth's: 1 or less is none, clearly above 1 a pattern of the network's own."""
    return repetition(image, mask) / repetition(truth, mask)


def _batch(image: Rgb) -> Tensor:
    return torch.from_numpy(image.astype(np.float32).transpose(2, 0, 1)[None])


def _steps(image: Rgb) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Differences of luma between neighbours: (H, W-1) across, (H-1, W) down."""
    luma = _luma(image)
    return np.diff(luma, axis=1), np.diff(luma, axis=0)


def _luma(image: Rgb) -> NDArray[np.float64]:
    """Rec. 601, (H, W), 0..255."""
    luma: NDArray[np.float64] = image @ np.array([0.299, 0.587, 0.114])
    return luma


def _neighbours(mask: Mask) -> tuple[tuple[Mask, Mask], tuple[Mask, Mask]]:
    """The two ends of each of `_steps`."""
    return (mask[:, :-1], mask[:, 1:]), (mask[:-1], mask[1:])


def _mean(steps: list[NDArray[np.float64]], chosen: list[Mask]) -> float:
    values = np.concatenate([step[which] for step, which in zip(steps, chosen, strict=True)])
    return float(values.mean()) if values.size else float("nan")
