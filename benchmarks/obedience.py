"""Whether painted classes are followed, as an independent segmenter sees it.

    SCENEFILL_DATA=... python benchmarks/obedience.py --model sge-net-street --count 30 --out out/obedience.jpg

Centre holes in `count` photos of each of the street test sets (with --validation: of the validation sets), at 256x256, each
filled three times: with nothing told, with the true map told, and with building and vegetation exchanged in it. ESPNetv2, trained
on Cityscapes, segments the results. Counted are the pixels of the hole that were told a class, and the share of them that is seen
so. Obedience is that share over the segmenter's own accuracy for those classes on the true pixels of the same holes.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import get_args

import numpy as np
import street_sets
from street_sets import TEST, VALIDATION

from scenefill.cli.progress import tracked
from scenefill.errors import LabelError, ScenefillError
from scenefill.evaluation.live import open_model
from scenefill.evaluation.segmenter import Segmenter
from scenefill.filling.detail import Detail
from scenefill.labels import UNKNOWN, LabelMap, LabelSet
from scenefill.pictures import images, sheets

EXCHANGED = ("building", "vegetation")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="sge-net-street", help="name or weights file")
    parser.add_argument("--count", type=int, default=30, help="so many photos of each set")
    parser.add_argument("--validation", action="store_true", help="the validation sets instead of the test sets")
    parser.add_argument("--detail", choices=get_args(Detail), default="auto", help="as in `scenefill inpaint` (default: auto)")
    parser.add_argument("--out", type=Path, help="picture file for a sheet of some photos, what was told, and results")
    arguments = parser.parse_args()
    try:
        if arguments.out:
            images.check_output(arguments.out, overwrite=True)
        sources = VALIDATION if arguments.validation else TEST
        print(benchmark(arguments.model, tuple(sources.values()), arguments.count, arguments.detail, arguments.out))
    except ScenefillError as error:
        parser.error(str(error))


def benchmark(model: str, sources: tuple[str, ...], count: int, detail: Detail, out: Path | None) -> str:
    """The table in Markdown; the sheet is written to `out`."""
    fill = open_model(model)
    labels = fill.labels
    if labels is None:
        raise LabelError(f"{model} knows no classes and cannot be told any: take a network with semantics")
    segmenter = Segmenter.open(labels)
    table = exchange(labels)
    expected = np.zeros((2, len(labels)), np.int64)  # of the true pixels of each class: told, and seen so in the true photo
    told: dict[str, np.ndarray] = defaultdict(lambda: np.zeros((2, len(labels)), np.int64))
    rows = list[list[sheets.Panel]]()
    for source in sources:
        for number, sample in enumerate(tracked(street_sets.chosen(source, "centre", count), source)):
            expected += tally(sample.labels, segmenter.segment(sample.image), sample.mask, len(labels))
            row: list[sheets.Panel] = [(sample.case.item, sample.image)]
            for name, wish in (("nothing", sample.labels), ("the true map", sample.labels), ("exchanged", table[sample.labels])):
                hints = None if name == "nothing" else np.where(wish < len(labels), wish, UNKNOWN).astype(np.uint8)
                result = fill.fill(sample.blanked, sample.mask, labels=hints, detail=detail).picture.rgb8()
                told[name] += tally(wish, segmenter.segment(result), sample.mask, len(labels))
                row += [] if hints is None else [(name, labels.colourise(np.where(sample.mask, hints, UNKNOWN)))]
                row.append((f"told: {name}", result))
            if number < 4:
                rows.append(row)
    if out:
        images.write_rgb(sheets.grid(rows), out, overwrite=True)
    return report(expected, told, labels)


def exchange(labels: LabelSet) -> LabelMap:
    """(256,) the id that takes the place of each."""
    table = np.arange(256, dtype=np.uint8)
    one, other = labels.ids(EXCHANGED)
    table[one], table[other] = other, one
    return table


def tally(wish: LabelMap, seen: LabelMap, hole: np.ndarray, classes: int) -> np.ndarray:
    """(2, K): pixels of the hole for which each class was wished, and those of them that are seen as wished."""
    asked = hole & (wish < classes)
    return np.stack([np.bincount(wish[where], minlength=classes) for where in (asked, asked & (seen == wish))])


def report(expected: np.ndarray, told: dict[str, np.ndarray], labels: LabelSet) -> str:
    """One line per telling: share seen as told, that expected, obedience, and obedience class by class."""
    accuracy = expected[1] / np.maximum(expected[0], 1)
    lines = [
        f"| told | seen as told | in true photos | obedience | {' | '.join(labels.classes)} |",
        "|---|---|---|---|" + "---|" * len(labels),
    ]
    for name, (asked, seen) in told.items():
        hoped = float((asked * accuracy).sum() / asked.sum())
        followed = float(seen.sum() / asked.sum())
        each = np.where(asked * accuracy > 0, seen / np.maximum(asked * accuracy, 1e-9), np.nan)
        numbers = [followed, hoped, followed / hoped, *each]
        lines.append(f"| {name} | {' | '.join('' if np.isnan(n) else f'{n:.2f}' for n in numbers)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
