"""Training of SPG-Net: SP-Net, then SG-Net, each against a discriminator of its own.

scenefill train ... loss.part=prediction --out A
scenefill train ... loss.part=guidance --init A/weights/spg-net.safetensors --out B
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from ... import networks
from ...data.batches import Batch
from ...labels import UNKNOWN
from ...losses import adversarial, reconstruction, segmentation
from ...losses.perceptual import patch_distance
from ...networks.discriminators import MultiScaleDiscriminator, Verdict
from ...networks.interface import Prediction
from ...networks.layers import one_hot
from ...networks.spgnet import SPGNet, completed_map
from ..sections import TrainConfig
from ..task import Phase, Terms, question
from .adversarial import composite, halves


@dataclass(frozen=True)
class SPGLoss:
    """Which part is trained, and the weights of its terms; a weight of 0 leaves the term out."""

    part: Literal["prediction", "guidance"] = "prediction"
    """SP-Net, or SG-Net by the maps of an SP-Net that stays as it is."""
    adversarial: float = 1.0
    adversarial_kind: Literal["hinge", "logistic", "least_squares"] = "hinge"
    feature_matching: float = 10.0
    """The perceptual loss of the discriminator's features, on hole patches."""
    perceptual: float = 10.0
    """LPIPS on hole patches; SG-Net alone."""
    perceptual_network: Literal["alexnet", "squeezenet"] = "alexnet"
    """"alexnet" is the paper's."""
    hole: float = 0.0
    """Distance from the truth inside the hole, not in the paper: cross-entropy of SP-Net's map, L1 of SG-Net's picture."""
    valid: float = 0.0
    """The same outside the hole, where the map teaches SP-Net to segment and the picture is not used."""
    class_weights: dict[str, float] = field(default_factory=dict)
    """Class name -> weight in the cross-entropy; 1 where not named."""
    without_map: float = 0.0
    """Share of the samples in which S0 is unknown, so that the photo alone must do."""


@dataclass(frozen=True)
class SPGDiscriminator:
    """The three PatchGANs; they judge a picture and its map together."""

    scales: int = 3
    width: int = 64
    layers: int = 3


class SegmentationGuidedInpainting:
    """One part of SPG-Net. Names of the terms: se (cross-entropy) or re (L1), lpips, ad, fm (feature matching); d.

    SP-Net's discriminator tells completed maps from true ones beside the true photo; SG-Net's tells completed photos from true
    ones beside the map that SG-Net painted by. Known pixels are the true ones in both.
    """

    Loss: ClassVar = SPGLoss
    Discriminator: ClassVar = SPGDiscriminator

    def __init__(self, config: TrainConfig) -> None:
        self.loss: SPGLoss = config.loss
        generator = networks.create(**config.network)
        assert isinstance(generator, SPGNet)
        assert generator.labels is not None
        self.generator = generator
        self.labels = generator.labels
        self.predicts = self.loss.part == "prediction"
        idle: nn.Module = generator.sgnet if self.predicts else generator.spnet
        idle.requires_grad_(False).eval()
        self.networks: Mapping[str, nn.Module] = {"generator": generator}
        self.judge = f"{self.loss.part}_discriminator"  # of a name of its own, so that SG-Net's does not start from SP-Net's
        if self.loss.adversarial or self.loss.feature_matching:
            d: SPGDiscriminator = config.discriminator
            judge = MultiScaleDiscriminator(len(self.labels), scales=d.scales, width=d.width, layers=d.layers)
            self.networks = {**self.networks, self.judge: judge}
        self.lpips = None if self.predicts or not self.loss.perceptual else patch_distance(self.loss.perceptual_network)
        self.members = torch.from_numpy(self.labels.members())
        self.class_weights = torch.ones(len(self.labels))
        for name, weight in self.loss.class_weights.items():
            self.class_weights[self.labels.id(name)] = weight

    def setup(self, fabric: Any) -> None:
        """Wraps the part that is trained and its discriminator for device, precision and data-parallel training."""
        fabric.to_device(self.generator)
        part = self.generator.spnet if self.predicts else self.generator.sgnet
        self._part = fabric.setup_module(part)
        self._judge = fabric.setup_module(self.networks[self.judge]) if self.judge in self.networks else None
        self._autocast = fabric.autocast
        self.members, self.class_weights = fabric.to_device((self.members, self.class_weights))
        if self.lpips is not None:
            self.lpips = fabric.to_device(self.lpips)

    def forward(self, batch: Batch) -> Prediction:
        """The answer of the part that is trained. While it is SP-Net, the picture is the blanked one: SG-Net does not run."""
        image, mask, hints, forbid = question(self.generator, batch)
        dropped = torch.rand(len(hints), 1, 1) < self.loss.without_map
        hints = torch.where(dropped.to(hints.device) & (mask[:, 0] == 0), UNKNOWN, hints)
        blanked, told = image * (1 - mask), one_hot(hints, len(self.labels))
        if self.predicts:
            return Prediction(blanked, self._part(blanked, mask, told * (1 - mask)))
        with torch.no_grad(), self._autocast():
            logits = self.generator.spnet(blanked, mask, told * (1 - mask))
        self._guidance = completed_map(logits, mask, told, forbid)
        return Prediction(self._part(blanked, mask, self._guidance), logits)

    def phases(self, images_seen: int) -> list[Phase]:
        """Discriminator, where there is one, then the part of the generator."""
        generator = Phase("generator", self.generator, self._map_terms if self.predicts else self._picture_terms)
        if self.judge not in self.networks:
            return [generator]
        return [Phase(self.judge, self.networks[self.judge], self._discriminator_terms), generator]

    def _map_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        assert prediction.logits is not None
        terms: Terms = {}
        inside = batch.mask[:, 0] > 0
        for name, weight, region in (("se", self.loss.hole, inside), ("se_valid", self.loss.valid, ~inside)):
            if weight:
                labels = torch.where(region, batch.labels, UNKNOWN)
                terms[name] = weight * segmentation.cross_entropy(prediction.logits, labels, self.members, self.class_weights)
        return terms | self._adversarial_terms(batch, prediction)

    def _picture_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        terms: Terms = {}
        if self.loss.hole or self.loss.valid:
            terms["re"] = reconstruction.l1(prediction.image, batch.image, batch.mask, hole=self.loss.hole, valid=self.loss.valid)
        if self.lpips is not None:
            with self._autocast():
                filled = composite(prediction.image, batch.image, batch.mask)
                terms["lpips"] = self.loss.perceptual * self.lpips(filled, batch.image, batch.mask)
        return terms | self._adversarial_terms(batch, prediction)

    def _adversarial_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        """The discriminator's, for the generator."""
        if self._judge is None:
            return {}
        real, fake, hole = self._judged(batch, prediction)
        with self._autocast():
            judge = self.networks[self.judge]
            of_fake: tuple[Verdict, ...] = judge(fake)
            with torch.no_grad():
                of_real = judge(real)
        terms = {"ad": self.loss.adversarial * adversarial.generator_loss(of_fake, hole, self.loss.adversarial_kind)}
        if self.loss.feature_matching:
            terms["fm"] = self.loss.feature_matching * adversarial.feature_matching(of_real, of_fake, hole)
        return terms

    def _discriminator_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        assert self._judge is not None
        real, fake, hole = self._judged(batch, prediction)
        of_real, of_fake = halves(self._judge(torch.cat((real, fake))))
        return {"d": adversarial.discriminator_loss(of_real, of_fake, hole, self.loss.adversarial_kind)}

    def _judged(self, batch: Batch, prediction: Prediction) -> tuple[Tensor, Tensor, Tensor]:
        """The true pair and the completed one, (B, 3 + K, H, W), and the hole where they may differ, (B, 1, H, W).

        Where the true class is not known, both maps are empty and nothing is judged.
        """
        if not self.predicts:
            filled = composite(prediction.image, batch.image, batch.mask)
            return (
                torch.cat((batch.image, self._guidance), dim=1),
                torch.cat((filled, self._guidance), dim=1),
                batch.mask,
            )
        assert prediction.logits is not None
        true = one_hot(batch.labels, len(self.labels))
        hole = batch.mask * true.sum(dim=1, keepdim=True)
        completed = composite(prediction.logits.softmax(dim=1), true, hole)
        return torch.cat((batch.image, true), dim=1), torch.cat((batch.image, completed), dim=1), hole
