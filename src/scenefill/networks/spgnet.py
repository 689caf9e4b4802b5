"""SPG-Net: Segmentation Prediction and Guidance Network (Song et al., BMVC 2018, arXiv 1805.03356).

Two networks of one body, trained one after the other: SP-Net completes the map of what is where, (I0, S0) -> S_R, and SG-Net
paints by the completed map, (I0, S) -> I. Whoever changes S inside the hole changes the fill.
Where the paper leaves a choice, docs/models/spg-net.md lists ours (D1, D2, ...).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import labels as label_sets
from ..errors import ConfigError
from .interface import Network, Prediction
from .layers import BatchNorm, he_initialise, one_hot, scale_down, spread, steer, upsample

DOWN = 4
"""Both networks go down to 1/2^4 of the input's size."""


@dataclass(frozen=True)
class SPGNetConfig:
    """Everything that shapes the network; the paper's form is the public re-implementation's where the paper is silent."""

    label_set: str | dict[str, Any] = "street"
    """The label set that is predicted: a name, a TOML file, or a whole set (`labels.get`)."""
    widths: tuple[int, ...] = (64, 128, 256, 512)
    """Channels at 1/2, 1/4, 1/8 and 1/16 of the input's size, of both networks."""
    blocks: int = 9
    """Residual blocks at 1/16."""
    normalisation: Literal["batch", "none"] = "none"
    """"batch" is the paper's form."""
    skips: bool = True
    """The features of the way down are added on the way up, as in an FCN. False: the re-implementation's form."""
    border_correction: bool = True
    """What the picture misses at the known pixels is carried on into the hole and made good there, fading with the distance."""

    def __post_init__(self) -> None:
        if len(self.widths) != DOWN:
            raise ConfigError(f"spg-net: widths are {DOWN} numbers of channels, at 1/2 to 1/16; given are {self.widths}")
        if self.blocks < 1:
            raise ConfigError(f"spg-net: blocks are 1 or more, given are {self.blocks}")


class Residual(nn.Module):
    """x + conv(relu(conv(x))), (B, C, h, w) -> the same."""

    def __init__(self, channels: int, config: SPGNetConfig) -> None:
        super().__init__()
        self.first = convolution(channels, channels, config)
        self.second = convolution(channels, channels, config, gain=0.2)  # starts near the identity

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.second(F.relu(self.first(x)))
        return x + change


class Body(nn.Module):
    """What SP-Net and SG-Net share: four down, residual blocks, four up, (B, c, H, W) -> (B, d, H, W) without a last function."""

    def __init__(self, in_channels: int, out_channels: int, config: SPGNetConfig) -> None:
        super().__init__()
        widths = config.widths
        first = convolution(in_channels, widths[0], config, size=7, stride=2)
        self.down = nn.ModuleList([first, *(convolution(a, b, config, stride=2) for a, b in pairwise(widths))])
        self.blocks = nn.Sequential(*(Residual(widths[-1], config) for _ in range(config.blocks)))
        upwards = (*reversed(widths), widths[0])
        self.up = nn.ModuleList(convolution(a, b, config) for a, b in pairwise(upwards))
        self.out = convolution(widths[0], out_channels, config, size=7, gain=0.1, last=True)  # starts near grey, or undecided
        self.skips = config.skips

    def forward(self, x: Tensor) -> Tensor:
        passed: list[Tensor] = []
        for layer in self.down:
            x = F.relu(layer(x))
            passed.append(x)
        x = self.blocks(passed.pop())
        for layer in self.up:
            x = F.relu(layer(upsample(x)))
            if self.skips and passed:
                x = x + passed.pop()
        out: Tensor = self.out(x)
        return out.float()


def convolution(
    a: int, b: int, config: SPGNetConfig, *, size: int = 3, stride: int = 1, gain: float = 1.0, last: bool = False
) -> nn.Sequential:
    """A convolution and, unless it is the last, its normalisation. That of 7x7 pixels mirrors the picture at its border."""
    batch = config.normalisation == "batch" and not last
    mode: Literal["reflect", "zeros"] = "reflect" if size == 7 else "zeros"
    layer = nn.Conv2d(a, b, size, stride=stride, padding=size // 2, padding_mode=mode, bias=not batch)
    he_initialise(layer)
    scale_down(layer, gain)
    return nn.Sequential(layer, BatchNorm(b)) if batch else nn.Sequential(layer)


class SPNet(nn.Module):
    """Segmentation Prediction Network, (I0, S0) -> the scores whose softmax is S_R.

    blanked: (B, 3, H, W) in [-1, 1], 0 inside the hole.   mask: (B, 1, H, W), 1 = hole.
    known: (B, K, H, W), one-hot S0; zeros where nothing is known, which the mask tells from the hole.   Returns (B, K, H, W).
    """

    def __init__(self, classes: int, config: SPGNetConfig) -> None:
        super().__init__()
        self.body = Body(4 + classes, classes, config)

    def forward(self, blanked: Tensor, mask: Tensor, known: Tensor) -> Tensor:
        scores: Tensor = self.body(torch.cat((blanked, mask, known), dim=1))
        return scores


class SGNet(nn.Module):
    """Segmentation Guidance Network, (I0, S) -> I.

    blanked, mask: as above.   guidance: (B, K, H, W) probabilities S, the completed map.   Returns (B, 3, H, W) in [-1, 1].
    """

    def __init__(self, classes: int, config: SPGNetConfig) -> None:
        super().__init__()
        self.body = Body(4 + classes, 3, config)
        self.border_correction = config.border_correction

    def forward(self, blanked: Tensor, mask: Tensor, guidance: Tensor) -> Tensor:
        picture = torch.tanh(self.body(torch.cat((blanked, mask, guidance), dim=1)))
        if self.border_correction:
            picture = (picture + spread(blanked - picture, 1 - mask, DOWN)).clamp(-1, 1)
        return picture


class SPGNet(Network):
    """SP-Net, then SG-Net. Input and output as `Network.forward` and `Prediction` say; H and W are multiples of 16.

    Hints outside the hole are the known map S0, of any segmenter or true; without them SP-Net goes by the photo alone.
    The logits are SP-Net's own, of the whole picture, also where S0 is known.
    """

    Config = SPGNetConfig
    known_map = True
    stride = 2**DOWN

    def __init__(self, config: SPGNetConfig) -> None:
        super().__init__()
        self.config = config
        self.labels = label_sets.get(config.label_set)
        self.spnet = SPNet(len(self.labels), config)
        self.sgnet = SGNet(len(self.labels), config)

    def forward(self, image: Tensor, mask: Tensor, hints: Tensor, forbid: Tensor) -> Prediction:
        blanked = image * (1 - mask)
        told = one_hot(hints, len(self.labels or ()))
        logits = self.spnet(blanked, mask, told * (1 - mask))
        guidance = completed_map(logits, mask, told, forbid)
        picture = self.sgnet(blanked, mask, guidance)
        return Prediction(picture, logits, (picture,), (logits,))


def completed_map(logits: Tensor, mask: Tensor, told: Tensor, forbid: Tensor) -> Tensor:
    """S, the map by which SG-Net paints: what was told where something was, SP-Net's S_R elsewhere. Not trained through.

    logits: (B, K, H, W) of SP-Net.   mask: (B, 1, H, W), 1 = hole.   told: (B, K, H, W), one-hot S0 and the hole's hints.
    forbid: (B, K) bool, the classes that S_R may not have inside the hole.   Returns (B, K, H, W), sums to 1 over K.
    """
    return steer(logits.detach(), mask, told, forbid)
