"""Training of EdgeConnect in stages, each a run of its own that starts from the weights of the one before.

scenefill train ... loss.stage=edge --out A
scenefill train ... loss.stage=fill --init A/weights/edge-connect.safetensors --out B
scenefill train ... loss.stage=joint --init B/weights/edge-connect.safetensors --out C
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from ...data.batches import Batch
from ...losses import adversarial
from ...losses.perceptual import content, feature_network, style
from ...losses.together import over_all
from ...models import guides
from ...networks.discriminators import Verdict
from ...networks.edgeconnect import Discriminator, EdgeConnect, compose_edges
from ...networks.interface import Prediction
from ..sections import TrainConfig
from ..task import Terms
from .adversarial import AdversarialTask

CONTENT_LAYERS = {"vgg19": (0, 1, 3, 5, 7), "squeezenet": (0, 1, 2, 3, 4)}
"""Of VGG-19 relu1_1, 2_1, 3_1, 4_1, 5_1, as in the paper; numbers in the order of what a feature network gives."""
STYLE_LAYERS = {"vgg19": (2, 4, 6, 8), "squeezenet": (1, 2, 3, 4)}
"""Of VGG-19 relu2_2, 3_4, 4_4, 5_2, as the authors have them."""
SMALLEST_HOLE = 0.01
"""Share of a batch: smaller holes do not raise the weight of L1 further."""


@dataclass(frozen=True)
class EdgeConnectLoss:
    """Which stage this run is, and the weights of Eqs. 2 and 9 of the paper. They are for pictures in 0..1."""

    stage: Literal["edge", "fill", "joint"] = "edge"
    """G1 alone, against D1; G2 alone, against D2; or both end to end, against D2."""
    true_edges: bool = True
    """In stage "fill", G2 sees the edges of the true picture inside the hole too; False: those that G1 draws there."""
    edge_adversarial: float = 1.0
    """lambda_adv,1."""
    feature_matching: float = 10.0
    """lambda_FM."""
    l1: float = 1.0
    """lambda_l1."""
    adversarial: float = 0.1
    """lambda_adv,2."""
    perceptual: float = 0.1
    """lambda_p."""
    style: float = 250.0
    """lambda_s."""
    perceptual_network: Literal["vgg19", "squeezenet"] = "vgg19"
    """"vgg19" is the paper's, to which the weights of both terms belong; the activations of SqueezeNet are far larger."""


@dataclass(frozen=True)
class EdgeConnectDiscriminator:
    """The 70x70 PatchGAN, D1 or D2."""

    width: int = 64


class EdgeGuidedInpainting(AdversarialTask):
    """One stage. Names of the terms: ad, fm of stage "edge"; re (L1), perceptual, style, ad of the others; d.

    D1 judges edges beside the grey picture; D2 judges pictures beside the edges that they were painted along. In stage "edge" the
    predicted picture is the map of edges, white on black: G2 does not run.
    """

    Loss: ClassVar = EdgeConnectLoss
    Discriminator: ClassVar = EdgeConnectDiscriminator

    def __init__(self, config: TrainConfig) -> None:
        self.loss: EdgeConnectLoss = config.loss
        self.draws = self.loss.stage == "edge"
        super().__init__(config, Discriminator(2 if self.draws else 4, config.discriminator.width))
        assert isinstance(self.generator, EdgeConnect)
        self.g1, self.g2 = self.generator.edge, self.generator.inpaint
        sees = not self.draws and (self.loss.perceptual or self.loss.style)
        self.features = feature_network(self.loss.perceptual_network) if sees else None

    def setup(self, fabric: Any) -> None:
        """Wraps both parts and the discriminator for device, precision and data-parallel training."""
        parts = {"edge": self.g1, "inpaint": self.g2, "discriminator": self.networks["discriminator"]}
        self._run = {name: fabric.setup_module(network) for name, network in parts.items()}
        self._autocast = fabric.autocast
        if self.features is not None:
            self.features = fabric.to_device(self.features)

    def forward(self, batch: Batch) -> Prediction:
        """What the trained part makes of a batch, given the Canny edges of the known pixels."""
        image, mask, true = batch.image, batch.mask, true_edges(batch.image)
        if self.draws:
            self._edges = true
            return Prediction(_as_picture(self._run["edge"](image, mask, true)), None)
        if self.loss.stage == "fill" and self.loss.true_edges:
            edges = true
        else:
            with torch.set_grad_enabled(self.loss.stage == "joint"):
                edges = compose_edges(self._run["edge"](image, mask, true), true, 1 - mask)
        self._edges = edges.detach()
        return Prediction(self._run["inpaint"](image, mask, edges), None)

    def _generator_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        return self._edge_terms(batch, prediction) if self.draws else self._picture_terms(batch, prediction)

    def _edge_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        """L_G1 of Eq. 2."""
        real, fake = self._verdicts(batch, prediction, learning=False)
        everywhere = torch.ones_like(batch.mask)
        return {
            "ad": self.loss.edge_adversarial * adversarial.generator_loss([fake], everywhere, "logistic"),  # Eq. 3
            "fm": self.loss.feature_matching * feature_matching(real, fake),  # Eq. 2
        }

    def _picture_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        """L_G2 of Eq. 9."""
        weights, picture, truth, mask = self.loss, prediction.image, batch.image, batch.mask
        distance = (picture - truth).abs().mean() / 2  # of pictures in 0..1
        size = over_all(mask.mean()).clamp(min=SMALLEST_HOLE)
        terms: Terms = {"re": weights.l1 * distance / size}  # "normalized by the mask size"
        if self.features is not None:
            name = weights.perceptual_network
            with self._autocast():
                if weights.perceptual:
                    terms["perceptual"] = weights.perceptual * content(self.features, picture, truth, CONTENT_LAYERS[name])
                if weights.style:
                    inside = ((picture + 1) * mask - 1, (truth + 1) * mask - 1)  # what is known is black
                    terms["style"] = weights.style * style(self.features, *inside, STYLE_LAYERS[name])
        _, fake = self._verdicts(batch, prediction, learning=False)
        terms["ad"] = weights.adversarial * adversarial.generator_loss([fake], torch.ones_like(mask), "logistic")  # Eq. 6
        return terms  # Eq. 9, whose terms the loop adds up

    def _discriminator_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        real, fake = self._verdicts(batch, prediction, learning=True)
        return {"d": adversarial.discriminator_loss([real], [fake], torch.ones_like(batch.mask), "logistic")}  # Eqs. 3 and 6

    def _verdicts(self, batch: Batch, prediction: Prediction, *, learning: bool) -> tuple[Verdict, Verdict]:
        """Of the true pair of picture and edges, and of the pair in which one of them is predicted; both in 0..1."""
        picture, truth = (prediction.image + 1) / 2, (batch.image + 1) / 2
        if self.draws:
            grey = (truth * self.g1.luminance).sum(dim=1, keepdim=True)
            real, fake = (grey, self._edges), (grey, picture[:, :1])
        else:
            real, fake = (truth, self._edges), (picture, self._edges)
        return self.judge((torch.cat(real, dim=1),), (torch.cat(fake, dim=1),), learning=learning)


def feature_matching(real: Verdict, fake: Verdict) -> Tensor:
    """L_FM: the mean distance of the activations of D1, summed over its layers, the last one included (Eq. 4)."""
    pairs = zip((*real.features, real.score), (*fake.features, fake.score), strict=True)
    return torch.stack([(a.detach().float() - b.float()).abs().mean() for a, b in pairs]).sum()  # Eq. 4


def true_edges(image: Tensor) -> Tensor:
    """C_gt: the Canny edges of whole pictures, (B, 3, H, W) in [-1, 1] -> (B, 1, H, W), 1 = edge."""
    found = np.stack([guides.edges(picture) for picture in image.cpu().numpy()])
    return torch.from_numpy(found[:, None]).to(image)


def _as_picture(edges: Tensor) -> Tensor:
    """(B, 1, H, W) in 0..1 -> (B, 3, H, W) in [-1, 1], white on black."""
    return (2 * edges - 1).expand(-1, 3, -1, -1)
