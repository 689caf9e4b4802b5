"""Discriminators: who tells a filled picture from a true one."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


class Verdict(NamedTuple):
    """What a discriminator says of a picture at one scale."""

    score: Tensor
    """(B, 1, h, w): one number per patch; larger is more real."""
    features: tuple[Tensor, ...]
    """Activations of each hidden layer, for feature matching."""


class PatchGAN(nn.Module):
    """Strided 4x4 convolutions with spectral norm, one score per patch (Isola et al. 2017; Miyato et al. 2018)."""

    def __init__(self, in_channels: int, width: int, layers: int) -> None:
        super().__init__()
        widths = [in_channels, *(width * 2 ** min(i, 3) for i in range(layers))]
        self.down = nn.ModuleList(spectral_norm(nn.Conv2d(a, b, 4, stride=2, padding=1)) for a, b in pairwise(widths))
        self.mix = spectral_norm(nn.Conv2d(widths[-1], widths[-1], 3, padding=1))
        self.score = spectral_norm(nn.Conv2d(widths[-1], 1, 3, padding=1))

    def forward(self, x: Tensor) -> Verdict:
        features = []
        for layer in (*self.down, self.mix):
            x = F.leaky_relu(layer(x), 0.2)
            features.append(x)
        return Verdict(self.score(x), tuple(features))


class MultiScaleDiscriminator(nn.Module):
    """One PatchGAN for each of the scales k = 1, 2, 3 of Eq. 8: the picture itself, halved, quartered.

    Input (B, C, H, W): the composited picture in [-1, 1], followed by a label map (B, K, H, W) of probabilities if `classes` > 0.
    """

    def __init__(self, classes: int = 0, *, scales: int = 3, width: int = 32, layers: int = 3) -> None:
        super().__init__()
        self.classes = classes
        self.per_scale = nn.ModuleList(PatchGAN(3 + classes, width, layers) for _ in range(scales))

    def forward(self, picture: Tensor) -> tuple[Verdict, ...]:
        verdicts = []
        for k, patch_gan in enumerate(self.per_scale):
            verdicts.append(patch_gan(F.avg_pool2d(picture, 2**k) if k else picture))  # the k-th scaled version
        return tuple(verdicts)
