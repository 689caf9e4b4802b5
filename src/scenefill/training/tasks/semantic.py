"""Training of SGE-Net: Eqs. 7-10 of the paper, against one multi-scale discriminator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from ...data.batches import Batch
from ...errors import ConfigError
from ...losses import adversarial, reconstruction, segmentation
from ...losses.perceptual import feature_network, perceptual
from ...networks.discriminators import Jury, MultiScaleDiscriminator, ProjectedDiscriminator, Verdict
from ...networks.efficientnet import EfficientNetLite0
from ...networks.interface import Prediction
from ...networks.layers import one_hot
from ..sections import TrainConfig
from ..task import Terms
from .adversarial import AdversarialTask, composite, halves


@dataclass(frozen=True)
class SemanticLoss:
    """Weights of Eqs. 7-10 of SGE-Net, and what we add to them. A weight of 0 leaves the term out."""

    hole: float = 6.0
    """L1 inside the hole at scale 0."""
    valid: float = 1.0
    """L1 on known pixels at scale 0."""
    coarse: float = 0.5
    """What the L1 of scales 1..4 counts against that of scale 0."""
    perceptual: float = 0.1
    """lambda_p."""
    perceptual_network: Literal["vgg16", "squeezenet", "efficientnet"] = "vgg16"
    """Psi."""
    perceptual_scales: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Scales l at which the perceptual term is taken."""
    perceptual_on: Literal["picture", "hole"] = "picture"
    """"hole" compares the composited picture at positions that touch the hole."""
    receptive: float = 0.0
    """Weight of the same distance between the activations of ESPNetv2, which sees further: the high-receptive-field loss of
    LaMa (Suvorov et al., WACV 2022), at the same scales. Not in the paper."""
    adversarial: float = 0.1
    """lambda_alpha."""
    adversarial_kind: Literal["hinge", "logistic", "least_squares"] = "hinge"
    """"logistic" is Eq. 8."""
    adversarial_from: int = 0
    """Images seen before the adversary joins."""
    feature_matching: float = 0.0
    """Weight of the distance of the discriminator's features; not in the paper."""
    segmentation: float = 0.2
    """lambda_s."""
    class_weights: dict[str, float] = field(default_factory=dict)
    """Class name -> weight in the cross-entropy; 1 where not named."""


@dataclass(frozen=True)
class SemanticDiscriminator:
    """The multi-scale PatchGAN of Eq. 8."""

    scales: int = 3
    width: int = 64
    layers: int = 3
    label_map: bool = False
    """It also sees the true label map, so that it judges whether the texture fits the class."""
    projected: int = 0
    """Channels of a second judge that looks through EfficientNet-Lite0 (Sauer et al. 2021, not in the paper); 0: none."""

    def __post_init__(self) -> None:
        if self.label_map and self.projected:
            raise ConfigError("discriminator.projected looks at the picture alone: leave out label_map, or projected")

    def judge(self, classes: int) -> nn.Module:
        """Them, as one module."""
        patches = MultiScaleDiscriminator(classes, scales=self.scales, width=self.width, layers=self.layers)
        if not self.projected:
            return patches
        return Jury(patches, ProjectedDiscriminator(EfficientNetLite0.from_package(), width=self.projected))


class SemanticInpainting(AdversarialTask):
    """L_Final of Eq. 10.

    Names of the terms: re (L1), perceptual, receptive, ad, fm (feature matching), se; d for the discriminator.
    """

    Loss: ClassVar = SemanticLoss
    Discriminator: ClassVar = SemanticDiscriminator

    def __init__(self, config: TrainConfig) -> None:
        self.loss: SemanticLoss = config.loss
        super().__init__(config, None)
        labels = self.generator.labels
        self.classes = len(labels) if labels else 0
        if self.loss.adversarial or self.loss.feature_matching:
            d: SemanticDiscriminator = config.discriminator
            if d.label_map and not self.classes:
                raise ConfigError("discriminator.label_map needs a network with label heads")
            self.networks = {**self.networks, "discriminator": d.judge(self.classes if d.label_map else 0)}
        self.joins_at = self.loss.adversarial_from
        self.features = feature_network(self.loss.perceptual_network) if self.loss.perceptual else None
        self.far_features = feature_network("espnetv2") if self.loss.receptive else None
        self.members = torch.from_numpy(labels.members()) if labels else torch.zeros(256, 0, dtype=torch.bool)
        self.class_weights = torch.ones(self.classes)
        for name, weight in self.loss.class_weights.items():
            if labels is None:
                raise ConfigError("loss.class_weights needs a network with label heads")
            self.class_weights[labels.id(name)] = weight

    def setup(self, fabric: Any) -> None:
        """Wraps the networks for device, precision and data-parallel training."""
        super().setup(fabric)
        self.members, self.class_weights = fabric.to_device((self.members, self.class_weights))
        if self.far_features is not None:
            self.far_features = fabric.to_device(self.far_features)

    def _generator_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        weights, truth, mask = self.loss, batch.image, batch.mask
        terms: Terms = {}
        re = [
            (weights.coarse if scale else 1.0) * reconstruction.l1(picture, truth, mask, hole=weights.hole, valid=weights.valid)
            for scale, picture in enumerate(_scales(prediction))
        ]
        terms["re"] = torch.stack(re).sum()  # Eq. 7, first term, summed as in Eq. 10
        if self.features is not None:
            terms["perceptual"] = weights.perceptual * self._perceptual(self.features, prediction, truth, mask)
        if self.far_features is not None:
            terms["receptive"] = weights.receptive * self._perceptual(self.far_features, prediction, truth, mask)
        if prediction.logits_per_scale and weights.segmentation:
            se = [
                segmentation.cross_entropy(logits, batch.labels, self.members, self.class_weights)
                for logits in prediction.logits_per_scale
            ]
            terms["se"] = weights.segmentation * torch.stack(se).sum()  # Eq. 10, third term
        if self._joined:
            with self._autocast():
                discriminator = self.networks["discriminator"]
                fake: tuple[Verdict, ...] = discriminator(self._judged(composite(prediction.image, truth, mask), batch))
                with torch.no_grad():
                    real = discriminator(self._judged(truth, batch))
            terms["ad"] = weights.adversarial * adversarial.generator_loss(fake, mask, weights.adversarial_kind)
            if weights.feature_matching:
                terms["fm"] = weights.feature_matching * adversarial.feature_matching(real, fake, mask)
        return terms

    def _perceptual(self, features: nn.Module, prediction: Prediction, truth: Tensor, mask: Tensor) -> Tensor:
        size = (truth.shape[2], truth.shape[3])
        in_hole = self.loss.perceptual_on == "hole"
        total = []
        pictures = _scales(prediction)
        if max(self.loss.perceptual_scales, default=0) >= len(pictures):
            raise ConfigError(f"loss.perceptual_scales: the network has scales 0 to {len(pictures) - 1}")
        for scale in self.loss.perceptual_scales:
            picture = reconstruction.enlarge(pictures[scale], size)
            with self._autocast():
                if in_hole:
                    total.append(perceptual(features, composite(picture, truth, mask), truth, mask))
                else:
                    total.append(perceptual(features, picture, truth))
        return torch.stack(total).sum()  # Eq. 7, second term, summed as in Eq. 10

    def _discriminator_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        fake = self._judged(composite(prediction.image, batch.image, batch.mask), batch)
        real = self._judged(batch.image, batch)
        of_real, of_fake = halves(self._run["discriminator"](torch.cat((real, fake))))
        return {"d": adversarial.discriminator_loss(of_real, of_fake, batch.mask, self.loss.adversarial_kind)}  # Eq. 8

    def _judged(self, picture: Tensor, batch: Batch) -> Tensor:
        """What the discriminator sees: the picture, and the true label map if so configured (zeros where it is unknown)."""
        discriminator = self.networks["discriminator"]
        classes = discriminator.classes if isinstance(discriminator, MultiScaleDiscriminator) else 0
        return torch.cat((picture, one_hot(batch.labels, classes)), dim=1) if classes else picture


def _scales(prediction: Prediction) -> tuple[Tensor, ...]:
    """The pictures at scales 0, 1, ...; a network that draws at one scale has one."""
    return prediction.images_per_scale or (prediction.image,)
