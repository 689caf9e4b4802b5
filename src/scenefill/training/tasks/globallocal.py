"""Training of the completion network of Iizuka et al. 2017: by MSE alone, its discriminator alone, then both (Algorithm 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ...data.batches import Batch
from ...errors import ConfigError
from ...losses import adversarial
from ...losses.reconstruction import masked_mean
from ...networks.globallocal import ContextDiscriminator
from ...networks.interface import Prediction
from ..sections import TrainConfig
from ..task import Phase, Terms
from .adversarial import AdversarialTask, around_hole


@dataclass(frozen=True)
class CompletionLoss:
    """Weights of Eq. 4 and the schedule of Algorithm 1."""

    adversarial: float = 4e-4
    """alpha."""
    completion_until: int = 8_640_000
    """Images seen up to which the completion network trains alone: T_C = 90,000 steps of 96."""
    discriminator_until: int = 9_600_000
    """Images seen up to which the discriminator then trains alone: T_D = 10,000 steps more."""

    def __post_init__(self) -> None:
        if not 0 <= self.completion_until <= self.discriminator_until:
            raise ConfigError(
                "loss.discriminator_until, counted from the start, is not before loss.completion_until; "
                f"given are {self.discriminator_until} and {self.completion_until}"
            )


@dataclass(frozen=True)
class ContextDiscriminatorConfig:
    """The global and the local context discriminator; the local one sees squares of half of data.size."""

    width: int = 64
    """Channels of their first convolutions."""


class ThreeStageCompletion(AdversarialTask):
    """Names of the terms: re (MSE), ad; d for the discriminator."""

    Loss: ClassVar = CompletionLoss
    Discriminator: ClassVar = ContextDiscriminatorConfig

    def __init__(self, config: TrainConfig) -> None:
        self.loss: CompletionLoss = config.loss
        judge: ContextDiscriminatorConfig = config.discriminator
        self.side = config.data.size // 2
        super().__init__(config, ContextDiscriminator(config.data.size, judge.width))

    def phases(self, images_seen: int) -> list[Phase]:
        """Algorithm 1: the generator alone, the discriminator alone, then both."""
        self._joined = images_seen >= self.loss.discriminator_until
        discriminator = Phase("discriminator", self.networks["discriminator"], self._discriminator_terms)
        generator = Phase("generator", self.generator, self._generator_terms)
        if self._joined:
            return [discriminator, generator]
        return [generator] if images_seen < self.loss.completion_until else [discriminator]

    def _generator_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        off = (prediction.image - batch.image) / 2  # as of pictures in 0..1
        terms = {"re": masked_mean(off.square(), batch.mask)}  # Eq. 2
        if self._joined:
            _, fake = self.judge(*self._judged(batch, prediction), learning=False)
            everywhere = torch.ones_like(batch.mask)
            terms["ad"] = self.loss.adversarial * adversarial.generator_loss((fake,), everywhere, "logistic")  # Eq. 4
        return terms

    def _discriminator_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        real, fake = self.judge(*self._judged(batch, prediction), learning=True)
        return {"d": adversarial.discriminator_loss((real,), (fake,), torch.ones_like(batch.mask), "logistic")}  # Eq. 3

    def _judged(self, batch: Batch, prediction: Prediction) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """The true and the completed picture, each with its square around the hole."""
        pictures = (batch.image, prediction.image)
        true, completed = ((picture, around_hole(picture, batch.mask, self.side)) for picture in pictures)
        return true, completed
