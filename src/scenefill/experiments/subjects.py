"""What the rows of an experiment measure, each answering as an `Inpainter` does: a model, a segmenter, a network's scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from ..errors import ConfigError
from ..evaluation.cases import Sample
from ..evaluation.live import open_model
from ..evaluation.run import Model
from ..evaluation.segmenter import Segmenter
from ..filling import inpainter
from ..filling.result import Result
from ..labels import UNKNOWN, LabelMap, LabelSet
from ..models import registry
from ..networks.backend import read
from ..pictures.images import Picture
from ..pictures.masks import Mask
from .plan import INCOMPLETE, TRUTH, Row

Segment = Callable[[NDArray[np.uint8]], LabelMap]
"""RGB (H, W, 3) uint8 -> ids (H, W)."""
ESPNETV2 = "espnetv2"
SQUARE = (384, 384)
"""At which it reads square photos: of 16 of Cityscapes (train-val), cut to the cases of `evaluation`, 0.857 of the known pixels
are right, and 0.552 where they are stretched to the 2:1 that it was trained for."""


def open_segmenter(name: str, labels: LabelSet) -> Segment:
    """The independent one, or a model with classes. Raises WeightsError, ConfigError."""
    if name == ESPNETV2:
        wide = Segmenter.open(labels)
        square = Segmenter(wide.network, labels, SQUARE)
        return lambda rgb: (square if rgb.shape[0] == rgb.shape[1] else wide).segment(rgb)
    model = inpainter.load(name)
    if model.labels is None or model.labels.classes != labels.classes:
        raise ConfigError(f'segmenter {name} does not tell the classes of label set "{labels.name}" apart')
    return lambda rgb: model.segment(rgb)[0]


def subject(row: Row, weights: str, segment: Segment | None, labels: LabelSet) -> Model:
    """What a row measures. weights: its own, or those of its training.   segment: of the rows that are read by a segmenter."""
    model: Model
    if weights in (INCOMPLETE, TRUTH):
        model = Untouched(weights == TRUTH)
    elif row.scale >= 0:
        model = Scale.open(weights, row.scale)
    else:
        model = open_model(weights)
    if row.reads == "own":
        return model
    if segment is None:
        raise ConfigError(f'model "{row.title}" is read by a segmenter, and there is none')
    return Segmented(model, segment, labels)


@dataclass
class Untouched:
    """Fills nothing: the incomplete picture, or the true one."""

    whole: bool
    sample: Sample | None = None
    """The case that is asked for next: the hole hides it from all others."""
    labels: None = None

    def __call__(self, image: NDArray[np.uint8], mask: Mask, **how: Any) -> Result:
        return Result(Picture(self.sample.image if self.whole and self.sample else image), mask)


@dataclass
class Segmented:
    """A model whose filled pictures are read by a segmenter. How sure that one is is not asked: 1 everywhere."""

    model: Model
    segment: Segment
    labels: LabelSet

    def __call__(self, image: NDArray[np.uint8], mask: Mask, **how: Any) -> Result:
        picture = self.model(image, mask, **how).picture

        def look() -> tuple[LabelMap, NDArray[np.float32]]:
            ids = self.segment(picture.rgb8())
            return ids, np.ones(ids.shape, np.float32)

        return Result(picture, mask, label_set=self.labels, look=look)


@dataclass
class Scale:
    """What a network says at one of its scales, enlarged to the picture's size: Fig. 6 and 7 of SGE-Net."""

    network: Any
    level: int
    temperature: float = 1.0
    labels: LabelSet | None = None
    reliability: NDArray[np.float32] | None = field(default=None, repr=False)
    """(H, W) 1 = reliable: M^l of the picture that was filled last; None of a network without."""

    @classmethod
    def open(cls, name: str, level: int) -> Scale:
        """Raises ConfigError for a network that does not have that scale, WeightsError."""
        info, network = read(registry.find(name))
        size = network.fixed_size or 8 * network.stride
        blank = torch.zeros(1, 3, size, size)
        with torch.no_grad():
            said = network(*_question(blank, torch.ones(1, 1, size, size), len(network.labels or ())))
        if level >= len(said.images_per_scale):
            raise ConfigError(f"{name} has the scales 0 to {len(said.images_per_scale) - 1}, not {level}")
        return cls(network, level, info.temperature, network.labels)

    @torch.inference_mode()
    def __call__(self, image: NDArray[np.uint8], mask: Mask, **how: Any) -> Result:
        self.network.check_size(*mask.shape)
        given = torch.from_numpy(image.transpose(2, 0, 1).astype(np.float32))[None] / 127.5 - 1
        hole = torch.from_numpy(mask.astype(np.float32))[None, None]
        said = self.network(*_question(given, hole, len(self.labels or ())))
        drawn = _enlarged(said.images_per_scale[self.level], mask.shape)[0].clamp(-1, 1)
        pixels = ((drawn + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
        picture = Picture(np.where(mask[..., None], pixels, image))
        if not said.logits_per_scale:
            return Result(picture, mask)
        chances = _enlarged((said.logits_per_scale[self.level].float() / self.temperature).softmax(dim=1), mask.shape)[0]
        sure, ids = chances.max(dim=0)
        if said.reliability_per_scale:
            self.reliability = F.interpolate(said.reliability_per_scale[self.level].float(), mask.shape)[0, 0].numpy()
        maps = ids.numpy().astype(np.uint8), sure.numpy()
        return Result(picture, mask, label_set=self.labels, look=lambda: maps)


def _enlarged(maps: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    return F.interpolate(maps.float(), shape, mode="bilinear")


def _question(image: torch.Tensor, hole: torch.Tensor, classes: int) -> tuple[torch.Tensor, ...]:
    """Nothing is told and nothing is forbidden."""
    hints = torch.full((1, *hole.shape[2:]), UNKNOWN, dtype=torch.int64)
    return image, hole, hints, torch.zeros(1, classes, dtype=torch.bool)
