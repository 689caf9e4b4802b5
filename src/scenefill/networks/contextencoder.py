"""Context Encoders (Pathak et al., CVPR 2016, arXiv 1604.07379).

An encoder and a decoder with a channel-wise fully connected layer between them. Deviations: docs/models/context-encoder.md
(D1, D2, ...).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from ..errors import ConfigError
from .discriminators import Verdict
from .interface import Network, Prediction
from .layers import BatchNorm, ChannelwiseLinear

MULTIPLES = (1, 1, 2, 4, 8)
"""Channels of the five halvings, in widths."""


@dataclass(frozen=True)
class ContextEncoderConfig:
    """Everything that shapes the network."""

    width: int = 64
    """Channels of the first convolution."""
    fixed_size: int = 128
    """Side of the only pictures that the network takes."""
    mean_colour: tuple[float, float, float] = (117.0, 104.0, 123.0)
    """RGB, 0 to 255, of the filled hole; the default is the authors'."""

    def __post_init__(self) -> None:
        if self.fixed_size < 32 or self.fixed_size % 32:
            raise ConfigError(f"context-encoder: fixed_size is a multiple of 32, given is {self.fixed_size}")


def _halving(channels: int, width: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, width, 4, stride=2, padding=1, bias=False), BatchNorm(width), nn.LeakyReLU(0.2)]


def _doubling(channels: int, width: int) -> list[nn.Module]:
    return [nn.ConvTranspose2d(channels, width, 4, stride=2, padding=1, bias=False), BatchNorm(width), nn.ReLU()]


def _encoder(width: int, halvings: int) -> nn.Sequential:
    """(B, 3, H, W) -> (B, 8 width, H/2^halvings, W/2^halvings) by at most five 4x4 convolutions."""
    widths = [width * multiple for multiple in MULTIPLES[-halvings:]]
    layers: list[nn.Module] = [nn.Conv2d(3, widths[0], 4, stride=2, padding=1, bias=False), nn.LeakyReLU(0.2)]
    for before, after in pairwise(widths):
        layers += _halving(before, after)
    return nn.Sequential(*layers)


def _initialise(network: nn.Module) -> None:
    """Convolutions from N(0, 0.02), as the authors do."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, std=0.02)


class ContextEncoder(Network):
    """Encoder, channel-wise fully connected layer, decoder (Sec. 3.1). No semantics, one size; paints the whole picture (D1)."""

    Config = ContextEncoderConfig
    stride = 32
    mean: Tensor

    def __init__(self, config: ContextEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.fixed_size = config.fixed_size
        widths = [config.width * multiple for multiple in reversed(MULTIPLES)]
        self.register_buffer("mean", torch.tensor(config.mean_colour).view(1, 3, 1, 1) / 127.5 - 1, persistent=False)
        self.encoder = _encoder(config.width, len(MULTIPLES))
        self.bottleneck = nn.Sequential(
            ChannelwiseLinear(widths[0], config.fixed_size // self.stride), BatchNorm(widths[0]), nn.ReLU()
        )
        layers = [layer for before, after in pairwise(widths) for layer in _doubling(before, after)]
        self.decoder = nn.Sequential(*layers, nn.ConvTranspose2d(widths[-1], 3, 4, stride=2, padding=1, bias=False))
        _initialise(self)

    def forward(self, image: Tensor, mask: Tensor, hints: Tensor, forbid: Tensor) -> Prediction:
        blanked = image * (1 - mask) + self.mean * mask
        picture = self.decoder(self.bottleneck(self.encoder(blanked)))
        return Prediction(torch.tanh(picture.float()), None)


class Discriminator(nn.Module):
    """Judges a picture as a whole, without its surroundings (Sec. 3.2): (B, 3, side, side) in [-1, 1] -> score (B, 1, 1, 1)."""

    def __init__(self, side: int, width: int) -> None:
        super().__init__()
        halvings = side.bit_length() - 3
        if side != 4 << halvings or not 1 <= halvings <= len(MULTIPLES):
            raise ConfigError(f"context-encoder: the discriminator sees squares of 8, 16, 32, 64 or 128 pixels, not of {side}")
        self.layers = nn.Sequential(_encoder(width, halvings), nn.Conv2d(8 * width, 1, 4, bias=False))
        _initialise(self)

    def forward(self, picture: Tensor) -> Verdict:
        return Verdict(self.layers(picture), ())
