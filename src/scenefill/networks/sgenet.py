"""SGE-Net: Semantic Guidance and Evaluation Network (Liao et al., ECCV 2020, arXiv 2003.06877).

Read from the bottom up: the encoder gives phi^0..phi^4 (`skips`), the Context Inference Module completes phi^4, and each
Semantic-Guided Inference Module takes the decoder one scale finer, from varphi^l to varphi^{l-1}, guided by the label map of
scale l and corrected where the Segmentation Confidence Evaluation Module found that map unreliable.
Where the paper leaves a choice, docs/models/sge-net.md lists ours (D1, D2, ...).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import labels as label_sets
from ..errors import ConfigError
from .interface import Network, Prediction
from .layers import (
    ChannelwiseLinear,
    DilatedResidual,
    SelfAttention,
    he_initialise,
    one_hot,
    scale_down,
    share,
    spread,
    steer,
    upsample,
)
from .spade import SPADE, normalise


@dataclass(frozen=True)
class SGENetConfig:
    """Everything that shapes the network. Table 3 is the two switches `semantic_guidance` and `confidence_evaluation`."""

    label_set: str | dict[str, Any] = "street"
    """The label set that is predicted: a name, a TOML file, or a whole set (`labels.get`)."""
    widths: tuple[int, ...] = (16, 32, 64, 128, 256)
    """Channels of phi^l and varphi^l, l = 0..4 (any number of scales)."""
    cim_dilations: tuple[int, ...] = (1, 2, 4, 8)
    """One dilated residual block of the CIM each."""
    cim_attention: int = 4
    """Heads of a self-attention layer in the middle of the CIM; 0 leaves it out."""
    spade_hidden: tuple[int, ...] = (16, 32, 32, 64)
    """Hidden channels of the layer that makes gamma and beta at scale 0, 1, ..."""
    semantic_guidance: bool = True
    """SGIM: the label map guides the next scale (Eq. 3). False: Base-Net."""
    confidence_evaluation: bool = True
    """SCEM and SGIM+: unreliable pixels are corrected (Eqs. 4-6). False: SG-Net."""
    label_heads: bool = True
    """False leaves the segmentation branch out altogether (for Base-Net, where the paper does not say)."""
    keep_percent: tuple[int, ...] = (85, 70, 50, 30, 0)
    """The share of the hole that SCEM takes for reliable, at scale 0, 1, ...; 0 at the coarsest: the map is the hole."""
    evaluate_whole_image: bool = False
    """SCEM ranks all pixels of the picture instead of the hole's."""
    residual_heads: bool = True
    """A scale's heads correct the upsampled output of the coarser scale instead of starting anew."""
    border_correction: bool = True
    """What the picture misses at the known pixels is carried on into the hole and made good there, fading with the distance."""
    fixed_size: int = 0
    """Side of the only input size; adds the channel-wise fully connected layer of Context Encoders to the CIM. 0: any size."""

    def __post_init__(self) -> None:
        scales = len(self.widths)
        if scales < 2 or len(self.spade_hidden) != scales - 1 or len(self.keep_percent) != scales:
            raise ConfigError(
                f"sge-net: {scales} widths go with {scales - 1} spade_hidden and {scales} keep_percent, "
                f"given are {len(self.spade_hidden)} and {len(self.keep_percent)}"
            )
        if not all(0 <= keep <= 100 for keep in self.keep_percent):
            raise ConfigError(f"sge-net: keep_percent are 0..100, given are {self.keep_percent}")
        if self.confidence_evaluation and not self.semantic_guidance:
            raise ConfigError("sge-net: confidence_evaluation judges the guidance, so it needs semantic_guidance = true")
        if self.semantic_guidance and not self.label_heads:
            raise ConfigError("sge-net: semantic_guidance needs label_heads = true")
        if self.fixed_size % 2 ** (scales - 1):
            raise ConfigError(f"sge-net: fixed_size is a multiple of {2 ** (scales - 1)}, given is {self.fixed_size}")


def reliability_mask(probabilities: Tensor, hole: Tensor, keep_percent: int, *, whole_image: bool = False) -> Tensor:
    """SCEM: mark the pixels whose class is certain enough (Sec. 3.2, Eq. 4).

    probabilities: (B, K, h, w), softmax over K classes.   hole: (B, 1, h, w), above 0 = touches the hole.
    Returns (B, 1, h, w) float; 1 = reliable, 0 = to be corrected at the next scale.

    The paper sets tau^l "by the proportion of the maximum one from the sorted probability values" and says neither the proportion
    nor over which pixels. We read: the most certain `keep_percent` of the hole's pixels; known pixels are reliable (D4).
    `whole_image` ranks all pixels together instead.
    """
    p_max = probabilities.amax(dim=1, keepdim=True)  # Ŝ^l_Pmax
    judged = torch.ones_like(p_max) if whole_image else (hole > 0).to(p_max.dtype)
    ordered = torch.where(judged > 0, p_max, 2.0).flatten(1).sort(dim=1).values  # (B, h w), pixels that are not judged last
    count = judged.flatten(1).sum(dim=1, keepdim=True).long()  # integers, so that the export holds for any size
    rank = (count * (100 - keep_percent) // 100 - 1).clamp(min=0)
    tau = ordered.gather(1, rank).view(-1, 1, 1, 1)
    tau = torch.where(count.view(-1, 1, 1, 1) * (100 - keep_percent) // 100 > 0, tau, -1.0)  # keep = 100: nothing is unreliable
    return torch.where(judged > 0, (p_max > tau).to(p_max.dtype), 1.0)  # Eq. 4


class Encoder(nn.Module):
    """The blanked picture and its mask (B, 4, H, W) -> phi^0..phi^L, where phi^l is (B, widths[l], H/2^l, W/2^l)."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.scales = nn.ModuleList([nn.Sequential(nn.Conv2d(4, widths[0], 3, padding=1), nn.LeakyReLU(0.2))])
        for scale, (before, width) in enumerate(pairwise(widths), start=1):
            layers = [nn.Conv2d(before, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
            if scale < len(widths) - 1:  # the CIM goes on at the coarsest scale
                layers += [nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU(0.2)]
            self.scales.append(nn.Sequential(*layers))
        he_initialise(self)

    def forward(self, x: Tensor) -> list[Tensor]:
        phi = []
        for scale in self.scales:
            x = scale(x)
            phi.append(x)
        return phi


class ContextInference(nn.Module):
    """CIM: completes the deepest features phi^L, (B, C, h, w) -> varphi^L of the same shape.

    "Based on Context Encoders": their channel-wise fully connected layer sees the whole picture but fits one size only, so the
    default reaches as far by dilated residual blocks and one self-attention (D2).
    """

    def __init__(self, channels: int, dilations: tuple[int, ...], attention_heads: int, side: int) -> None:
        super().__init__()
        blocks: list[nn.Module] = [ChannelwiseLinear(channels, side)] if side else []
        for i, dilation in enumerate(dilations):
            if attention_heads and i == len(dilations) // 2:
                blocks.append(SelfAttention(channels, attention_heads))
            blocks.append(DilatedResidual(channels, dilation))
        self.blocks = nn.Sequential(*blocks)

    def forward(self, phi: Tensor) -> Tensor:
        completed: Tensor = self.blocks(phi)
        return completed


class SGIM(nn.Module):
    """Semantic-Guided Inference Module (Eqs. 2, 3); with `evaluated`, the enhanced SGIM+ (Eqs. 5, 6).

    varphi: (B, C, h, w) context features of scale l.        phi: (B, c, 2h, 2w) skip features of scale l-1.
    guidance: (B, K, h, w) probabilities Ŝ^l.                 reliability: (B, 1, h, w), 1 = reliable, M^l.
    Without classes (K = 0) there is no guidance, and the features are only normalised.   Returns varphi^{l-1}: (B, c, 2h, 2w).
    """

    RELIABILITY_CHANNELS = 16

    def __init__(self, channels: int, skip_channels: int, classes: int, hidden: int, *, evaluated: bool) -> None:
        super().__init__()
        both = channels + skip_channels
        self.spade = SPADE(both, classes, hidden) if classes else None
        self.base = nn.Sequential(  # F_ba
            nn.Conv2d(both, skip_channels, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(skip_channels, skip_channels, 3, padding=1),
        )
        self.translate = nn.Conv2d(1, self.RELIABILITY_CHANNELS, 3, padding=1) if evaluated else None  # F
        self.bias = nn.Conv2d(both + self.RELIABILITY_CHANNELS, skip_channels, 3, padding=1) if evaluated else None  # F_bi
        he_initialise(self)

    def forward(self, varphi: Tensor, phi: Tensor, guidance: Tensor | None, reliability: Tensor | None) -> Tensor:
        f_de_c = torch.cat((upsample(varphi), phi), dim=1)
        f_de_s = self.spade(f_de_c, upsample(guidance)) if self.spade and guidance is not None else normalise(f_de_c)  # Eq. 3
        f_de_s = F.leaky_relu(f_de_s, 0.2)
        finer: Tensor = self.base(f_de_s)  # Eq. 2
        if self.bias is not None and self.translate is not None and reliability is not None:
            f_m = F.leaky_relu(self.translate(F.interpolate(reliability, scale_factor=2.0, mode="nearest")), 0.2)
            finer = finer + self.bias(torch.cat((f_de_s, f_m), dim=1))  # Eq. 6
        return finer


class SGENet(Network):
    """The whole of Fig. 3; `semantic_guidance` and `confidence_evaluation` leave Fig. 2 or the plain encoder-decoder.

    Input and output as `Network.forward` and `Prediction` say; H and W are multiples of 16.
    """

    Config = SGENetConfig

    def __init__(self, config: SGENetConfig) -> None:
        super().__init__()
        self.config = config
        self.coarsest = len(config.widths) - 1
        self.stride = 2**self.coarsest
        self.fixed_size = config.fixed_size or None
        self.labels = label_sets.get(config.label_set) if config.label_heads else None
        self.classes = len(self.labels) if self.labels else 0

        self.encoder = Encoder(config.widths)
        self.cim = ContextInference(
            config.widths[-1], config.cim_dilations, config.cim_attention, config.fixed_size // self.stride
        )
        guiding = self.classes if config.semantic_guidance else 0
        self.sgim = nn.ModuleList(  # sgim[l] makes varphi^l out of varphi^{l+1}
            SGIM(config.widths[l + 1], config.widths[l], guiding, config.spade_hidden[l], evaluated=config.confidence_evaluation)
            for l in range(self.coarsest)  # noqa: E741
        )
        self.image_head = nn.ModuleList(nn.Conv2d(width, 3, 3, padding=1) for width in config.widths)  # h of Eq. 1
        self.label_head = nn.ModuleList(  # g of Eq. 1
            nn.Conv2d(width, self.classes, 3, padding=1) for width in config.widths if self.classes
        )
        for head in (*self.image_head, *self.label_head):  # starts near grey and undecided
            he_initialise(head)
            scale_down(head, 0.1)

    def forward(self, image: Tensor, mask: Tensor, hints: Tensor, forbid: Tensor) -> Prediction:
        phi = self.encoder(torch.cat((image * (1 - mask), mask), dim=1))
        hinted = one_hot(hints, self.classes) if self.classes else None
        varphi = self.cim(phi[-1])
        pictures: list[Tensor] = []
        maps: list[Tensor] = []
        reliabilities: list[Tensor] = []
        for l in range(self.coarsest, -1, -1):  # noqa: E741 - the paper's letter
            activated = F.leaky_relu(varphi, 0.2)
            pictures.append(self._head(self.image_head[l], activated, pictures))  # Eq. 1, before tanh
            guidance = reliability = None
            if hinted is not None:
                maps.append(self._head(self.label_head[l], activated, maps))  # Eq. 1
                hole, hint = share(mask, l), share(hinted, l)
                guidance = steer(maps[-1], hole, hint, forbid)
                reliability = self._evaluate(guidance, hole, hint, l)
                reliabilities.append(reliability)
            if l > 0:
                varphi = self.sgim[l - 1](varphi, phi[l - 1], guidance, reliability)  # Eq. 5
        finest, *coarser = (torch.tanh(p) for p in reversed(pictures))
        if self.config.border_correction:
            finest = (finest + spread(image - finest, 1 - mask, self.coarsest)).clamp(-1, 1)
        logits = tuple(reversed(maps))
        return Prediction(finest, logits[0] if logits else None, (finest, *coarser), logits, tuple(reversed(reliabilities)))

    def _head(self, head: nn.Module, activated: Tensor, coarser: list[Tensor]) -> Tensor:
        out: Tensor = head(activated).float()
        return out + upsample(coarser[-1]) if coarser and self.config.residual_heads else out

    def _evaluate(self, guidance: Tensor, hole: Tensor, hint: Tensor, scale: int) -> Tensor:
        """M^l of Eq. 4, and 1 where a hint stands."""
        keep = self.config.keep_percent[scale]
        reliability = reliability_mask(guidance, hole, keep, whole_image=self.config.evaluate_whole_image)
        return reliability + (1 - reliability) * hint.sum(dim=1, keepdim=True)
