"""Fréchet distance between two sets of pictures, each seen as a Gaussian in the space of a network's features.

With Inception features this is the FID (Heusel et al. 2017); with any other network its value is another and it is printed as
`frechet[NETWORK]`, never as FID.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance


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


class _Features(nn.Identity):
    """Hands torchmetrics what has been computed already."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features
