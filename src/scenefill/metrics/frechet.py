"""Whole sets of pictures against each other, in the space of a network's features: Fréchet and kernel distance, Inception Score.

With the features of the FID's own Inception these are FID (Heusel et al. 2017), KID (Binkowski et al. 2018) and IS (Salimans et
al. 2016); with any other network their values are others, and they are printed as `frechet[NETWORK]` and `kernel[NETWORK]`.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import poly_mmd


def frechet(fills: NDArray[np.floating], truths: NDArray[np.floating]) -> float:
    """|mu1 - mu2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of features (N, D) and (M, D), with unbiased covariances. NaN below 2 rows.

    It is biased upwards for few pictures: compare values of the same number of pictures alone.
    """
    if min(len(fills), len(truths)) < 2:
        return float("nan")
    distance = FrechetInceptionDistance(feature=_Features(truths.shape[1]))
    distance.set_dtype(torch.float64)
    distance.update(torch.from_numpy(truths), real=True)
    distance.update(torch.from_numpy(fills), real=False)
    return float(distance.compute())


def kernel(fills: NDArray[np.floating], truths: NDArray[np.floating]) -> float:
    """Squared maximum mean discrepancy under (x.y / D + 1)^3 of features (N, D) and (N, D): unbiased, so about 0 for equal sets.

    All rows at once, where torchmetrics averages over random subsets. NaN below 2 rows.
    """
    if min(len(fills), len(truths)) < 2:
        return float("nan")
    return float(poly_mmd(torch.from_numpy(truths), torch.from_numpy(fills)))


def inception_score(probabilities: NDArray[np.floating]) -> float:
    """exp of the mean divergence of each row from the mean row, (N, K) -> 1..K: one split, so for few pictures it is low."""
    mean = probabilities.mean(axis=0)
    divergence = probabilities * (np.log(probabilities.clip(1e-16)) - np.log(mean.clip(1e-16)))
    return float(np.exp(divergence.sum(axis=1).mean()))


class _Features(nn.Identity):
    """Hands torchmetrics what has been computed already."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features
