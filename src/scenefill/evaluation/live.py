"""Evaluation of networks that are not exported: while they train, and before their confidence is calibrated."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import labels as label_sets
from ..data import public
from ..data.stream import data_root
from ..errors import DataError, WeightsError
from ..filling import inpainter
from ..filling.inpainter import Inpainter
from ..labels import UNKNOWN, LabelSet
from ..losses.perceptual import feature_network
from ..metrics.perceptual import FeatureDistance
from ..networks.backend import TorchBackend, read
from ..networks.interface import Network
from ..training.sections import TrainConfig
from .cases import CaseSet, build
from .run import validate

PIXELS = 400
"""Pixels per case that the temperature is fitted on."""


def open_model(name: str) -> Inpainter:
    """By name or from a weights file; one of a training, which has no graph beside it, is run by torch. Raises WeightsError."""
    path = Path(name)
    if path.suffix == ".safetensors" and not path.with_suffix(".onnx").exists():
        info, network = read(path)
        return Inpainter(TorchBackend(network, name=path.stem, working_size=info.working_size, temperature=info.temperature))
    return inpainter.load(name)


def validation(config: TrainConfig) -> Callable[[Network], dict[str, float]] | None:
    """What the loop calls to validate: "SOURCE/metric" -> value over centre holes of each of run.validation; None without any."""
    if not config.run.validation or not config.run.validate_every:
        return None
    root = data_root(config.data.root) if any(":" in source for source in config.run.validation) else Path()
    features = _features()
    sets: dict[str, CaseSet] = {}

    def judge(network: Network) -> dict[str, float]:
        if not sets:
            for source in config.run.validation:
                coded = label_sets.get(config.data.folder_label_set) if config.data.folder_label_set else network.labels
                sets[source] = _cases(source, root, network.labels, config.run.validation_cases, coded)
        live = Inpainter(TorchBackend(network, name="live", working_size=config.data.size))
        found = {source: validate(live, cases, features=features) for source, cases in sets.items()}
        return {
            f"{source}/{name}": value
            for source, values in found.items()
            for name, value in values.items()
            if math.isfinite(value)
        }

    return judge


def fit_temperature(network: Network, working_size: int, sources: Sequence[str], root: Path, count: int = 64) -> float:
    """What the scores are best divided by: the likeliest temperature (Guo et al. 2017) for known pixels inside centre holes.

    sources: as `data.public.source`, `count` photos of each; a network that counts on a map of what is known is given theirs.
    Raises DataError where none of these pixels is known.
    """
    backend = TorchBackend(network, name="live", working_size=working_size)
    rng = np.random.default_rng(0)
    scores, truths = [], []
    for source in sources:
        for sample in _cases(source, root, network.labels, count, network.labels):
            image = sample.blanked.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1
            forbid = np.zeros((1, len(network.labels or ())), bool)
            told = network.known_map & ~sample.mask & (sample.labels < forbid.shape[1])
            hints = np.where(told, sample.labels, UNKNOWN)[None].astype(np.int64)
            logits = backend.run(image, sample.mask[None, None].astype(np.float32), hints, forbid).logits
            judged = np.flatnonzero(sample.mask & (sample.labels < forbid.shape[1]))
            if logits is None or not judged.size:
                continue
            chosen = rng.choice(judged, min(PIXELS, judged.size), replace=False)
            scores.append(logits[0].reshape(len(logits[0]), -1)[:, chosen].T)
            truths.append(sample.labels.ravel()[chosen])
    if not scores:
        raise DataError(f"no temperature can be fitted: the photos of {', '.join(sources)} have no labels where holes would be")
    return likeliest_temperature(np.concatenate(scores), np.concatenate(truths))


def likeliest_temperature(scores: NDArray[np.float32], truth: NDArray[np.uint8]) -> float:
    """The temperature under which classes `truth` (N,) are likeliest given `scores` (N, K), to three digits, within 0.2..5."""

    def cost(temperature: float) -> float:
        scaled = scores.astype(np.float64) / temperature
        peak = scaled.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(scaled - peak).sum(axis=1)) + peak[:, 0]
        return float((log_sum - scaled[np.arange(len(truth)), truth]).mean())

    grid = np.geomspace(0.2, 5.0, 65)
    best = grid[int(np.argmin([cost(t) for t in grid]))]
    finer = best * np.geomspace(0.96, 1.04, 21)
    return round(float(finer[int(np.argmin([cost(t) for t in finer]))]), 3)


def _cases(source: str, root: Path, labels: LabelSet | None, count: int, coded: LabelSet | None) -> CaseSet:
    return build(public.source(source, root, coded), "centre", labels=labels, count=count)


def _features() -> FeatureDistance | None:
    """SqueezeNet where its file is at hand; validation goes without a feature distance elsewhere."""
    try:
        return FeatureDistance(feature_network("squeezenet"), "squeezenet")
    except WeightsError:
        return None
