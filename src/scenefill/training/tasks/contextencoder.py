"""Training of Context Encoders (Pathak et al. 2016): L2 and a discriminator, for central and for random regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ...data.batches import Batch
from ...errors import ConfigError
from ...losses import adversarial
from ...losses.reconstruction import masked_mean
from ...networks import contextencoder
from ...networks.interface import Prediction
from ..sections import TrainConfig
from ..task import Terms
from .adversarial import AdversarialTask, around_hole


@dataclass(frozen=True)
class ContextEncoderLoss:
    """Weights of Eq. 3, and of the pixels in Eq. 1. The defaults are those of a central region."""

    reconstruction: float = 0.999
    """lambda_rec."""
    adversarial: float = 0.001
    """lambda_adv."""
    overlap: int = 7
    """Known pixels that near to the hole (by row and column) are painted with it, so that the fill fits its surroundings."""
    overlap_weight: float = 10.0
    """What such a pixel counts, one of the hole counting 1."""
    beyond: float = 0.0
    """What the other known pixels count; 1 for random regions, where the authors' network paints the whole picture."""

    def __post_init__(self) -> None:
        if self.overlap < 0:
            raise ConfigError(f"loss.overlap is a number of pixels, 0 or more, given is {self.overlap}")


@dataclass(frozen=True)
class DiscriminatorConfig:
    """The discriminator, which is not told what lies around the hole."""

    width: int = 64
    """Channels of its first convolution."""
    sees: Literal["hole", "picture"] = "hole"
    """"hole": the square of half the side around the hole, for central regions; "picture": all, for random regions."""


class ContextEncoding(AdversarialTask):
    """Names of the terms: re (L2), ad; d for the discriminator."""

    Loss: ClassVar = ContextEncoderLoss
    Discriminator: ClassVar = DiscriminatorConfig

    def __init__(self, config: TrainConfig) -> None:
        self.loss: ContextEncoderLoss = config.loss
        judge: DiscriminatorConfig = config.discriminator
        self.side = config.data.size // 2 if judge.sees == "hole" else config.data.size
        super().__init__(config, contextencoder.Discriminator(self.side, judge.width))

    def _generator_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        weights = self.pixel_weights(batch.mask)
        off = (prediction.image - batch.image).square() * weights
        _, fake = self.judge(*self._judged(batch, prediction), learning=False)
        everywhere = torch.ones_like(batch.mask)
        return {
            "re": self.loss.reconstruction * masked_mean(off, (weights > 0).to(off.dtype)),  # Eq. 1
            "ad": self.loss.adversarial * adversarial.generator_loss((fake,), everywhere, "logistic"),  # Eq. 3
        }

    def pixel_weights(self, mask: Tensor) -> Tensor:
        """What each pixel counts in Eq. 1, like `mask` (B, 1, H, W)."""
        weights, reach = self.loss, self.loss.overlap
        near = F.max_pool2d(mask, 2 * reach + 1, stride=1, padding=reach)
        return mask + weights.overlap_weight * (near - mask) + weights.beyond * (1 - near)

    def _discriminator_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        real, fake = self.judge(*self._judged(batch, prediction), learning=True)
        return {"d": adversarial.discriminator_loss((real,), (fake,), torch.ones_like(batch.mask), "logistic")}  # Eq. 2

    def _judged(self, batch: Batch, prediction: Prediction) -> tuple[tuple[Tensor], tuple[Tensor]]:
        """The part of the true picture and of the network's own that the discriminator sees."""
        return (around_hole(batch.image, batch.mask, self.side),), (around_hole(prediction.image, batch.mask, self.side),)
