"""The game against a discriminator (Eq. 8 of SGE-Net), played on the patches that touch the hole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ..networks.discriminators import Verdict
from .reconstruction import masked_mean
from .together import over_all

Kind = Literal["hinge", "logistic", "least_squares"]


def _as_real(score: Tensor, kind: Kind) -> Tensor:
    """Loss of a score that should be that of a real patch, for the discriminator."""
    if kind == "hinge":
        return F.relu(1 - score)
    if kind == "logistic":
        return F.softplus(-score)  # -log D
    return (score - 1).square()


def _as_fake(score: Tensor, kind: Kind) -> Tensor:
    """Loss of a score that should be that of a filled patch, for the discriminator."""
    if kind == "hinge":
        return F.relu(1 + score)
    if kind == "logistic":
        return F.softplus(score)  # -log(1 - D); Eq. 8 prints 1 - log D
    return score.square()


def patches(mask: Tensor, like: Tensor) -> Tensor:
    """(B, 1, H, W) hole mask -> (B, 1, h, w): 1 for each patch of `like` (B, ?, h, w) whose cell touches the hole."""
    return F.adaptive_max_pool2d(mask, like.shape[2:])


def discriminator_loss(real: Sequence[Verdict], fake: Sequence[Verdict], mask: Tensor, kind: Kind) -> Tensor:
    """L_ad for the discriminator, a mean over the scales k of Eq. 8. Known patches of a filled picture are not judged."""
    total = [
        _as_real(r.score.float(), kind).mean() + masked_mean(_as_fake(f.score.float(), kind), patches(mask, f.score))
        for r, f in zip(real, fake, strict=True)
    ]
    return torch.stack(total).mean()  # Eq. 8


def generator_loss(fake: Sequence[Verdict], mask: Tensor, kind: Kind) -> Tensor:
    """L_ad for the generator: its patches should score as real ones do."""
    total = []
    for f in fake:
        score = f.score.float()
        wish = -score if kind == "hinge" else _as_real(score, kind)
        total.append(masked_mean(wish, patches(mask, score)))
    return torch.stack(total).mean()  # Eq. 8


def feature_matching(real: Sequence[Verdict], fake: Sequence[Verdict], mask: Tensor) -> Tensor:
    """Distance of the discriminator's activations for filled and true picture (Wang et al., CVPR 2018), on hole patches."""
    total = [
        masked_mean((a.float() - b.float()).abs(), patches(mask, b)) / over_all(a.float().abs().mean()).clamp(min=1e-6)
        for r, f in zip(real, fake, strict=True)
        for a, b in zip(r.features, f.features, strict=True)
    ]
    return torch.stack(total).mean()
