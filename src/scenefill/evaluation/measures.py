"""What is measured on each case, and how many cases become one number.

Each case contributes a *statistic*: an array whose mean over cases is all that a metric needs. A plain mean is a sum of values
over a count of values; sharpness is energy over energy; mIoU comes from a mean confusion matrix. Averages, groups of cases and
bootstrap resamples are then the same operation, for every metric.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..errors import ConfigError
from ..filling.result import Result
from ..labels import UNKNOWN, LabelMap, LabelSet
from ..metrics import calibration, compat, pixel, structure
from ..metrics.official import INCEPTION
from ..metrics.perceptual import FeatureDistance, feature_distance, lpips, pooled
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


@dataclass(frozen=True)
class Extra:
    """A metric of whole pictures that is measured where it is asked for."""

    unit: Literal["dB", "%", ""]
    better: Better
    definition: str
    of: Callable[[NDArray[np.uint8], NDArray[np.uint8]], float]
    """Picture and truth -> its value."""


EXTRAS = {
    "ms_ssim": Extra("", "higher", "multi-scale SSIM: 5 scales from 176 pixels on, else 4; none below 99",
                     lambda a, b: structure.ms_ssim(a, b) if min(b.shape[:2]) >= 99 else float("nan")),
    "l2": Extra("%", "lower", "mean squared difference over all pixels, in % of the squared range", pixel.l2),
    "l1[relative]": Extra("", "lower", 'sum |a-b| / sum (a+b): the "MAE" of PEN-Net, EdgeConnect and AOT-GAN',
                          compat.relative_l1),
    "l1[spg-net]": Extra("", "lower", "sum of |a-b| over all values in 0..1, as SPG-Net prints it for 256x256",
                         lambda a, b: compat.summed(a, b, 1)),
    "l2[spg-net]": Extra("", "lower", "sum of (a-b)^2 over all values in 0..1, as SPG-Net prints it for 256x256",
                         lambda a, b: compat.summed(a, b, 2)),
    "ssim[pen-net]": Extra("", "higher", "SSIM, square window 51, RGB", lambda a, b: compat.ssim(a, b, 51)),
    "ssim[edgeconnect]": Extra("", "higher", "SSIM, square window 51, grey", lambda a, b: compat.ssim(a, b, 51, grey=True)),
    "ssim[aot]": Extra("", "higher", "SSIM, square window 7, RGB", lambda a, b: compat.ssim(a, b, 7)),
}  # fmt: skip
"""By the name under which they are asked for and printed; those with brackets are other projects' formulas."""


def check_extras(names: Iterable[str]) -> tuple[str, ...]:
    """Raises ConfigError for a name that is none of EXTRAS."""
    for name in names:
        if name not in EXTRAS:
            raise ConfigError(f'there is no metric "{name}" to add; there are: {", ".join(EXTRAS)}')
    return tuple(names)


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
        mean("lpips", "", "lower", f"LPIPS v0.1 over the whole picture ({network})"),
    ) if network else ()  # fmt: skip
    extras = (mean(name, extra.unit, extra.better, extra.definition) for name, extra in EXTRAS.items())
    return (*pictures, *features, *extras, *(_label_metrics(labels) if labels else ()))


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
        Metric("trust_hole", "", "higher", "chance that a right pixel of the holes is more confident than a wrong one "
               "(area under the ROC curve of the confidence)", "reliability_hole", calibration.discrimination),
        Metric("confidence_hole", "", "higher", "mean confidence in the hole", "confidence_l1",
               lambda sums: np.asarray(sums[..., 1] / sums[..., 0])),
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
    extras: tuple[str, ...] = ()

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
    found |= {name: _one(EXTRAS[name].of(image, truth)) for name in case.extras}
    row = None
    if case.features is not None:
        maps = case.features.maps(image)
        if case.features.linear is not None:
            found["lpips"] = _one(lpips(maps, case.maps, case.features.linear))
        elif case.features.name != INCEPTION:
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
