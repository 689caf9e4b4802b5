"""EdgeConnect: lines first, colours next (Nazeri, Ng, Joseph, Qureshi, Ebrahimi 2019, arXiv 1901.00212).

The edge generator G1 draws the edges that the hole hides; the completion network G2 paints the picture along them.
Modules are named as in the authors' PyTorch checkpoints (`from_published`). Inside, pictures are in 0..1 and holes are white, as
those weights want it. Where paper and code differ, docs/models/edge-connect.md says what we took (D1, D2, ...).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ..errors import ConfigError
from ..models.guides import LUMINANCE
from .discriminators import Verdict
from .interface import Network, Prediction


@dataclass(frozen=True)
class EdgeConnectConfig:
    """The size of both networks."""

    width: int = 64
    """Channels at full resolution; twice and four times as many at 1/2 and 1/4."""
    residual_blocks: int = 8
    """Dilated residual blocks at 1/4, in each network."""

    def __post_init__(self) -> None:
        if self.width < 1 or self.residual_blocks < 0:
            given = f"given are {self.width} and {self.residual_blocks}"
            raise ConfigError(f"edge-connect: width is 1 or more and residual_blocks 0 or more, {given}")


class DilatedBlock(nn.Module):
    """x + conv(conv(x, dilated by 2)), each normalised: (B, C, h, w) -> the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(2),
            nn.Conv2d(channels, channels, 3, dilation=2, bias=False),
            nn.InstanceNorm2d(channels),
            nn.ReLU(),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=False),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.conv_block(x)
        return x + change


class Generator(nn.Module):
    """The body of G1 and G2, after Johnson et al. 2016: down twice, dilated residual blocks, up twice.

    An instance norm takes out what is added to its input and what that is multiplied with. So a convolution ahead of one has no
    bias here, and the spectral norm that the paper gives to G1 is left out: neither values nor gradients would be others (D1).
    """

    def __init__(self, inputs: int, outputs: int, config: EdgeConnectConfig) -> None:
        super().__init__()
        w = config.width

        def normalised(convolution: nn.Conv2d | nn.ConvTranspose2d) -> tuple[nn.Module, ...]:
            return convolution, nn.InstanceNorm2d(convolution.out_channels), nn.ReLU()

        self.encoder = nn.Sequential(
            nn.ReflectionPad2d(3),
            *normalised(nn.Conv2d(inputs, w, 7, bias=False)),
            *normalised(nn.Conv2d(w, 2 * w, 4, stride=2, padding=1, bias=False)),
            *normalised(nn.Conv2d(2 * w, 4 * w, 4, stride=2, padding=1, bias=False)),
        )
        self.middle = nn.Sequential(*(DilatedBlock(4 * w) for _ in range(config.residual_blocks)))
        self.decoder = nn.Sequential(
            *normalised(nn.ConvTranspose2d(4 * w, 2 * w, 4, stride=2, padding=1, bias=False)),
            *normalised(nn.ConvTranspose2d(2 * w, w, 4, stride=2, padding=1, bias=False)),
            nn.ReflectionPad2d(3),
            nn.Conv2d(w, outputs, 7),
        )
        _initialise(self)

    def body(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W) float32, before the last activation."""
        x = self.decoder(self.middle(self.encoder(x)))
        return x.float()


class EdgeGenerator(Generator):
    """G1."""

    luminance: Tensor

    def __init__(self, config: EdgeConnectConfig) -> None:
        super().__init__(3, 1, config)
        self.register_buffer("luminance", torch.from_numpy(LUMINANCE).view(1, 3, 1, 1), persistent=False)

    def forward(self, image: Tensor, mask: Tensor, edges: Tensor) -> Tensor:
        """C_pred: (B, 1, H, W) in 0..1, the probability of an edge at each pixel, known ones included.

        image: (B, 3, H, W) in [-1, 1].   mask: (B, 1, H, W), 1 = hole.   edges: (B, 1, H, W), 1 = edge.
        What stands inside the hole has no influence.
        """
        grey = (_white_hole(image, mask) * self.luminance).sum(dim=1, keepdim=True)
        return torch.sigmoid(self.body(torch.cat((grey, edges * (1 - mask), mask), dim=1)))  # Eq. 1


class CompletionNetwork(Generator):
    """G2."""

    def __init__(self, config: EdgeConnectConfig) -> None:
        super().__init__(4, 3, config)

    def forward(self, image: Tensor, mask: Tensor, edges: Tensor) -> Tensor:
        """I_pred: (B, 3, H, W) in [-1, 1], the whole picture.

        image, mask: as for G1.   edges: (B, 1, H, W) in 0..1, of the whole picture: C_comp.
        """
        return torch.tanh(self.body(torch.cat((_white_hole(image, mask), edges), dim=1)))  # Eq. 5


class EdgeConnect(Network):
    """G1, then G2. Input and output as `Network.forward` and `Prediction` say; H and W are multiples of 4."""

    Config = EdgeConnectConfig
    stride = 4
    guide: ClassVar[str | None] = "edges"

    def __init__(self, config: EdgeConnectConfig) -> None:
        super().__init__()
        self.config = config
        self.edge = EdgeGenerator(config)
        self.inpaint = CompletionNetwork(config)

    def forward(self, image: Tensor, mask: Tensor, hints: Tensor, forbid: Tensor, guide: Tensor | None = None) -> Prediction:
        """See Network.forward. guide: (B, 2, H, W) as `guides.edge_guide` makes it; None: the known pixels have no edges."""
        if guide is None:
            guide = torch.cat((torch.zeros_like(mask), 1 - mask), dim=1)
        known, believed = guide[:, :1], guide[:, 1:]
        predicted = self.edge(image, mask, known)
        return Prediction(self.inpaint(image, mask, compose_edges(predicted, known, believed)), None)


def compose_edges(predicted: Tensor, known: Tensor, believed: Tensor) -> Tensor:
    """C_comp: the known edges where they are to be believed, those of G1 elsewhere; all (B, 1, H, W) in 0..1."""
    return known * believed + predicted * (1 - believed)


def _white_hole(image: Tensor, mask: Tensor) -> Tensor:
    """A picture in [-1, 1] in 0..1, its hole white."""
    return (image + 1) / 2 * (1 - mask) + mask


class Discriminator(nn.Module):
    """D1 and D2: the 70x70 PatchGAN (Isola et al. 2017) with spectral norm. (B, C, H, W) -> about (H/8, W/8) scores."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        widths = (inputs, width, 2 * width, 4 * width, 8 * width, 1)
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, 4, stride=2 if i < 3 else 1, padding=1, bias=False) for i, (a, b) in enumerate(pairwise(widths))
        )
        _initialise(self)
        for layer in self.layers:
            spectral_norm(layer)

    def forward(self, x: Tensor) -> Verdict:
        *hidden, score = self.layers
        features = []
        for layer in hidden:
            x = F.leaky_relu(layer(x), 0.2)
            features.append(x)
        return Verdict(score(x), tuple(features))


def _initialise(module: nn.Module) -> None:
    """The authors' initial weights."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def from_published(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The authors' names and tensors of G1 or G2 -> ours, those of `Generator`. They are the same, but for

    * weight_orig, weight_u, weight_v of spectral norm: weight = weight_orig / (u^T weight_orig v);
    * a weight beside weight_orig, as torch wrote it before version 1.0: it is that quotient already;
    * a bias ahead of an instance norm, which takes it out again: left aside.
    """
    ours = {}
    for name, tensor in state.items():
        layer, _, kind = name.rpartition(".")
        u, v = state.get(f"{layer}.weight_u"), state.get(f"{layer}.weight_v")
        if kind == "weight_orig" and u is not None and v is not None:
            rows = tensor.transpose(0, 1) if layer.startswith("decoder") else tensor  # outputs of a transposed one come second
            ours[f"{layer}.weight"] = tensor / torch.dot(u, rows.flatten(1) @ v)
        elif kind not in ("weight_orig", "weight_u", "weight_v") and (kind != "bias" or layer == "decoder.7"):
            ours[name] = tensor
    return ours
