"""How far the pixels are from the truth: the first half of Eq. 7 of SGE-Net, and the masked means that all losses use."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from .together import over_all


def masked_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Mean of `values` (B, C, h, w) where `weight` (B, 1, h, w) stands, in all processes; 0 where it stands nowhere."""
    return (values * weight).sum() / (over_all(weight.sum()) * values.shape[1]).clamp(min=1.0)


def enlarge(x: Tensor, size: tuple[int, int]) -> Tensor:
    """up(.) of Eqs. 7 and 9: bilinear, (B, C, h, w) -> (B, C, *size) float32."""
    return x.float() if x.shape[2:] == size else F.interpolate(x.float(), size=size, mode="bilinear", align_corners=False)


def l1(prediction: Tensor, truth: Tensor, mask: Tensor, *, hole: float = 1.0, valid: float = 1.0) -> Tensor:
    """|| Y - up(Y_hat) ||_1, the hole's pixels and the known ones weighted apart (first term of Eq. 7).

    prediction: (B, 3, h, w) in [-1, 1].   truth: (B, 3, H, W) in [-1, 1].   mask: (B, 1, H, W), 1 = hole.
    Eq. 7 prints X, the corrupted picture, where Y is meant.
    """
    distance = (truth - enlarge(prediction, (truth.shape[2], truth.shape[3]))).abs()
    return hole * masked_mean(distance, mask) + valid * masked_mean(distance, 1 - mask)
