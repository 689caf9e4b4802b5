"""From what was measured to numbers with intervals: per image CSV, JSON, Markdown."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..errors import ConfigError
from ..labels import UNKNOWN
from ..metrics.semantic import Confusion
from .cases import CaseSet
from .measures import Array, Metric, metrics

RESAMPLES = 1000
LEVEL = 95
HEADLINES = ("psnr_hole", "sharpness", "feature_distance", "accuracy_hole")
"""The metrics whose groups are printed; the JSON file has all."""

_DISTANCE = "distance of the pooled features of whole pictures to those of the truths"
OF_SETS = {
    "frechet": f"Fréchet {_DISTANCE}; biased by their number",
    "kernel": f"kernel {_DISTANCE}, unbiased",
    "FID": f"Fréchet Inception Distance: Fréchet {_DISTANCE}; biased by their number",
    "KID": f"Kernel Inception Distance: kernel {_DISTANCE}, all at once, unbiased",
    "IS": "Inception Score of the filled pictures, one split; low for few pictures",
}
"""What is measured on all pictures of a model together, so without an interval."""


class Estimate(NamedTuple):
    """A value and its percentile bootstrap interval over pictures."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Report:
    """What every model reached on every case. Arrays have the cases along their first axis."""

    cases: CaseSet
    network: str | None
    """Name of the feature network."""
    scores: Mapping[str, Mapping[str, Array]]
    """Model -> statistic -> (N, ...). A model without labels lacks some. The first model is the one others are compared with."""
    of_sets: Mapping[str, Mapping[str, float]]
    """Fréchet and kernel distance of the feature network, or FID, KID and IS: name -> model -> value."""
    ratio: Array
    """(N,) hole ratio of the mask as used, 0..1."""
    complexity: NDArray[np.int_]
    """(N,) classes in the scene, 0 = not known."""
    content: NDArray[np.int_]
    """(N,) the hole's main label, 255 = not known."""

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """Those that are defined for at least one model."""
        return tuple(
            metric
            for metric in metrics(self.cases.labels, self.network)
            if any(np.isfinite(self.value(metric, model)) for model in self.scores)
        )

    def value(self, metric: Metric, model: str) -> float:
        """Over all cases; NaN for a model that lacks it."""
        statistic = self.scores[model].get(metric.statistic)
        return float("nan") if statistic is None else float(metric.value(statistic.mean(axis=0)))

    def per_image(self, metric: Metric, model: str) -> Array:
        """(N,) the metric of each case alone."""
        statistic = self.scores[model].get(metric.statistic)
        return np.full(len(self.cases), np.nan) if statistic is None else metric.value(statistic)

    def identical(self, model: str) -> int:
        """Pictures that equal the truth, which PSNR leaves out."""
        return int((self.scores[model]["psnr"][:, 1] == 0).sum())

    def groups(self) -> dict[str, NDArray[np.bool_]]:
        """Name -> (N,) bool; groups without a case are left out."""
        edges = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
        found = {f"hole {low:.0%} to {high:.0%}": (self.ratio > low) & (self.ratio <= high) for low, high in pairwise(edges)}
        found["hole above 60%"] = self.ratio > edges[-1]
        found["scene of 1-2 classes"] = (self.complexity >= 1) & (self.complexity <= 2)
        found["scene of 3-4 classes"] = (self.complexity >= 3) & (self.complexity <= 4)
        found["scene of more than 4 classes"] = self.complexity > 4
        for number in sorted(set(self.content.tolist()) - {UNKNOWN}):
            found[f"hole mostly {self._label(number)}"] = self.content == number
        return {name: chosen for name, chosen in found.items() if chosen.any()}

    def parts(self) -> dict[str, NDArray[np.bool_]]:
        """All cases, as "all", and the groups."""
        return {"all": np.ones(len(self.cases), bool), **self.groups()}

    def _label(self, number: int) -> str:
        labels = self.cases.labels
        if labels is None:
            return str(number)
        return labels.classes[number] if number < len(labels) else " or ".join(labels.partial[number])

    def estimates(self, metric: Metric, chosen: NDArray[np.bool_] | None = None) -> dict[str, tuple[Estimate, Estimate | None]]:
        """Model -> (its value, its paired difference to the first model), over the chosen cases. Undefined values are NaN.

        Every model is resampled with the same draws, so that the difference is one of the same pictures.
        """
        which = np.ones(len(self.cases), bool) if chosen is None else chosen
        weights = resampling(np.random.default_rng(0), int(which.sum()))
        found: dict[str, tuple[Estimate, Estimate | None]] = {}
        first: Array | None = None
        for model, statistics in self.scores.items():
            if metric.statistic in statistics:
                values = metric.value(np.tensordot(weights, statistics[metric.statistic][which], axes=1))
            else:
                values = np.full(len(weights), np.nan)
            found[model] = (estimate(values), None if first is None else estimate(values - first))
            first = values if first is None else first
        return found

    def confusion(self, model: str, statistic: str) -> Confusion | None:
        """Of all cases together: "confusion" or "confusion_hole"."""
        counts = self.scores[model].get(statistic)
        return None if counts is None or self.cases.labels is None else Confusion(self.cases.labels, counts.sum(axis=0))


def resampling(rng: np.random.Generator, count: int) -> Array:
    """(1 + RESAMPLES, count) weights of the pictures in each bootstrap resample; row 0 is the sample itself."""
    draws = rng.multinomial(count, np.full(count, 1 / count), RESAMPLES) / count
    return np.concatenate([np.full((1, count), 1 / count), draws])


def estimate(values: Array) -> Estimate:
    """Of a value in each resample, (1 + RESAMPLES,), the sample itself first. NaN where that is not defined."""
    defined = values[np.isfinite(values)]
    if not np.isfinite(values[0]):
        return Estimate(float("nan"), float("nan"), float("nan"))
    low, high = np.percentile(defined[1:], [50 - LEVEL / 2, 50 + LEVEL / 2]) if defined.size > 1 else (np.nan, np.nan)
    return Estimate(float(values[0]), float(low), float(high))


def to_csv(report: Report) -> str:
    """One line per model and case; what is not defined is left empty."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["model", "item", "mask", "seed", "hole_ratio", "classes", *(metric.name for metric in report.metrics)])
    for model in report.scores:
        columns = [report.per_image(metric, model) for metric in report.metrics]
        for i, case in enumerate(report.cases.cases):
            values = [f"{column[i]:.6g}" if np.isfinite(column[i]) else "" for column in columns]
            table.writerow([model, case.item, case.mask, case.seed, f"{report.ratio[i]:.4f}", report.complexity[i], *values])
    return out.getvalue()


def summary(report: Path, model: str) -> dict[str, dict[str, float]]:
    """The figures of one model from a report.json, as a weights file's description holds them: {"DATA, MASKS": {metric: value}}.

    Raises ConfigError for a file that is not a report, or that lacks the model.
    """
    try:
        page = json.loads(report.read_text(encoding="utf-8"))
        of_all = page["groups"]["all"]
        values = {name: of_all[name][model]["value"] for name in page["metrics"] if of_all[name][model]["value"] is not None}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{report} is not the report.json of an evaluation of {model} ({error})") from error
    return {f"{page['dataset']}, {page['masks']}, {page['cases']['count']} cases": values}


def to_json(report: Report) -> str:
    """Everything that the Markdown says, and all metrics of all groups."""
    labels = report.cases.labels
    page: dict[str, Any] = {
        "format": 1,
        "scenefill": __version__,
        "dataset": report.cases.dataset.name,
        "masks": report.cases.masks,
        "cases": {"count": len(report.cases), "size": report.cases.size, "file": "cases.json", "sha256": report.cases.digest},
        "label_set": labels.name if labels else None,
        "models": list(report.scores),
        "intervals": {
            "level": LEVEL / 100,
            "resamples": RESAMPLES,
            "over": "pictures",
            "differences_to": next(iter(report.scores)),
        },
        "identical_pictures": {model: report.identical(model) for model in report.scores},
        "metrics": {m.name: {"unit": m.unit, "better": m.better, "definition": m.definition} for m in report.metrics},
        **{name: dict(values) for name, values in report.of_sets.items()},
        "groups": {
            name: {
                "cases": int(chosen.sum()),
                **{
                    m.name: {model: _record(*pair) for model, pair in report.estimates(m, chosen).items()} for m in report.metrics
                },
            }
            for name, chosen in report.parts().items()
        },
        "classes": {
            model: {
                where: {
                    "accuracy": dict(zip(confusion.labels.classes, confusion.class_accuracy().tolist(), strict=True)),
                    "iou": dict(zip(confusion.labels.classes, confusion.class_iou().tolist(), strict=True)),
                    "pixels": dict(zip(confusion.labels.classes, confusion.counts.sum(axis=1).tolist(), strict=False)),
                }
                for where in ("confusion_hole", "confusion")
                if (confusion := report.confusion(model, where)) is not None
            }
            for model in report.scores
        },
    }
    return json.dumps(finite(page), indent=1)


def _record(value: Estimate, difference: Estimate | None) -> dict[str, Any]:
    return value._asdict() | ({} if difference is None else {"difference": difference._asdict()})


def finite(value: Any) -> Any:
    """JSON has no NaN: what is not defined is null."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def to_markdown(report: Report) -> str:
    """The tables, with the definitions below them."""
    models = list(report.scores)
    cases = report.cases
    values, differences = [], []
    for m in report.metrics:
        pairs = report.estimates(m).values()
        values.append([titled(m), m.better, *(cell(value, m.decimals) for value, _ in pairs)])
        differences.append([titled(m), m.better, *(cell(other, m.decimals, "+") for _, other in pairs if other)])
    for name, of_models in report.of_sets.items():
        values.append([name, "higher" if name == "IS" else "lower", *(f"{value:.4g}" for value in of_models.values())])
    enlarged = sum(case.crop.side < cases.size for case in cases.cases)
    lines = [
        f"# {cases.dataset.name}, {cases.masks} holes",
        "",
        f"{len(cases)} cases at {cases.size}x{cases.size}, the largest square in the middle of each photo"
        + (f" ({enlarged} of them enlarged)" if enlarged else "")
        + f"; cases.json, sha256 `{cases.digest}`; scenefill {__version__}.",
        f"In brackets: {LEVEL} % bootstrap interval over the pictures ({RESAMPLES:,} resamples).",
        "",
        "## All cases",
        "",
        *table_lines(["metric", "better", *models], values),
    ]
    if len(models) > 1:
        lines += ["", f"## Paired difference to {models[0]}", "", *table_lines(["metric", "better", *models[1:]], differences)]
    for m in report.metrics:
        if m.name in HEADLINES:
            rows = [
                [name, str(chosen.sum()), *(cell(value, m.decimals) for value, _ in report.estimates(m, chosen).values())]
                for name, chosen in report.groups().items()
            ]
            lines += ["", f"## {titled(m)} by group", "", *table_lines(["group", "cases", *models], rows)]
    lines += _class_tables(report)
    lines += ["", "## Definitions", ""]
    lines += [f"* `{m.name}`: {m.definition}." for m in report.metrics]
    lines += [f"* `{name}`: {OF_SETS[name.partition('[')[0]]}." for name in report.of_sets]
    for model in models:
        if identical := report.identical(model):
            lines.append(f"* {model}: {identical} pictures are identical to the truth and left out of `psnr`.")
    return "\n".join(lines) + "\n"


def _class_tables(report: Report) -> list[str]:
    lines: list[str] = []
    for statistic, where in (("confusion_hole", "inside the hole"), ("confusion", "over all pixels")):
        found = {model: c for model in report.scores if (c := report.confusion(model, statistic)) is not None and c.known > 0}
        for model, confusion in found.items():
            rows = zip(
                confusion.labels.classes,
                confusion.counts.sum(axis=1) / confusion.known,
                confusion.class_accuracy(),
                confusion.class_iou(),
                strict=False,
            )
            lines += ["", f"## Classes {where}, {model}", ""]
            lines += table_lines(["class", "share", "accuracy", "IoU"], [
                [name, f"{share:.1%}", *("" if np.isnan(v) else f"{v:.3f}" for v in values)] for name, share, *values in rows
            ])  # fmt: skip
    return lines


def titled(metric: Metric) -> str:
    """The head of a metric's column."""
    return f"{metric.name} ({metric.unit})" if metric.unit else metric.name


def cell(estimate: Estimate, decimals: int, sign: str = "") -> str:
    """Value and interval as text, empty where it is not defined."""
    if np.isnan(estimate.value):
        return ""
    value, low, high = (f"{number:{sign}.{decimals}f}" for number in estimate)
    return f"{value} [{low}, {high}]"


def table_lines(head: list[str], rows: list[list[str]]) -> list[str]:
    """A table in Markdown."""
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
