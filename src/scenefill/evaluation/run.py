"""Every model fills every case through the same Inpainter; every fill is measured in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, OutputError
from ..filling.detail import Detail
from ..filling.result import Result
from ..labels import LabelSet
from ..metrics.frechet import frechet, inception_score, kernel
from ..metrics.official import INCEPTION
from ..metrics.perceptual import FeatureDistance, pooled
from ..pictures.files import write_text
from ..pictures.masks import Mask
from .cases import CaseSet, Sample
from .figures import FOLDER, page, write_pictures
from .measures import Array, Judge, Measured, Truth, measure
from .tables import Report, to_csv, to_json, to_markdown


class Model(Protocol):
    """What can be measured: an `Inpainter`, or something that answers as one does."""

    @property
    def labels(self) -> LabelSet | None: ...

    def __call__(self, image: NDArray[np.uint8], mask: Mask, *, intent: Literal["restore"], detail: Detail) -> Result: ...


Follow = Callable[[CaseSet], Iterable[Sample]]
"""Hands out the cases one by one, perhaps with a progress bar."""


def evaluate(
    models: Mapping[str, Model],
    cases: CaseSet,
    out: Path,
    *,
    features: FeatureDistance | None = None,
    judge: Judge | None = None,
    extras: tuple[str, ...] = (),
    detail: Detail = "none",
    pictures: int = 40,
    overwrite: bool = False,
    follow: Follow = iter,
) -> Report:
    """Measure the models and write cases.json, per_image.csv, report.json, report.md, index.html and pictures/ into `out`.

    models: by the name they have in the report; differences are taken to the first.
    features: network for the feature and Fréchet distances; without it they are left out.
    judge: says what is movable in a fill and in the truth; without it there is no `phantom`.
    extras: names of `measures.EXTRAS` to measure too.
    detail: as in `Inpainter.fill`; without it networks are compared by what they draw themselves.
    pictures: how many of the cases, spread evenly, are shown.
    Raises OutputError where a report stands already, ConfigError for a model with other classes than the cases.
    """
    report_file = out / "report.json"
    if report_file.exists() and not overwrite:
        raise OutputError(f"{report_file} stands already; give another folder or --overwrite")
    try:
        (out / FOLDER).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror}") from error
    shown = np.unique(np.linspace(0, len(cases) - 1, min(pictures, len(cases))).round().astype(int)).tolist()

    def draw(index: int, sample: Sample, results: Mapping[str, Result]) -> None:
        if index in shown:
            write_pictures(out, index, sample, results, cases.labels)

    report = run(models, cases, features=features, judge=judge, extras=extras, detail=detail, seen=draw, follow=follow)
    write_text(out / "cases.json", cases.to_json())
    write_text(out / "per_image.csv", to_csv(report))
    write_text(out / "report.md", to_markdown(report))
    write_text(out / "index.html", page(report, out, shown))
    write_text(report_file, to_json(report))
    return report


def validate(model: Model, cases: CaseSet, *, features: FeatureDistance | None = None) -> dict[str, float]:
    """Every defined metric over the cases, by name: what a training logs."""
    report = run({"model": model}, cases, features=features)
    return {metric.name: report.value(metric, "model") for metric in report.metrics}


def run(
    models: Mapping[str, Model],
    cases: CaseSet,
    *,
    features: FeatureDistance | None = None,
    judge: Judge | None = None,
    extras: tuple[str, ...] = (),
    detail: Detail = "none",
    seen: Callable[[int, Sample, Mapping[str, Result]], None] = lambda *_: None,
    follow: Follow = iter,
) -> Report:
    """Measure the models on the cases; `seen` is shown every case with its fills."""
    _check(models, cases)
    measured: dict[str, list[Measured]] = {model: [] for model in models}
    truths: list[Array] = []
    facts = []
    for index, sample in enumerate(follow(cases)):
        results = {name: model(sample.blanked, sample.mask, intent="restore", detail=detail) for name, model in models.items()}
        truth = Truth(sample, cases.labels, features, judge, extras)
        for name, result in results.items():
            measured[name].append(measure(result, truth))
        if features:
            truths.append(pooled(truth.maps))
        facts.append((sample.mask.mean(), sample.complexity, sample.content))
        seen(index, sample, results)
    ratio, complexity, content = np.array(facts).T
    return Report(
        cases,
        features.name if features else None,
        {name: _stacked(found) for name, found in measured.items()},
        _of_sets(measured, truths, features) if features else {},
        ratio,
        complexity.astype(int),
        content.astype(int),
    )


def _check(models: Mapping[str, Model], cases: CaseSet) -> None:
    if not models or not len(cases):
        raise ConfigError(f"there is nothing to evaluate: {len(models)} models, {len(cases)} cases")
    for name, model in models.items():
        if model.labels and cases.labels and model.labels.classes != cases.labels.classes:
            raise ConfigError(
                f'model {name} draws the classes of label set "{model.labels.name}" ({", ".join(model.labels.classes)}), '
                f'the cases hold those of "{cases.labels.name}" ({", ".join(cases.labels.classes)}); '
                f"give --label-set {model.labels.name}, or the TOML file of these classes"
            )


def _stacked(measured: list[Measured]) -> dict[str, Array]:
    return {key: np.stack([one.statistics[key] for one in measured]) for key in measured[0].statistics}


def _of_sets(
    measured: Mapping[str, list[Measured]], truths: list[Array], features: FeatureDistance
) -> dict[str, dict[str, float]]:
    """What whole sets of pictures are compared by: name -> model -> value."""
    true = np.stack(truths)
    fills = {name: np.stack([one.pooled for one in found if one.pooled is not None]) for name, found in measured.items()}
    official = features.name == INCEPTION
    names = ("FID", "KID") if official else (f"frechet[{features.name}]", f"kernel[{features.name}]")
    found = {
        names[0]: {name: frechet(rows, true) for name, rows in fills.items()},
        names[1]: {name: kernel(rows, true) for name, rows in fills.items()},
    }
    if official:
        found["IS"] = {name: inception_score(features.network.probabilities(rows)) for name, rows in fills.items()}  # type: ignore[operator]
    return found
