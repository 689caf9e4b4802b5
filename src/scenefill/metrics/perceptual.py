"""Distance in the feature space of a network that was trained to recognise things."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from .pixel import Mask, Rgb


class FeatureDistance:
    """LPIPS (Zhang et al. 2018) without its linear layers, inside the hole.

    network: (B, 3, H, W) in [-1, 1] -> feature maps (B, C, h, w).  name: what it is called in reports.
    linear: weights of each layer's channels, each (1, C, 1, 1); with those of the authors it is LPIPS itself.
    """

    def __init__(self, network: nn.Module, name: str, linear: Sequence[Tensor] | None = None) -> None:
        self.network = network.eval()
        self.name = name
        self.linear = linear

    @torch.inference_mode()
    def maps(self, image: Rgb) -> tuple[Tensor, ...]:
        """Feature maps of one picture, each (1, C, h, w)."""
        pixels = torch.from_numpy(image.astype(np.float32).transpose(2, 0, 1)[None])
        maps: tuple[Tensor, ...] = tuple(self.network(pixels / 127.5 - 1))
        return maps

    def distance(self, image: Rgb, truth: Rgb, mask: Mask) -> float:
        """See `feature_distance`."""
        return feature_distance(self.maps(image), self.maps(truth), mask)


def feature_distance(image: Sequence[Tensor], truth: Sequence[Tensor], mask: Mask) -> float:
    """Sum over the layers of the mean over the hole of the squared difference of unit feature vectors (0..4 per layer).

    A position of a coarse map counts by the share of hole below it. NaN without a hole.
    """
    if not mask.any():
        return float("nan")
    hole = torch.from_numpy(mask)[None, None].float()
    total = 0.0
    for a, b in zip(image, truth, strict=True):
        squared = (F.normalize(a) - F.normalize(b)).square().sum(dim=1, keepdim=True)  # (1, 1, h, w)
        share = F.interpolate(hole, squared.shape[2:], mode="area")
        total += float((squared * share).sum() / share.sum())
    return total


def lpips(image: Sequence[Tensor], truth: Sequence[Tensor], linear: Sequence[Tensor]) -> float:
    """LPIPS (Zhang et al. 2018, v0.1): each layer's weighted squares, mean over its positions, of whole pictures."""
    layers = zip(image, truth, linear, strict=True)
    return float(sum((w * (F.normalize(a) - F.normalize(b)).square()).sum(dim=1).mean() for a, b, w in layers))


def pooled(maps: Sequence[Tensor]) -> NDArray[np.float64]:
    """(C,) mean over all positions of the deepest map: one picture's row for `frechet`."""
    row: NDArray[np.float64] = maps[-1].mean(dim=(0, 2, 3)).double().numpy()
    return row
