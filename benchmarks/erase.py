"""What is left of a class after `erase`, as an independent segmenter sees it.

    SCENEFILL_DATA=... python benchmarks/erase.py --model sge-net-street --what vehicle --count 30 --out out/erase.jpg

Photos: `count` of those of CamVid test whose true map holds at least 2 % of the class, spread evenly. Everything of the class is
erased from each, with nothing but the photo given; ESPNetv2, trained on Cityscapes, segments the photo before and after.
Printed is the share of the former pixels of the class that it calls so, over all photos together. Former pixels are those of the
true map, or those that the segmenter itself saw in the untouched photo. "in the hole" is the share of them that the model found
and filled; the rest is as it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenefill.cli.progress import tracked
from scenefill.data import public
from scenefill.data.folder import Dataset
from scenefill.data.stream import data_root
from scenefill.errors import DataError, LabelError, ScenefillError
from scenefill.evaluation.segmenter import Segmenter
from scenefill.filling import inpainter
from scenefill.labels import LabelSet
from scenefill.pictures import images, sheets

LEAST = 0.02
"""Share of a photo that the class must hold."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="sge-net-street", help="name or weights file")
    parser.add_argument("--what", default="vehicle", help="class to erase")
    parser.add_argument("--count", type=int, default=30, help="so many photos")
    parser.add_argument("--out", type=Path, help="picture file for a sheet of photo, mask, result and independent map")
    arguments = parser.parse_args()
    try:
        if arguments.out:
            images.check_output(arguments.out, overwrite=True)
        print(benchmark(arguments.model, arguments.what, arguments.count, arguments.out))
    except ScenefillError as error:
        parser.error(str(error))


def benchmark(model: str, what: str, count: int, out: Path | None) -> str:
    """The table in Markdown; the sheet is written to `out`."""
    fill = inpainter.load(model)
    labels = fill.labels
    if labels is None:
        raise LabelError(f"{model} knows no classes and cannot erase any: take a network with semantics")
    target = labels.id(what)
    photos = public.open("camvid", data_root(), "test")
    chosen = spread(holding(photos, labels, target), count)
    if not chosen:
        raise DataError(f"there is nothing to measure: {count} photos with {LEAST:.0%} {what} were asked for")
    segmenter = Segmenter.open(labels)
    tallies, rows = [], list[list[sheets.Panel]]()
    for index in tracked(chosen, "photos"):
        photo, truth = photos.load(index, labels)
        result = fill.erase(photo, [what])
        erased = result.picture.rgb8()
        before, after = segmenter.segment(photo), segmenter.segment(erased)
        tallies.append([tally(former == target, result.mask, before == target, after == target) for former in (truth, before)])
        rows.append([
            (photos.items[index].name, photo), ("erased", result.mask),
            ("result", erased), ("independent map of it", labels.colourise(after)),
        ])  # fmt: skip
    if out and rows:
        images.write_rgb(sheets.grid(rows), out, overwrite=True)
    return table(np.sum(tallies, axis=0), len(chosen), labels.classes[target])


def holding(photos: Dataset, labels: LabelSet, target: int) -> list[int]:
    """Indices of the photos that hold enough of the class."""
    return [index for index in range(len(photos)) if (photos.load(index, labels)[1] == target).mean() >= LEAST]


def spread(indices: list[int], count: int) -> list[int]:
    """So many of them, evenly; all where there are no more."""
    places = np.linspace(0, len(indices) - 1, min(count, len(indices)))
    return [indices[place] for place in places.round().astype(int)]


def tally(former: NDArray[np.bool_], hole: NDArray[np.bool_], before: NDArray[np.bool_], after: NDArray[np.bool_]) -> list[int]:
    """Pixels (H, W) that were of the class; how many of them lie in the hole, and are called so before and after."""
    return [int(former.sum()), *(int((former & found).sum()) for found in (hole, before, after))]


def table(tallies: NDArray[np.int64], photos: int, name: str) -> str:
    """tallies: (2, 4), the sums of `tally` with former pixels of the true map, and of the segmenter's own."""
    lines = [
        f"| {photos} photos, former {name} pixels of | count | in the hole | called {name} before | after |",
        "|---|---|---|---|---|",
    ]
    for whose, (count, *parts) in zip(("the true map", "the segmenter's map"), tallies.tolist(), strict=True):
        lines.append(f"| {whose} | {count:,} | {' | '.join(f'{part / max(count, 1):.1%}' for part in parts)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
