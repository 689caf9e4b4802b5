"""The independent segmenter, which judges what models paint: another network, trained by others on Cityscapes."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from .. import labels as label_sets
from ..errors import ImageError
from ..labels import LabelMap, LabelSet, remap
from ..models import registry
from ..networks.espnetv2 import ESPNetv2

FILE = "espnetv2_s_2.0_city_1024x512.pth"
SIZE = (512, 1024)
"""Height and width that the public file was trained for. Photos of another shape are stretched to it."""
CITYSCAPES = label_sets.get("cityscapes")


class Segmenter:
    """Label maps of photos, in the ids of a label set.

    network: RGB (B, 3, H, W) float in [-1, 1] -> scores (B, 19 or more, H, W), those of label set "cityscapes" first.
    target: classes that it lacks become UNKNOWN.
    size: height and width at which the network reads a photo.

    As `open` makes it, on the 147 photos of CamVid test: 0.862 of the known pixels are right in the eight classes of "street",
    with a mean IoU of 0.674; in CamVid's own eleven, 0.853 with 0.523. benchmarks/segmenter.py measures both, and says how the
    classes of Cityscapes and CamVid are paired.
    """

    def __init__(self, network: nn.Module, target: LabelSet, size: tuple[int, int] = SIZE) -> None:
        self.network = network
        self.target = target
        self.size = size

    @classmethod
    def open(cls, target: LabelSet) -> Segmenter:
        """ESPNetv2 from the public file, in SCENEFILL_DATA or the cache. Raises WeightsError where it is missing or damaged."""
        return cls(ESPNetv2.from_file(registry.placed_file(FILE)), target)

    @torch.inference_mode()
    def segment(self, rgb: NDArray[np.uint8]) -> LabelMap:
        """RGB photo (H, W, 3) uint8 -> label map (H, W) uint8. Raises ImageError for another kind of array."""
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
            raise ImageError(f"a photo to segment is RGB, uint8 (H, W, 3); this one is {rgb.dtype} {rgb.shape}")
        photo = torch.from_numpy(rgb.transpose(2, 0, 1).astype(np.float32))[None] / 127.5 - 1
        scores = self.network(F.interpolate(photo, self.size, mode="bilinear", antialias=True))[:, : len(CITYSCAPES)]
        seen = F.interpolate(scores, rgb.shape[:2], mode="bilinear")[0].argmax(dim=0)
        return remap(seen.numpy().astype(np.uint8), CITYSCAPES, self.target)
