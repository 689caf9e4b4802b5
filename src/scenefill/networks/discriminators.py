"""Discriminators: who tells a filled picture from a true one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from .efficientnet import EfficientNetLite0

HEAD_WIDTH = 64
"""Channels of a projected discriminator's hidden layers."""


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


class RandomMixing(nn.Module):
    """Fixed random mixing of a feature network's activations across channels and scales (Sauer et al., NeurIPS 2021, Sec. 3.2).

    Each activation passes a random 1x1 convolution; then, from the deepest upwards, what is below is enlarged, added, and passed
    through a random 3x3 convolution, so that a shallow head sees deep features too. Nothing in it learns.

    inputs: channels of the activations, shallow first.  deviations: their standard deviations on photos; mixed ones have about 1.
    width: channels of the shallowest mixed activation; they double with depth.
    """

    def __init__(self, inputs: Sequence[int], deviations: Sequence[float], width: int) -> None:
        super().__init__()
        self.deviations = tuple(deviations)
        self.widths = tuple(width * 2**level for level in range(len(inputs)))
        above = (self.widths[0], *self.widths[:-1])
        for level, (given, wide, narrow) in enumerate(zip(inputs, self.widths, above, strict=True)):
            self.register_buffer(f"across_channels_{level}", torch.randn(wide, given, 1, 1) / given**0.5)
            self.register_buffer(f"across_scales_{level}", torch.randn(narrow, wide, 3, 3) / (9 * wide) ** 0.5)

    def forward(self, activations: Sequence[Tensor]) -> list[Tensor]:
        """As many mixed activations, shallow first, at the sizes of the given ones."""
        mixed: list[Tensor] = []
        below: Tensor | None = None
        for level in reversed(range(len(activations))):
            x = F.conv2d(activations[level] / self.deviations[level], self.get_buffer(f"across_channels_{level}"))
            if below is not None:
                x = (x + F.interpolate(below, x.shape[2:], mode="bilinear", align_corners=False)) / 2**0.5
            mixed.insert(0, x)
            below = F.conv2d(x, self.get_buffer(f"across_scales_{level}"), padding=1)
        return mixed


class ProjectedDiscriminator(nn.Module):
    """Judges a picture through a frozen feature network (projected GANs, Sauer et al., NeurIPS 2021): made for little data.

    One small head with spectral norm for each scale of the randomly mixed features, one score per patch. The mixing is kept with
    the heads; the feature network, which never changes, is no part of the state.

    width: channels of the shallowest mixed features.
    """

    def __init__(self, features: EfficientNetLite0, *, width: int = 32) -> None:
        super().__init__()
        self.frozen = (features.eval(),)  # in a tuple, so that it is no module of ours
        self.mixing = RandomMixing(EfficientNetLite0.WIDTHS, EfficientNetLite0.DEVIATIONS, width)
        widths = self.mixing.widths
        self.hidden = nn.ModuleList(spectral_norm(nn.Conv2d(width, HEAD_WIDTH, 3, padding=1)) for width in widths)
        self.score = nn.ModuleList(spectral_norm(nn.Conv2d(HEAD_WIDTH, 1, 3, padding=1)) for _ in widths)

    def forward(self, picture: Tensor) -> tuple[Verdict, ...]:
        (features,) = self.frozen
        mixed = self.mixing(features.to(picture.device)(picture))
        verdicts = []
        for x, hidden, score in zip(mixed, self.hidden, self.score, strict=True):
            y = F.leaky_relu(hidden(x), 0.2)
            verdicts.append(Verdict(score(y), (y,)))
        return tuple(verdicts)


class Jury(nn.Module):
    """Several discriminators as one: the verdicts of all on the same picture."""

    def __init__(self, *members: nn.Module) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, picture: Tensor) -> tuple[Verdict, ...]:
        return tuple(verdict for member in self.members for verdict in member(picture))
