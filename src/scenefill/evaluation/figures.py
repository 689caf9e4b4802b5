"""The page of pictures: what the numbers look like. Plain HTML beside its PNG files; it asks nothing of any network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path

import numpy as np

from ..filling.result import Result
from ..labels import LabelSet
from ..pictures import images
from .cases import Sample
from .tables import Report

FOLDER = "pictures"
CAPTIONS = ("psnr_hole", "sharpness", "feature_distance", "accuracy_hole")
"""The metrics that stand below each fill."""

STYLE = """
:root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif }
body { margin: 1.5rem; max-width: 110rem }
h2 { font-size: 1rem; margin: 2rem 0 .4rem }
.case { display: flex; gap: .5rem; overflow-x: auto }
figure { margin: 0; flex: none; width: 256px }
img { display: block; margin-bottom: .25rem }
figcaption { font-size: .8rem; opacity: .85 }
.legend span { display: inline-block; margin-right: 1rem }
.legend i { display: inline-block; width: .9em; height: .9em; margin-right: .35em; vertical-align: -.1em }
"""


def write_pictures(out: Path, index: int, sample: Sample, results: Mapping[str, Result], labels: LabelSet | None) -> None:
    """The PNG files of one case, below `out`/pictures; earlier ones of the same names are replaced."""
    hole = sample.mask[..., None]
    images.write_rgb(np.where(hole, np.uint8(255), sample.image), _path(out, index, "input"), overwrite=True)
    images.write_rgb(sample.image, _path(out, index, "truth"), overwrite=True)
    if labels is not None:
        images.write_rgb(labels.colourise(sample.labels), _path(out, index, "truth", "labels"), overwrite=True)
    for model, result in results.items():
        images.write_rgb(result.picture.rgb8(), _path(out, index, model), overwrite=True)
        if labels is not None and result.labels is not None:
            images.write_rgb(labels.colourise(result.labels), _path(out, index, model, "labels"), overwrite=True)


def page(report: Report, out: Path, shown: list[int]) -> str:
    """HTML of the shown cases, whose pictures stand below `out`: input, fills, truth, and the label map below each."""
    title = escape(f"{report.cases.dataset.name}, {report.cases.masks} holes: {', '.join(report.scores)}")
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>",
        f"<p>{len(shown)} of {len(report.cases)} cases, sha256 <code>{report.cases.digest}</code>; "
        'numbers: <a href="report.md">report.md</a></p>',
    ]
    if (labels := report.cases.labels) is not None:
        parts.append(f'<p class="legend">{legend(labels)}</p>')
    columns = {metric.name: {model: report.per_image(metric, model) for model in report.scores} for metric in report.metrics}
    for index in shown:
        case = report.cases.cases[index]
        scene = f", {report.complexity[index]} classes" if report.complexity[index] else ""
        parts.append(f"<h2>{escape(case.item)} <small>{escape(case.mask)}, hole {report.ratio[index]:.0%}{scene}</small></h2>")
        figures = [_figure(out, index, "input", "")]
        for model in report.scores:
            numbers = ((name, columns[name][model][index]) for name in CAPTIONS if name in columns)
            figures.append(_figure(out, index, model, "; ".join(f"{name} {v:.2f}" for name, v in numbers if np.isfinite(v))))
        figures.append(_figure(out, index, "truth", ""))
        parts.append(f'<div class="case">{"".join(figures)}</div>')
    return "\n".join([*parts, "</body></html>"])


def legend(labels: LabelSet) -> str:
    """Every class and partial label beside its colour."""
    names = {**dict(enumerate(labels.classes)), **{number: " or ".join(members) for number, members in labels.partial.items()}}
    colours = labels.colourise(np.arange(256, dtype=np.uint8)).tolist()
    return "".join(
        f'<span><i style="background:rgb({",".join(map(str, colours[number]))})"></i>{escape(name)}</span>'
        for number, name in names.items()
    )


def _figure(out: Path, index: int, name: str, caption: str) -> str:
    """One column of a case: the picture and, where there is one, its label map."""
    drawn = [path for path in (_path(out, index, name), _path(out, index, name, "labels")) if path.is_file()]
    tags = (f'<img src="{FOLDER}/{path.name}" alt="{escape(path.stem)}" loading="lazy">' for path in drawn)
    return f"<figure>{''.join(tags)}<figcaption><b>{escape(name)}</b> {escape(caption)}</figcaption></figure>"


def _path(out: Path, index: int, *names: str) -> Path:
    """pictures/0003-MODEL.png; what a file name may not hold becomes an underscore."""
    return out / FOLDER / ("-".join([f"{index:04d}", *(re.sub(r"[^\w.-]+", "_", name) for name in names)]) + ".png")
