"""Training of PEN-Net: L1 on the picture and on the pyramid of its heads, against a patch discriminator with spectral norm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from ...data.batches import Batch
from ...losses import adversarial, reconstruction
from ...losses.perceptual import feature_network, perceptual
from ...networks.discriminators import Verdict
from ...networks.interface import Prediction
from ...networks.layers import share
from ...networks.pennet import PatchDiscriminator
from ..sections import TrainConfig
from ..task import Terms
from .adversarial import AdversarialTask, composite


@dataclass(frozen=True)
class PyramidLoss:
    """Weights of the authors' code, and what we add to them. A weight of 0 leaves the term out."""

    hole: float = 6.0
    """L1 inside the hole."""
    valid: float = 1.0
    """L1 on known pixels."""
    pyramid: float = 0.5
    """L1 of the pictures at 1/2 to 1/32."""
    adversarial: float = 0.1
    adversarial_kind: Literal["hinge", "logistic", "least_squares"] = "hinge"
    """"hinge" for faces and places, "logistic" for textures and facades in the authors' configs."""
    adversarial_from: int = 0
    """Images seen before the adversary joins."""
    perceptual: float = 0.0
    """Distance of the activations of a feature network where they touch the hole; not in the paper."""
    perceptual_network: Literal["vgg16", "squeezenet"] = "vgg16"


@dataclass(frozen=True)
class PyramidDiscriminator:
    """The patch discriminator of the authors' code."""

    width: int = 64
    """Channels of its first layer."""


class PyramidInpainting(AdversarialTask):
    """Names of the terms: re (L1 of the picture), pyramid (L1 of the heads), perceptual, ad; d for the discriminator."""

    Loss: ClassVar = PyramidLoss
    Discriminator: ClassVar = PyramidDiscriminator

    def __init__(self, config: TrainConfig) -> None:
        self.loss: PyramidLoss = config.loss
        super().__init__(config, PatchDiscriminator(config.discriminator.width) if self.loss.adversarial else None)
        self.joins_at = self.loss.adversarial_from
        self.features = feature_network(self.loss.perceptual_network) if self.loss.perceptual else None

    def _generator_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        weights, truth, mask = self.loss, batch.image, batch.mask
        terms = {"re": reconstruction.l1(prediction.image, truth, mask, hole=weights.hole, valid=weights.valid)}
        heads = enumerate(prediction.images_per_scale[1:], start=1)
        off = [(head - share(truth, scale)).abs().mean() for scale, head in heads]
        terms["pyramid"] = weights.pyramid * torch.stack(off).sum()
        filled = composite(prediction.image, truth, mask)
        if self.features is not None:
            with self._autocast():
                terms["perceptual"] = weights.perceptual * perceptual(self.features, filled, truth, mask)
        if self._joined:
            with self._autocast():
                verdict: Verdict = self.networks["discriminator"](filled)
            terms["ad"] = weights.adversarial * adversarial.generator_loss([verdict], mask, weights.adversarial_kind)
        return terms

    def _discriminator_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        filled = composite(prediction.image, batch.image, batch.mask)
        real, fake = self.judge((batch.image,), (filled,), learning=True)
        return {"d": adversarial.discriminator_loss([real], [fake], batch.mask, self.loss.adversarial_kind)}
