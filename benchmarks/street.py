"""The table of the README: models against OpenCV's Telea on the same holes of the three street test sets.

    SCENEFILL_DATA=... python benchmarks/street.py --model sge-net-street --out out/street

CamVid Seq05VD (85 photos), LabelMeFacade test (125), IDD Lite val (104), each at 256x256 with a centre hole of 128x128 and with
the held-out irregular masks. Writes a report of `scenefill evaluate` per set and kind of hole, and prints the table in Markdown.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import street_sets
from street_sets import BASE, HOLES, TEST, VALIDATION

from scenefill.cli.progress import tracked
from scenefill.evaluation import run
from scenefill.evaluation.tables import Report
from scenefill.filling.detail import Detail


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", required=True, help="name or weights file, TITLE=FILE; may be repeated")
    parser.add_argument("--validation", action="store_true", help="the validation sets instead of the test sets")
    parser.add_argument("--out", type=Path, default=Path("out/street"))
    parser.add_argument("--detail", choices=get_args(Detail), default="none", help="as in `scenefill inpaint` (default: none)")
    parser.add_argument("--count", type=int, help="so many photos of each set (default: all)")
    arguments = parser.parse_args()
    models, features = street_sets.titled([BASE, *arguments.model]), street_sets.features()
    reports: dict[tuple[str, str], Report] = {}
    for title, source in (VALIDATION if arguments.validation else TEST).items():
        for holes in HOLES:
            reports[title, holes] = run.evaluate(
                models,
                street_sets.chosen(source, holes, arguments.count),
                arguments.out / f"{source.replace(':', '-')}-{holes}",
                features=features,
                detail=arguments.detail,
                overwrite=True,
                follow=lambda samples: tracked(samples, "cases"),
            )
    for model in list(models)[1:]:
        print(f"\n{model}\n\n{table(reports, model)}")


def table(reports: Mapping[tuple[str, str], Report], model: str) -> str:
    """One line per set and kind of hole, and the means of each kind over the sets."""
    lines = [
        "| holes | set | hole-PSNR, dB | less Telea's | sharpness | seam | checkerboard | feature distance over Telea's "
        "| label accuracy in the hole | ECE |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for holes in HOLES:
        rows = {title: _row(reports[title, holes], model) for title, kind in reports if kind == holes}
        rows["mean"] = [sum(column) / len(column) for column in zip(*rows.values(), strict=True)]
        lines += [f"| {holes} | {title} | {' | '.join(_text(value) for value in row)} |" for title, row in rows.items()]
    return "\n".join(lines)


def _row(report: Report, model: str) -> list[float]:
    by_name = {metric.name: metric for metric in report.metrics}

    def value(name: str, of: str = model) -> float:
        return report.value(by_name[name], of) if name in by_name else math.nan

    return [
        value("psnr_hole"),
        value("psnr_hole") - value("psnr_hole", BASE),
        value("sharpness"),
        value("seam"),
        value("checkerboard"),
        value("feature_distance") / value("feature_distance", BASE),
        value("accuracy_hole"),
        value("ece_hole"),
    ]


def _text(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"


if __name__ == "__main__":
    main()
