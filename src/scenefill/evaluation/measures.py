"""What is measured on each case, and how many cases become one number.

Each case contributes a *statistic*: an array whose mean over cases is all that a metric needs. A plain mean is a sum of values
over a count of values; sharpness is energy over energy; mIoU comes from a mean confusion matrix. Averages, groups of cases and
bootstrap resamples are then the same operation, for every metric.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..filling.result import Result
from ..labels import UNKNOWN, LabelMap, LabelSet
from ..metrics import calibration, pixel, structure
from ..metrics.perceptual import FeatureDistance, feature_distance, pooled
from ..metrics.semantic import Confusion, right
from .cases import Sample

Array = NDArray[np.float64]
Judge = Callable[[NDArray[np.uint8]], LabelMap]
"""An independent segmenter: RGB (H, W, 3) uint8 -> ids (H, W) of the cases' label set."""
Better = Literal["higher", "lower", "near 0", "near 1", "near -1"]


@dataclass(frozen=True)
class Metric:
    """One number with its definition."""

    name: str
    unit: Literal["dB", "%", ""]
    better: Better
    definition: str
    statistic: str
    """Key into what `measure` returns."""
    value: Callable[[Array], Array]
    """Mean of the statistic over cases (..., *shape) -> (...), NaN where it is not defined."""

    @property
    def decimals(self) -> int:
        return 2 if self.unit else 3


def metrics(labels: LabelSet | None, network: str | None) -> tuple[Metric, ...]:
    """All metrics, in the order in which they are printed. network: the name of the feature network, if there is one."""

    def mean(name: str, unit: Literal["dB", "%", ""], better: Better, definition: str) -> Metric:
        return Metric(name, unit, better, definition, name, share)

    pictures = (
        mean("psnr_hole", "dB", "higher", "PSNR of RGB 0..255 over the hole"),
        mean("psnr", "dB", "higher", "PSNR over all pixels; identical pictures are left out and counted"),
        mean("ssim_hole", "", "higher", "SSIM of the windows whose middle is in the hole"),
        mean("ssim", "", "higher", "SSIM over all pixels: Gaussian window 11, sigma 1.5, range 255, RGB"),
        mean("l1_hole", "%", "lower", "mean absolute difference over the hole, in % of the range"),
        mean("l1", "%", "lower", "mean absolute difference over all pixels, in % of the range"),
        mean("seam", "", "near 1", f"luma steps across the hole's border over those within {structure.SEAM_BAND} pixels of it, "
             "over the same ratio of the truth (each mean raised by 1 grey level); 1 is invisible"),
        mean("sharpness", "", "near 1", "mean squared luma step between 4-neighbours inside the hole, mean over the pictures, "
             "over the same mean of the truth; below 1 is blur"),
        mean("checkerboard", "", "near 1", f"how much of the luma inside the hole repeats itself with the pixel grid after "
             f"{', '.join(map(str, structure.PERIODS))} pixels, mean over the pictures, over the same mean of the truth; "
             "above 1 is a pattern of the network's own"),
        mean("phantom", "", "near 0", "share of the hole that an independent segmenter calls movable, less that of the truth"),
    )  # fmt: skip
    features = (
        mean("feature_distance", "", "lower", f"squared difference of unit feature vectors ({network}), mean over the positions "
             "in the hole, summed over the layers"),
    ) if network else ()  # fmt: skip
    return (*pictures, *features, *(_label_metrics(labels) if labels else ()))


def _label_metrics(labels: LabelSet) -> tuple[Metric, ...]:
    def accuracy(counts: Array) -> Array:
        return Confusion(labels, counts).accuracy()

    def miou(counts: Array) -> Array:
        return Confusion(labels, counts).miou()

    union = "intersection over union of the pixels of all pictures, mean over the classes that are true or predicted"
    return (
        Metric("accuracy_hole", "", "higher", "share of the hole's known labels that are right", "confusion_hole", accuracy),
        Metric("accuracy", "", "higher", "share of all known labels that are right", "confusion", accuracy),
        Metric("miou_hole", "", "higher", f"{union}, in the holes", "confusion_hole", miou),
        Metric("miou", "", "higher", f"{union}, everywhere", "confusion", miou),
        Metric("ece_hole", "", "lower", f"expected calibration error of the confidence in the holes, {calibration.BINS} bins",
               "reliability_hole", calibration.ece),
        Metric("confidence_l1", "", "near -1", "correlation over the pictures of mean confidence and L1 in the hole",
               "confidence_l1", calibration.correlation),
    )  # fmt: skip


def share(sums: Array) -> Array:
    """(..., 2) a sum and what it is a share of -> (...)."""
    part, whole = np.moveaxis(sums, -1, 0)
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0))


@dataclass(frozen=True)
class Truth:
    """A case and what the metrics need to know of its truth alone, each computed once for all models."""

    sample: Sample
    labels: LabelSet | None
    features: FeatureDistance | None = None
    judge: Judge | None = None

    @cached_property
    def visibility(self) -> float:
        return structure.visibility(self.sample.image, self.sample.mask)

    @cached_property
    def energy(self) -> float:
        return structure.gradient_energy(self.sample.image, self.sample.mask)

    @cached_property
    def repetition(self) -> float:
        return structure.repetition(self.sample.image, self.sample.mask)

    @cached_property
    def maps(self) -> tuple[Tensor, ...]:
        """Features of the picture; none without a feature network."""
        return self.features.maps(self.sample.image) if self.features else ()

    def movable(self, picture: NDArray[np.uint8]) -> float:
        """The share of the hole that the judge calls movable, NaN without a judge or without movable classes."""
        if self.judge is None or self.labels is None or not self.labels.movable:
            return float("nan")
        seen = self.judge(picture)[self.sample.mask]
        return float(np.isin(seen, self.labels.ids(self.labels.movable)).mean())

    @cached_property
    def truly_movable(self) -> float:
        return self.movable(self.sample.image)


@dataclass(frozen=True)
class Measured:
    """One model on one case."""

    statistics: Mapping[str, Array]
    pooled: Array | None
    """(C,) pooled features of the filled picture."""


def measure(result: Result, case: Truth) -> Measured:
    """Everything about one fill. A model without labels contributes no label statistics."""
    sample, labels = case.sample, case.labels
    image, truth, hole = result.picture.rgb8(), sample.image, sample.mask
    similarity = structure.ssim_map(image, truth)
    l1_hole = pixel.l1(image, truth, hole)
    found = {
        "psnr_hole": _one(pixel.psnr(image, truth, hole)),
        "psnr": _one(pixel.psnr(image, truth)),
        "ssim_hole": _one(float(similarity[hole].mean(dtype=np.float64))),
        "ssim": _one(float(similarity.mean(dtype=np.float64))),
        "l1_hole": _one(l1_hole),
        "l1": _one(pixel.l1(image, truth)),
        "seam": _one(structure.visibility(image, hole) / case.visibility),
        "sharpness": np.array([structure.gradient_energy(image, hole), case.energy]),
        "checkerboard": _finite([structure.repetition(image, hole), case.repetition]),
        "phantom": _one(case.movable(image) - case.truly_movable),
    }
    row = None
    if case.features is not None:
        maps = case.features.maps(image)
        found["feature_distance"] = _one(feature_distance(maps, case.maps, hole))
        row = pooled(maps)
    if labels is not None and result.labels is not None and result.confidence is not None:
        known = hole & (sample.labels != UNKNOWN)
        hits = right(result.labels, sample.labels, labels)
        found |= {
            "confusion_hole": Confusion.of(result.labels, sample.labels, labels, hole).counts,
            "confusion": Confusion.of(result.labels, sample.labels, labels).counts,
            "reliability_hole": calibration.reliability(result.confidence[known], hits[known]),
            "confidence_l1": calibration.moments(float(result.confidence[hole].mean()), l1_hole),
        }
    return Measured(found, row)


def _one(value: float) -> Array:
    """A plain value and its count; a value that is not defined counts for nothing."""
    return _finite([value, 1.0])


def _finite(pair: list[float]) -> Array:
    """A value and what it is a share of; nothing of either where one is not defined."""
    return np.array(pair) if np.isfinite(pair).all() else np.zeros(2)
