"""What a model reached on cases, kept on disk by what it is the answer to: nothing is measured twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import evaluation, filling, metrics
from ..errors import ConfigError
from ..evaluation.cases import CaseSet, Sample
from ..evaluation.measures import Array
from ..evaluation.run import Follow, Model
from ..evaluation.run import run as evaluate
from ..filling.result import Result
from ..labels import LabelSet
from ..metrics.perceptual import FeatureDistance
from ..pictures import images
from ..pictures.files import replacing, write_text
from . import subjects
from .subjects import Scale, Segmented, Untouched
from .trainings import digest

DONE = "of-sets.json"
PRINTED = ("tables.py", "figures.py")
"""Of `evaluation`: they print what was measured."""


@dataclass(frozen=True)
class Measured:
    """One model, one seed, one kind of cases."""

    scores: Mapping[str, Array]
    """Statistic -> (N, ...)."""
    of_sets: Mapping[str, float]
    """FID and the like."""
    folder: Path
    """Of the pictures, 0003-fill.png."""


@dataclass(frozen=True)
class Facts:
    """What all models share on one kind of cases."""

    ratio: Array
    """(N,) part of the picture that is hole, of the mask as used."""
    complexity: NDArray[np.int_]
    """(N,) classes in the scene."""
    content: NDArray[np.int_]
    """(N,) main label of the hole."""
    digest: str
    """sha256 of the cases, with the pixels of their photos, label maps and holes."""


def measure(
    model: Model,
    cases: CaseSet,
    facts: Facts,
    folder: Path,
    *,
    identity: str,
    features: FeatureDistance | None,
    extras: tuple[str, ...],
    shown: Iterable[int],
    follow: Follow = iter,
) -> Measured:
    """What stands below `folder` already, or what is measured now. identity: says which weights the model has."""
    shown = sorted(shown)
    what = [identity, facts.digest, features.name if features else "", extras, shown, _code()]
    place = folder / hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]
    if not (place / DONE).is_file():
        place.mkdir(parents=True, exist_ok=True)

        def draw(index: int, sample: Sample, results: Mapping[str, Result]) -> None:
            if index in shown:
                _draw(place, index, model, results["model"], cases.labels)

        report = evaluate(
            {"model": model},
            cases,
            features=features,
            extras=extras,
            seen=draw,
            follow=lambda samples: _told(model, follow(samples)),
        )
        with replacing(place / "scores.npz") as file:
            np.savez_compressed(file, **dict[str, Any](report.scores["model"]))
        write_text(place / DONE, json.dumps({name: values["model"] for name, values in report.of_sets.items()}))
    with np.load(place / "scores.npz") as stored:
        scores = {name: stored[name] for name in stored.files}
    return Measured(scores, json.loads((place / DONE).read_text("utf-8")), place)


def look(cases: CaseSet) -> Facts:
    """Reads every case once. Raises ConfigError where there is none, and what reading a case raises."""
    if not len(cases):
        raise ConfigError(f"there is nothing to measure: {cases.dataset.name} has no cases with {cases.masks} holes")
    digest, found = hashlib.sha256(cases.to_json().encode()), []
    for one in cases:
        for pixels in (one.image, one.labels, one.mask, one.given):
            digest.update(np.ascontiguousarray(pixels).tobytes())
        found.append((one.mask.mean(), one.complexity, one.content))
    ratio, complexity, content = np.array(found, float).T
    return Facts(ratio, complexity.astype(int), content.astype(int), digest.hexdigest())


def _told(model: Model, samples: Iterable[Sample]) -> Iterator[Sample]:
    """The samples; a subject that fills nothing is shown each before it is asked."""
    asked = model.model if isinstance(model, Segmented) else model
    for sample in samples:
        if isinstance(asked, Untouched):
            asked.sample = sample
        yield sample


def _draw(place: Path, index: int, model: Model, result: Result, labels: LabelSet | None) -> None:
    drawn = {"fill": result.picture.rgb8()}
    if labels is not None and result.labels is not None:
        drawn["labels"] = labels.colourise(result.labels)
    if result.confidence is not None and not isinstance(model, Segmented):
        drawn["confidence"] = _grey(result.confidence)
    if isinstance(model, Scale) and model.reliability is not None:
        drawn["unreliable"] = _grey(1 - model.reliability)
    for name, pixels in drawn.items():
        images.write_rgb(pixels, place / f"{index:04d}-{name}.png", overwrite=True)


def _grey(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.repeat(np.rint(values * 255).astype(np.uint8)[..., None], 3, axis=2)


def _code() -> str:
    """What a measurement is made of besides the model: the statements of three rooms, and of what answers in a model's place."""
    rooms = (Path(str(room.__file__)).parent for room in (evaluation, filling, metrics))
    files = (path for room in rooms for path in sorted(room.glob("*.py")) if path.name not in PRINTED)
    return digest([*files, Path(str(subjects.__file__))])
