"""Spatially-adaptive normalisation (Park et al., CVPR 2019), as SGE-Net uses it (Eq. 3)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


def normalise(f: Tensor) -> Tensor:
    """(f - mu) / sigma of each channel of each picture, (B, C, h, w), without parameters; the unguided half of Eq. 3."""
    return F.instance_norm(f, eps=1e-5)


class SPADE(nn.Module):
    """Eq. 3: normalise, then scale and shift each pixel by what the segmentation says there.

    f: (B, C, h, w).   guidance: (B, K, h, w) class probabilities of the same size.   Returns (B, C, h, w).
    gamma is read as (1 + gamma), so that an untrained layer leaves the normalised features as they are. The second convolution,
    which makes gamma and beta, is 1x1 where Park et al. have 3x3: at full resolution theirs would cost as much as the rest.
    """

    def __init__(self, channels: int, classes: int, hidden: int) -> None:
        super().__init__()
        self.shared = nn.Conv2d(classes, hidden, 3, padding=1)
        self.gamma_beta = nn.Conv2d(hidden, 2 * channels, 1)

    def forward(self, f: Tensor, guidance: Tensor) -> Tensor:
        gamma, beta = self.gamma_beta(F.relu(self.shared(guidance))).chunk(2, dim=1)
        modulated: Tensor = (1 + gamma) * normalise(f) + beta  # Eq. 3
        return modulated
