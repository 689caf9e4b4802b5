"""Training of DeepFill v2 (Yu et al. 2019): L1 of both pictures and SN-PatchGAN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ...data.batches import Batch
from ...losses import adversarial
from ...networks.gatedconv import GatedConvNet, SNPatchGAN
from ...networks.interface import Prediction
from ..sections import TrainConfig
from ..task import Terms
from .adversarial import AdversarialTask, composite


@dataclass(frozen=True)
class GatedConvLoss:
    """Weights of the terms (Sec. 3.3)."""

    coarse: float = 1.0
    """L1 of the coarse picture, hole and known pixels alike."""
    refined: float = 1.0
    """L1 of the refined picture."""
    adversarial: float = 1.0
    """Hinge loss of the refined picture."""


@dataclass(frozen=True)
class SNPatchGANConfig:
    """SN-PatchGAN."""

    width: int = 64
    """Channels of its first convolution."""


class FreeFormInpainting(AdversarialTask):
    """Names of the terms: coarse, refined (L1), ad; d for the discriminator."""

    Loss: ClassVar = GatedConvLoss
    Discriminator: ClassVar = SNPatchGANConfig

    def __init__(self, config: TrainConfig) -> None:
        self.loss: GatedConvLoss = config.loss
        judge: SNPatchGANConfig = config.discriminator
        super().__init__(config, SNPatchGAN(judge.width))

    def forward(self, batch: Batch) -> Prediction:
        """The generator's answer to a batch; the coarse picture, which is no part of it, is kept for the step."""
        assert isinstance(self.generator, GatedConvNet)
        kept: list[Tensor] = []
        hook = self.generator.coarse.register_forward_hook(lambda _, given, picture: kept.append(picture))
        prediction = super().forward(batch)
        hook.remove()
        (self._coarse,) = kept
        return prediction

    def _generator_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        weights, everywhere = self.loss, torch.ones_like(batch.mask)
        _, fake = self.judge(*self._judged(batch, prediction), learning=False)
        return {
            "coarse": weights.coarse * (self._coarse - batch.image).abs().mean(),
            "refined": weights.refined * (prediction.image - batch.image).abs().mean(),
            "ad": weights.adversarial * adversarial.generator_loss((fake,), everywhere, "hinge"),
        }

    def _discriminator_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        real, fake = self.judge(*self._judged(batch, prediction), learning=True)
        return {"d": adversarial.discriminator_loss((real,), (fake,), torch.ones_like(batch.mask), "hinge")}

    @staticmethod
    def _judged(batch: Batch, prediction: Prediction) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """The true and the composited picture, each with its mask."""
        filled = composite(prediction.image, batch.image, batch.mask)
        return (batch.image, batch.mask), (filled, batch.mask)
