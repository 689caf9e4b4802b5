"""Free-form inpainting with gated convolution, "DeepFill v2" (Yu et al., ICCV 2019, arXiv 1806.03589).

A coarse network paints the hole; a refinement network paints it again, by two branches of which one copies from the known
surroundings (contextual attention, Yu et al., CVPR 2018, arXiv 1801.07892). Deviations: docs/models/gated-conv.md (D1, D2, ...).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ..errors import ConfigError
from .discriminators import Verdict
from .interface import Network, Prediction
from .layers import he_initialise, scale_down

SOFTMAX_SCALE = 10.0
"""lambda of contextual attention."""
MASKED_SCORE = 1e4
"""Taken off the score of a patch that touches the hole: its share of the attention is exactly 0, beside any known patch."""


@dataclass(frozen=True)
class GatedConvConfig:
    """Everything that shapes the network."""

    width: int = 48
    """Channels of the first convolution, half features and half gates; the deeper ones have two and four times as many."""

    def __post_init__(self) -> None:
        if self.width < 4 or self.width % 4:
            raise ConfigError(f"gated-conv: width is a multiple of 4, since it is halved twice; given is {self.width}")


class GatedConv(nn.Module):
    """activation(features) * sigmoid(gates), of one convolution (Sec. 3.1): (B, C, H, W) -> (B, width, H/stride, W/stride)."""

    def __init__(
        self,
        channels: int,
        width: int,
        kernel: int = 3,
        *,
        stride: int = 1,
        dilation: int = 1,
        activation: Callable[[Tensor], Tensor] = F.elu,
    ) -> None:
        super().__init__()
        padding = dilation * (kernel // 2)
        self.conv = nn.Conv2d(channels, 2 * width, kernel, stride=stride, padding=padding, dilation=dilation)
        self.activation = activation
        he_initialise(self)
        with torch.no_grad():  # fresh gates stand near 1/2, and the features make up for it (D5)
            self.conv.weight[:width].mul_(2)
            self.conv.weight[width:].mul_(0.1)

    def forward(self, x: Tensor) -> Tensor:
        features, gates = self.conv(x).chunk(2, dim=1)
        return self.activation(features) * torch.sigmoid(gates)


def upsampled(channels: int, width: int) -> nn.Sequential:
    """Twice the size: nearest neighbours, then a gated convolution."""
    return nn.Sequential(nn.Upsample(scale_factor=2.0, mode="nearest"), GatedConv(channels, width))


def dilated(width: int) -> list[nn.Module]:
    """Four gated convolutions that see further and further."""
    return [GatedConv(width, width, dilation=rate) for rate in (2, 4, 8, 16)]


class Decoder(nn.Module):
    """(B, C, H/4, W/4) -> a picture (B, 3, H, W) float32 in [-1, 1]."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(GatedConv(channels, 4 * width), GatedConv(4 * width, 4 * width)),
            *(upsampled(4 * width, 2 * width), GatedConv(2 * width, 2 * width)),
            *(upsampled(2 * width, width), GatedConv(width, width // 2)),
        )
        self.paint = nn.Conv2d(width // 2, 3, 3, padding=1)
        he_initialise(self.paint)
        scale_down(self.paint, 0.1)  # starts near grey

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.paint(self.layers(x)).float())


class CoarseNetwork(nn.Module):
    """(B, 5, H, W), that is blanked picture, ones and mask -> a first picture (B, 3, H, W) in [-1, 1]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            *(GatedConv(5, width, 5), GatedConv(width, 2 * width, stride=2), GatedConv(2 * width, 2 * width)),
            *(GatedConv(2 * width, 4 * width, stride=2), GatedConv(4 * width, 4 * width), GatedConv(4 * width, 4 * width)),
            *dilated(4 * width),
        )
        self.decoder = Decoder(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        picture: Tensor = self.decoder(self.encoder(x))
        return picture


class RefinementNetwork(nn.Module):
    """The coarse picture inside the known one (B, 3, H, W) and the mask (B, 1, H, W) -> the picture (B, 3, H, W) in [-1, 1]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dilated = nn.Sequential(
            *(GatedConv(3, width, 5), GatedConv(width, width, stride=2), GatedConv(width, 2 * width)),
            *(GatedConv(2 * width, 2 * width, stride=2), GatedConv(2 * width, 4 * width), GatedConv(4 * width, 4 * width)),
            *dilated(4 * width),
        )
        self.matched = nn.Sequential(
            *(GatedConv(3, width, 5), GatedConv(width, width, stride=2), GatedConv(width, 2 * width)),
            *(GatedConv(2 * width, 4 * width, stride=2), GatedConv(4 * width, 4 * width)),
            GatedConv(4 * width, 4 * width, activation=F.relu),
        )
        self.attended = nn.Sequential(GatedConv(4 * width, 4 * width), GatedConv(4 * width, 4 * width))
        self.decoder = Decoder(8 * width, width)

    def forward(self, picture: Tensor, mask: Tensor) -> Tensor:
        copied = contextual_attention(self.matched(picture), F.max_pool2d(mask, 8))
        refined: Tensor = self.decoder(torch.cat((self.dilated(picture), self.attended(copied)), dim=1))
        return refined


def contextual_attention(features: Tensor, hole: Tensor) -> Tensor:
    """Each place is made anew of the patches of known places that look like it (arXiv 1801.07892, Sec. 4.1).

    features: (B, C, 2h, 2w).   hole: (B, 1, h, w), above 0 = the cell of 2x2 features touches the hole.   Returns (B, C, 2h, 2w).
    Patches of 3x3 in every second row and column are compared; what is copied is the 4x4 features around them. A patch that
    touches the hole is never copied, unless there is no other (D2).
    """
    height, width = hole.shape[2:]
    patches = F.unfold(features[:, :, ::2, ::2].float(), 3, padding=1)  # (B, 9 C, h w)
    unit = patches / patches.norm(dim=1, keepdim=True).clamp(min=1e-4)
    known = (F.max_pool2d(hole, 3, stride=1, padding=1) == 0).flatten(2).float()  # (B, 1, h w)
    similarity = unit.transpose(1, 2) @ unit * known  # (B, here, there), cosines (Eq. 3 there)
    similarity = propagate(similarity, height, width)
    attention = (SOFTMAX_SCALE * similarity - MASKED_SCORE * (1 - known)).softmax(dim=2)
    wider = F.pad(features.float(), (1, 1, 1, 1), mode="replicate")
    copies = F.unfold(wider, 4, stride=2) @ attention.transpose(1, 2)  # (B, 16 C, here)
    size = (2 * height, 2 * width)
    overlaps = F.fold(torch.ones_like(copies[:1, :16]), size, 4, stride=2, padding=1)
    return F.fold(copies, size, 4, stride=2, padding=1) / overlaps


def propagate(scores: Tensor, height: int, width: int) -> Tensor:
    """Neighbours should copy from neighbours: a score gains those of the places left and right, above and below of both its ends.

    scores: (B, here, there), places in rows of `width`.   Returns the same shape (Eq. 4 of arXiv 1801.07892, k = 3).
    """
    grid = scores.view(-1, height, width, height, width)
    padded = F.pad(grid, (1, 1, 0, 0, 1, 1))
    grid = torch.stack([padded[:, :, i : i + width, :, i : i + width] for i in range(3)]).sum(dim=0)
    padded = F.pad(grid, (0, 0, 1, 1, 0, 0, 1, 1))
    grid = torch.stack([padded[:, i : i + height, :, i : i + height] for i in range(3)]).sum(dim=0)
    return grid.view_as(scores)


class GatedConvNet(Network):
    """Coarse, then refinement network (Sec. 3.3). No semantics; H and W are multiples of 8. The picture is the refined one."""

    Config = GatedConvConfig
    stride = 8

    def __init__(self, config: GatedConvConfig) -> None:
        super().__init__()
        self.config = config
        self.coarse = CoarseNetwork(config.width // 2)
        self.refinement = RefinementNetwork(config.width // 2)

    def forward(self, image: Tensor, mask: Tensor, hints: Tensor, forbid: Tensor) -> Prediction:
        known = image * (1 - mask)
        coarse = self.coarse(torch.cat((known, torch.ones_like(mask), mask), dim=1))
        return Prediction(self.refinement(coarse * mask + known, mask), None)


class SNPatchGAN(nn.Module):
    """Six strided 5x5 convolutions with spectral norm; every element of the last map is judged (Sec. 3.2).

    Input: picture (B, 3, H, W) in [-1, 1] and mask (B, 1, H, W).   The verdict's score is (B, 4 width, H/64, W/64).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        widths = (4, width, 2 * width, 4 * width, 4 * width, 4 * width, 4 * width)
        self.down = nn.ModuleList(spectral_norm(nn.Conv2d(a, b, 5, stride=2, padding=2)) for a, b in pairwise(widths))

    def forward(self, picture: Tensor, mask: Tensor) -> Verdict:
        maps = [torch.cat((picture, mask), dim=1)]
        for layer in self.down:
            maps.append(F.leaky_relu(layer(maps[-1]), 0.2))
        return Verdict(maps[-1], tuple(maps[1:-1]))
