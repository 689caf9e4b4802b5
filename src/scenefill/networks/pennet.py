"""PEN-Net: Pyramid-context Encoder Network (Zeng, Fu, Chao, Guo, CVPR 2019, arXiv 1904.07475).

Read from the bottom up: six strided convolutions give phi^1..phi^6. From the deepest on, an Attention Transfer Network makes
psi^l out of phi^l: psi^{l+1}, one scale coarser and filled already, tells it which patch looks like which. The decoder joins its
own features with psi^l, scale by scale, and gives a picture at each.
Parameters are named and shaped as in the authors' PyTorch code, so that their weights load. How that code differs from the paper,
and ours from that code, is in docs/models/pen-net.md.
"""

from __future__ import annotations

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

SCALES = 5
"""Scales at which features are transferred; the encoder goes one further, to 1/64."""
SOFTMAX_SCALE = 10.0
DILATIONS = (1, 2, 4, 8)
BARRED = 1e4
"""Taken off the score of a patch that is all hole. Where the hole touches every patch, those that it touches least are left."""
PARTS = (16, 1, 1, 1, 1)
"""In how many parts the queries of scale 1, 2, ... are answered: scores of scale 1 are sixteen times those of scale 2."""


@dataclass(frozen=True)
class PENNetConfig:
    """Everything that shapes the network."""

    cnum: int = 16
    """Channels of phi^1; the others are multiples. The authors' weights have 32."""
    reference: bool = False
    """As the authors' code computes: patches of the hole keep a part of the attention. False: they get none."""

    def __post_init__(self) -> None:
        if self.cnum < 4 or self.cnum % 4:
            raise ConfigError(f"pen-net: cnum is a multiple of 4, one part for each dilation; given is {self.cnum}")


class AttentionTransfer(nn.Module):
    """ATN: which patch of psi^l looks like which decides of which patches psi^{l-1} is made.

    phi: (B, C, 2h, 2w) features to be filled.   psi: (B, D, h, w) filled features, one scale coarser.
    touched: (B, 1, h, w), 1 = this cell touches the hole.   Returns psi^{l-1}: (B, C, 2h, 2w).

    size: side of the patches of psi that are compared.   parts: queries are answered in so many parts, one after the other, which
    bounds the memory; h w must be a multiple of it. In training the gradient needs all scores anyway.
    """

    def __init__(self, channels: int, *, size: int, refine: bool, parts: int, reference: bool) -> None:
        super().__init__()
        self.size, self.refine, self.parts, self.reference = size, refine, parts, reference
        for i, dilation in enumerate(DILATIONS if refine else ()):
            conv = nn.Conv2d(channels, channels // len(DILATIONS), 3, padding=dilation, dilation=dilation)
            self.add_module(f"conv{i:02}", nn.Sequential(conv, nn.ReLU()))

    def forward(self, phi: Tensor, psi: Tensor, touched: Tensor) -> Tensor:
        queries = F.unfold(psi, self.size, padding=self.size // 2)  # (B, D size^2, h w)
        keys = queries / torch.linalg.vector_norm(queries, dim=1, keepdim=True).clamp(min=1e-4)
        values = F.unfold(phi, 4, padding=1, stride=2).transpose(1, 2)  # (B, h w, 16 C)
        hole = F.avg_pool2d(touched, self.size, 1, self.size // 2).flatten(2)  # (B, 1, h w), share of each that is hole
        parts = 1 if self.training else self.parts
        b, d, _ = queries.shape
        rows = queries.transpose(1, 2).reshape(b, parts, -1, d).unbind(1)
        mixed = torch.cat([torch.bmm(self._weights(part, keys, hole), values) for part in rows], dim=1)
        filled = F.fold(mixed.transpose(1, 2), phi.shape[2:], 4, padding=1, stride=2) / 4  # patches overlap fourfold
        if not self.refine:
            return filled
        return torch.cat([self.get_submodule(f"conv{i:02}")(filled) for i in range(len(DILATIONS))], dim=1)

    def _weights(self, queries: Tensor, keys: Tensor, hole: Tensor) -> Tensor:
        """(B, queries, h w): of which patches each is made."""
        scores = SOFTMAX_SCALE * torch.bmm(queries, keys).float()  # cosine of the two patches, but for the length of the query
        if not self.reference:
            least = hole.amin(dim=2, keepdim=True)  # 0 unless every patch is touched by the hole
            return (scores - BARRED * (hole - least)).softmax(dim=2)
        known = (hole == 0).float()
        return ((scores * known).softmax(dim=2) * known).clamp(min=1e-8)  # exp(0) is 1: patches of the hole take their share


def double(x: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, C, 2h, 2w), bilinear; corners stay where they are."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=True)


class PENNet(Network):
    """The whole network. Input and output as `Network.forward` and `Prediction` say; H and W are multiples of 64.

    `images_per_scale` holds the decoder's picture and, from 1/2 down to 1/32, those of its five heads.
    """

    Config = PENNetConfig
    stride = 2 ** (SCALES + 1)

    def __init__(self, config: PENNetConfig) -> None:
        super().__init__()
        self.config = config
        c = config.cnum
        widths = (4, c, 2 * c, 4 * c, 8 * c, 16 * c, 16 * c)  # of phi^0, the input, to phi^6
        for scale, (before, width) in enumerate(pairwise(widths), start=1):
            last = nn.ReLU() if scale > SCALES else nn.LeakyReLU(0.2)
            self.add_module(f"dw_conv{scale:02}", nn.Sequential(nn.Conv2d(before, width, 3, stride=2, padding=1), last))
        for scale in range(SCALES, 0, -1):
            deepest = scale == SCALES
            transfer = AttentionTransfer(
                widths[scale], size=1 if deepest else 3, refine=not deepest, parts=PARTS[scale - 1], reference=config.reference
            )
            self.add_module(f"at_conv{scale:02}", transfer)
            joined = widths[scale + 1] if deepest else 2 * widths[scale + 1]
            self.add_module(f"up_conv{scale:02}", nn.Sequential(nn.Conv2d(joined, widths[scale], 3, padding=1), nn.ReLU()))
            self.add_module(f"torgb{scale}", nn.Sequential(nn.Conv2d(2 * widths[scale], 3, 1), nn.Tanh()))
        self.decoder = nn.Sequential(nn.Conv2d(2 * c, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, 3, 3, padding=1), nn.Tanh())
        he_initialise(self)
        for layer in self.modules():  # starts near grey
            if isinstance(layer, nn.Conv2d) and layer.out_channels == 3:
                scale_down(layer, 0.1)

    def forward(self, image: Tensor, mask: Tensor, hints: Tensor, forbid: Tensor) -> Prediction:
        phi = [torch.cat((image * (1 - mask) + mask, mask), dim=1)]  # holes are white
        for scale in range(1, SCALES + 2):
            phi.append(self._at("dw_conv", scale)(phi[-1]))
        psi = joined = phi[-1]
        transferred = {}
        for scale in range(SCALES, 0, -1):
            psi = self._at("at_conv", scale)(phi[scale], psi, self._touched(mask, scale + 1))
            transferred[scale] = psi
        pictures = []
        for scale in range(SCALES, 0, -1):
            up = self._at("up_conv", scale)(double(joined))
            joined = torch.cat((up, transferred[scale]), dim=1)
            pictures.append(self.get_submodule(f"torgb{scale}")(joined).float())
        pictures.append(self.decoder(double(joined)).float())
        return Prediction(pictures[-1], None, tuple(reversed(pictures)))

    def _at(self, part: str, scale: int) -> nn.Module:
        return self.get_submodule(f"{part}{scale:02}")

    def _touched(self, mask: Tensor, scale: int) -> Tensor:
        """(B, 1, H/2^scale, W/2^scale): where the cells of a scale touch the hole; the authors look at one point of each."""
        if not self.config.reference:
            return F.max_pool2d(mask, 2**scale)
        size = (mask.shape[2] >> scale, mask.shape[3] >> scale)
        return F.interpolate(mask, size=size, mode="bilinear", align_corners=True)


class PatchDiscriminator(nn.Module):
    """The authors' discriminator: 5x5 convolutions with spectral norm, the score apart; a picture of 256 has 27 x 27 patches.

    Input (B, 3, H, W): the composited picture in [-1, 1].
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        widths = (3, width, 2 * width, 4 * width, 8 * width)
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(before, after, 5, stride, padding=1, bias=False))
            for (before, after), stride in zip(pairwise(widths), (2, 2, 2, 1), strict=True)
        )
        self.score = nn.Conv2d(widths[-1], 1, 5, padding=1)

    def forward(self, picture: Tensor) -> Verdict:
        features = []
        for layer in self.layers:
            picture = F.leaky_relu(layer(picture), 0.2)
            features.append(picture)
        return Verdict(self.score(picture), tuple(features))
