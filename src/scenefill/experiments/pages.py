"""An outcome as JSON, CSV, Markdown and one page with pictures that needs nothing else. The paper's figures stand apart."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

from .. import __version__
from ..evaluation.cases import CaseSet
from ..evaluation.tables import LEVEL, Report, cell, finite, table_lines, titled, to_csv, to_markdown
from . import html
from .outcome import Outcome
from .plan import Paper
from .verdicts import FEWEST, Verdict


def written(outcome: Outcome) -> dict[str, str]:
    """File name -> text."""
    parts = markdown_parts(outcome)
    files = {
        "results.json": to_json(outcome),
        "results.csv": results_csv(outcome),
        "results.md": "\n\n".join(parts) + "\n",
        "index.html": html.page(outcome, parts),
        "cases.json": json.dumps([json.loads(report.cases.to_json()) for report in outcome.reports], indent=1),
    }
    for number, report in enumerate(outcome.reports):
        files |= {f"report-{number}.md": to_markdown(report), f"per_image-{number}.csv": to_csv(report)}
    return files


def called(cases: CaseSet) -> str:
    """Short for a kind of cases: "camvid/test, centre holes"."""
    return f"{cases.dataset.name}, {cases.masks} holes"


def to_json(outcome: Outcome) -> str:
    """What docs/results.py reads: the table, its groups, the verdicts, what was trained."""
    experiment = outcome.experiment
    page: dict[str, Any] = {
        "format": 1,
        "scenefill": __version__,
        "title": experiment.title,
        "cases": [
            {"name": called(report.cases), "count": len(report.cases), "size": report.cases.size, "sha256": report.cases.digest}
            for report in outcome.reports
        ],
        "trainings": [
            {"title": one.title, "images": one.images, "network": one.stages[0].network["name"], "folder": one.directory.name}
            for one in outcome.trainings
        ],
        "tables": [_values(outcome, report) for report in outcome.reports],
        "verdicts": [_verdict(one) for one in outcome.verdicts],
        "paper": {"source": experiment.paper.source, "note": experiment.paper.note,
                  "columns": experiment.paper.columns, "rows": experiment.paper.rows},
    }  # fmt: skip
    return json.dumps(finite(page), indent=1)


def _verdict(one: Verdict) -> dict[str, Any]:
    return {
        "says": one.claim.says,
        "measure": measure(one),
        "cases": one.cases,
        "answer": one.answer,
        "seeds": one.seeds,
        **one.estimate._asdict(),
    }


def measure(verdict: Verdict) -> str:
    """What the interval is of."""
    claim = verdict.claim
    if claim.better:
        return f"{claim.metric} of {claim.better} less that of {claim.than}"
    side, bound = ("above", claim.above) if claim.above is not None else ("below", claim.below)
    return f"{claim.metric} of {claim.of}, {side} {bound:g}"


def _values(outcome: Outcome, report: Report) -> dict[str, Any]:
    """Group -> metric -> model -> value and interval, for the metrics that the experiment prints."""
    chosen = [metric for metric in report.metrics if metric.name in outcome.experiment.metrics]
    return {
        "of sets": {name: values for name, values in report.of_sets.items() if name in outcome.experiment.metrics},
        **{
            group: {
                "cases": int(which.sum()),
                **{
                    metric.name: {
                        model: [round(float(v), 5) for v in estimate]
                        for model, (estimate, _) in report.estimates(metric, which).items()
                        if math.isfinite(estimate.value)
                    }
                    for metric in chosen
                },
            }
            for group, which in report.parts().items()
        },
    }


def results_csv(outcome: Outcome) -> str:
    """A line for each kind of cases, group, metric and model: value and interval."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(["cases", "group", "count", "metric", "model", "value", "low", "high"])
    for report in outcome.reports:
        for group, which in report.parts().items():
            for metric in report.metrics:
                for model, (estimate, _) in report.estimates(metric, which).items():
                    if math.isfinite(estimate.value):
                        values = (f"{value:.6g}" for value in estimate)
                        lines.writerow([called(report.cases), group, int(which.sum()), metric.name, model, *values])
        for name, of_models in report.of_sets.items():
            for model, value in of_models.items():
                lines.writerow([called(report.cases), "all", len(report.cases), name, model, f"{value:.6g}", "", ""])
    return out.getvalue()


def markdown_parts(outcome: Outcome) -> list[str]:
    """Title, our tables, verdicts, and the paper's figures."""
    experiment = outcome.experiment
    parts = [f"# {experiment.title}", experiment.about.strip()]
    if outcome.trainings:
        images = sorted({one.images for one in outcome.trainings})
        many = f"{images[0]:,}" if len(images) == 1 else f"{images[0]:,} to {images[-1]:,}"
        parts.append(f"{len(outcome.trainings)} trainings of {many} images, {experiment.seeds} of each row.")
    for report in outcome.reports:
        parts += [f"## Ours: {called(report.cases)}, {len(report.cases)} pictures of {report.cases.size}x{report.cases.size}",
                  "\n".join(table(outcome, report)), _below(outcome, report)]  # fmt: skip
    if outcome.verdicts:
        parts += ["## What shows", "\n".join(verdict_lines(outcome.verdicts)), EXPLAINED]
    if experiment.paper.rows:
        parts += ["## The paper's own figures", "\n".join(paper_lines(experiment.paper))]
    return [part for part in parts if part]


EXPLAINED = (
    f"Shown: the whole {LEVEL} % interval lies on the statement's side. Not shown: it lies on the other. Undecided: it holds "
    f"both, or is of fewer than {FEWEST} pictures. Not run: the metric was not measured. Pictures are drawn anew, the same for "
    "both models, and with several seeds the trainings too; of one seed the interval knows nothing of chance in the training."
)


def _below(outcome: Outcome, report: Report) -> str:
    """What a reader of a table must know of its cases, and which of the experiment's metrics it lacks."""
    has = {*(metric.name for metric in report.metrics), *report.of_sets}
    lacks = [f"`{name}`" for name in outcome.experiment.metrics if name not in has]
    return f"Cases: sha256 `{report.cases.digest[:12]}`." + (f" Not measured here: {', '.join(lacks)}." if lacks else "")


def table(outcome: Outcome, report: Report) -> list[str]:
    """Models in rows, the experiment's metrics in columns."""
    wanted = outcome.experiment.metrics
    chosen = sorted((metric for metric in report.metrics if metric.name in wanted), key=lambda metric: wanted.index(metric.name))
    columns = {titled(metric): (metric, report.estimates(metric)) for metric in chosen}
    sets = {name: values for name, values in report.of_sets.items() if name in outcome.experiment.metrics}
    rows = [
        [model, *(cell(estimates[model][0], metric.decimals) for metric, estimates in columns.values()),
         *(f"{values[model]:.3g}" for values in sets.values())]
        for model in report.scores
    ]  # fmt: skip
    return table_lines(["model", *columns, *sets], rows)


def verdict_lines(verdicts: tuple[Verdict, ...]) -> list[str]:
    """One row for each claim and kind of cases."""
    rows = [
        [one.claim.says, one.cases, f"**{one.answer}**", measure(one), cell(one.estimate, 3, "+"), str(one.seeds)]
        for one in verdicts
    ]
    return table_lines(["statement", "cases", "verdict", "measured", "value and interval", "seeds"], rows)


def paper_lines(paper: Paper) -> list[str]:
    """What the paper prints, with whose data and budget it was."""
    rows = [[name, *(f"{value:g}" for value in values)] for name, values in paper.rows.items()]
    return [f"{paper.source}. {paper.note}".strip(), "", *table_lines(["", *paper.columns], rows)]
