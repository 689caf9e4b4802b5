"""The page of an experiment: one HTML file, pictures inside it. It asks nothing of any network."""

from __future__ import annotations

import base64
import io
import re
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..evaluation.figures import STYLE, legend
from ..evaluation.tables import Report
from ..pictures import images
from .outcome import Outcome

_STYLE = (
    STYLE
    + """
table { border-collapse: collapse; margin: .5rem 0 1.5rem; display: block; overflow-x: auto }
td, th { border: 1px solid #8886; padding: .2rem .6rem; text-align: left; font-variant-numeric: tabular-nums }
.paper { opacity: .65 }
svg { max-width: 30rem; width: 100% }
"""
)
DRAWN = ("fill", "labels", "confidence", "unreliable")


def page(outcome: Outcome, parts: list[str]) -> str:
    """parts: of the Markdown, which begin with the title."""
    title = outcome.experiment.title
    body = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        *_blocks(parts),
    ]
    if outcome.experiment.scatter:
        body += [f"<h2>Confidence and L1, one point a picture</h2>{_scatters(report)}" for report in outcome.reports]
    labels = outcome.reports[0].cases.labels
    if labels is not None:
        body.append(f'<p class="legend">{legend(labels)}</p>')
    body.append("<p>Below each fill, where there are any: its label map, the confidence (white is certain), and what is "
                "unreliable (white).</p>")  # fmt: skip
    for number, report in enumerate(outcome.reports):
        body += _cases(outcome, number, report)
    return "\n".join([*body, "</body></html>"])


def _blocks(parts: list[str]) -> list[str]:
    """Headings, tables and paragraphs of Markdown as we write it."""
    found: list[str] = []
    paper = False
    for part in parts:
        if part.startswith("#"):
            level = part.index(" ")
            paper = "paper" in part and level > 1
            found.append(f"<h{level}>{_text(part[level + 1 :])}</h{level}>")
            continue
        text, _, table = part.rpartition("\n\n") if "\n\n|" in part else ("", "", part) if part[0] == "|" else (part, "", "")
        block = (f"<p>{_text(text)}</p>" if text else "") + (_table(table.splitlines()) if table else "")
        found.append(f'<div class="paper">{block}</div>' if paper else block)
    return found


def _text(text: str) -> str:
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", re.sub(r"\*\*([^*]*)\*\*", r"<b>\1</b>", escape(text)))


def _table(lines: list[str]) -> str:
    rows = [[_text(part.strip()) for part in line.strip("|").split("|")] for line in lines]
    head = "".join(f"<th>{one}</th>" for one in rows[0])
    body = "".join(f"<tr>{''.join(f'<td>{one}</td>' for one in row)}</tr>" for row in rows[2:])
    return f"<table><tr>{head}</tr>{body}</table>"


def _cases(outcome: Outcome, number: int, report: Report) -> list[str]:
    """The pictures of one kind of cases."""
    cases, found = report.cases, outcome.seeds[number]
    body = [f"<h2>{escape(cases.dataset.name)}, {escape(cases.masks)} holes, sha256 <code>{cases.digest[:12]}</code></h2>"]
    chosen = sorted({int(path.name[:4]) for path in next(iter(found.values()))[0].folder.glob("*-fill.png")})
    for index in chosen:
        sample = cases[index]
        scene = f", {sample.complexity} classes" if sample.complexity else ""
        body.append(f"<h3>{escape(sample.case.item)} <small>hole {sample.mask.mean():.0%}{scene}</small></h3>")
        figures = [_figure("input", [_inline(np.where(sample.mask[..., None], np.uint8(255), sample.given))])]
        for title, seeds in found.items():
            files = (seeds[0].folder / f"{index:04d}-{name}.png" for name in DRAWN)
            figures.append(_figure(title, [_file(path) for path in files if path.is_file()]))
        truth = [_inline(sample.image)]
        if cases.labels is not None:
            truth.append(_inline(cases.labels.colourise(sample.labels)))
        body.append(f'<div class="case">{"".join([*figures, _figure("truth", truth)])}</div>')
    return body


def _figure(title: str, pictures: list[str]) -> str:
    tags = "".join(f'<img src="{data}" alt="{escape(title)}" loading="lazy">' for data in pictures)
    return f"<figure>{tags}<figcaption><b>{escape(title)}</b></figcaption></figure>"


def _file(path: Path) -> str:
    return _inline(images.read(path).rgb8())


def _inline(rgb: NDArray[np.uint8]) -> str:
    """A picture as a data URL: WebP, a tenth of the PNG."""
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "WEBP", quality=85)
    return f"data:image/webp;base64,{base64.b64encode(out.getvalue()).decode()}"


def _scatters(report: Report) -> str:
    """One picture for each model that has a confidence: confidence from 0 to 1 across, L1 in the hole upwards."""
    found = {name: scores["confidence_l1"] for name, scores in report.scores.items() if "confidence_l1" in scores}
    top = max((points[:, 2].max() for points in found.values()), default=1.0)
    return "".join(f"<figure>{_scatter(points[:, 1], points[:, 2] / top)}<figcaption>{escape(name)}; L1 up to {top:.1f} %"
                   "</figcaption></figure>" for name, points in found.items())  # fmt: skip


def _scatter(across: NDArray[np.float64], upwards: NDArray[np.float64]) -> str:
    """Points within 0..1 both ways."""
    dots = "".join(f'<circle cx="{300 * x:.1f}" cy="{200 - 200 * y:.1f}" r="2.5"/>' for x, y in zip(across, upwards, strict=True))
    return (
        '<svg viewBox="-10 -10 320 240" fill="currentColor" role="img">'
        f'<path d="M0 0V200H300" stroke="currentColor" fill="none"/>{dots}'
        '<text x="0" y="222" font-size="12">confidence 0</text><text x="290" y="222" font-size="12">1</text></svg>'
    )
