"""Globally and Locally Consistent Image Completion (Iizuka et al., ACM TOG 36(4), 2017).

A completion network of dilated convolutions; a context discriminator that sees the whole picture and a square around the hole.
Deviations: docs/models/global-local.md (D1, D2, ...).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..errors import ConfigError
from .discriminators import Verdict
from .interface import Network, Prediction
from .layers import BatchNorm


@dataclass(frozen=True)
class CompletionConfig:
    """Everything that shapes the network."""

    width: int = 64
    """Channels of the first convolution; the deeper ones have two and four times as many."""
    mean_colour: tuple[float, float, float] = (116.3, 114.0, 106.0)
    """RGB, 0 to 255: mean of the training data, which fills the hole. The default is that of the authors' Places2 model."""


def _convolution(channels: int, width: int, kernel: int = 3, *, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU."""
    padding = dilation * (kernel // 2)
    conv = nn.Conv2d(channels, width, kernel, stride=stride, padding=padding, dilation=dilation, bias=False)  # Eq. 1
    return nn.Sequential(conv, BatchNorm(width), nn.ReLU())


def _deconvolution(channels: int, width: int) -> nn.Sequential:
    """The same at twice the size."""
    return nn.Sequential(nn.ConvTranspose2d(channels, width, 4, stride=2, padding=1, bias=False), BatchNorm(width), nn.ReLU())


class CompletionNetwork(Network):
    """Table 1 and Fig. 2. No semantics; H and W are multiples of 4. Known pixels of the picture are those of the input."""

    Config = CompletionConfig
    stride = 4
    mean: Tensor

    def __init__(self, config: CompletionConfig) -> None:
        super().__init__()
        self.config = config
        w = config.width
        self.register_buffer("mean", torch.tensor(config.mean_colour).view(1, 3, 1, 1) / 127.5 - 1, persistent=False)
        self.layers = nn.Sequential(
            _convolution(4, w, 5),
            *(_convolution(w, 2 * w, stride=2), _convolution(2 * w, 2 * w)),
            *(_convolution(2 * w, 4 * w, stride=2), _convolution(4 * w, 4 * w), _convolution(4 * w, 4 * w)),
            *(_convolution(4 * w, 4 * w, dilation=dilation) for dilation in (2, 4, 8, 16)),
            *(_convolution(4 * w, 4 * w), _convolution(4 * w, 4 * w)),
            *(_deconvolution(4 * w, 2 * w), _convolution(2 * w, 2 * w)),
            *(_deconvolution(2 * w, w), _convolution(w, w // 2)),
            nn.Conv2d(w // 2, 3, 3, padding=1),
        )

    def forward(self, image: Tensor, mask: Tensor, hints: Tensor, forbid: Tensor) -> Prediction:
        centred = (image - self.mean) * (1 - mask)  # the hole has the mean colour
        completed = torch.tanh(self.layers(torch.cat((centred, mask), dim=1)).float())
        return Prediction(completed * mask + image * (1 - mask), None)


class ContextDiscriminator(nn.Module):
    """The global and the local context discriminator, joined by a fully connected layer (Sec. 3.3, Table 2).

    Input: pictures (B, 3, size, size) and squares around their holes (B, 3, size/2, size/2), in [-1, 1].   Score: (B, 1, 1, 1).
    """

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        if size < 16 or size & (size - 1):
            raise ConfigError(f"global-local: the discriminator halves data.size down to 4: a power of 2 from 16 on, not {size}")
        self.whole = self._branch(size, width)
        self.around_hole = self._branch(size // 2, width)
        self.joint = nn.Linear(2 * 16 * width, 1)

    @staticmethod
    def _branch(size: int, width: int) -> nn.Sequential:
        """(B, 3, size, size) -> (B, 16 width): strided 5x5 convolutions down to 4x4, then a fully connected layer."""
        layers: list[nn.Module] = []
        channels = 3
        for i in range(size.bit_length() - 3):
            wider = width * 2 ** min(i, 3)
            layers.append(_convolution(channels, wider, 5, stride=2))
            channels = wider
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * channels, 16 * width), nn.ReLU())

    def forward(self, picture: Tensor, square: Tensor) -> Verdict:
        seen = torch.cat((self.whole(picture), self.around_hole(square)), dim=1)
        return Verdict(self.joint(seen)[:, :, None, None], ())
