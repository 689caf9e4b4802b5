"""The table of docs/detail.md: a network's fills with and without the texture of what is around them.

    SCENEFILL_DATA=... python benchmarks/detail.py --model sge-net-street --count 16

Photos of the three street *validation* sets at 256x256, centre holes and the held-out irregular masks: once with the network at
its working size, and once at half of that, as for a photo of twice its size. Means over the sets, in Markdown.

    python benchmarks/detail.py --picture docs/pictures/detail-before-after.jpg

draws instead what becomes of the holes in examples/.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import street_sets
from numpy.typing import NDArray
from street_sets import BASE, HOLES, VALIDATION

from scenefill.cli.progress import tracked
from scenefill.evaluation import cases, run
from scenefill.evaluation.cases import SIZE
from scenefill.evaluation.live import open_model
from scenefill.filling import inpainter
from scenefill.filling.detail import Detail
from scenefill.filling.inpainter import Inpainter
from scenefill.metrics.perceptual import FeatureDistance
from scenefill.pictures import images, sheets

VIEWS = {"red-car": (90, 220, None), "dog-walker": (60, 64, None), "crossing": (60, 110, None), "china": (90, 384, 64)}
"""Photo -> top and left of what is shown of it, and the size at which the network works, if not its own."""
METRICS = ("psnr_hole", "feature_distance", "sharpness", "seam")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="sge-net-street", help="name or weights file")
    parser.add_argument("--count", type=int, default=16, help="so many photos of each set")
    parser.add_argument("--picture", type=Path, help="draw the examples into this file")
    arguments = parser.parse_args()
    if arguments.picture:
        images.write_rgb(examples(inpainter.load(arguments.model)), arguments.picture, overwrite=True)
        return
    features = street_sets.features()
    print("| network at | holes | detail | hole-PSNR, dB | feature distance over Telea's | sharpness | seam |")
    print("|---|---|---|---|---|---|---|")
    for size in (SIZE, SIZE // 2):
        models = {"model": at_size(open_model(arguments.model), size)}
        for holes in HOLES:
            found: dict[str, list[Mapping[str, float]]] = {}
            for source in VALIDATION.values():
                chosen = street_sets.chosen(source, holes, arguments.count)
                base = values({BASE: inpainter.load(BASE)}, chosen, features, "none")["feature_distance"]
                for wish in ("none", "patchmatch"):
                    row = values(models, chosen, features, wish)
                    found.setdefault(wish, []).append(row | {"feature_distance": row["feature_distance"] / base})
            for wish, rows in found.items():
                means = [np.mean([row[name] for row in rows]) for name in METRICS]
                print(f"| {size} | {holes} | {wish} | {' | '.join(f'{mean:.2f}' for mean in means)} |", flush=True)


def values(models: Mapping[str, Inpainter], chosen: cases.CaseSet, features: FeatureDistance, detail: Detail) -> dict[str, float]:
    """Metric -> value of the one model."""
    report = run.run(models, chosen, features=features, detail=detail, follow=lambda samples: tracked(samples, "cases"))
    (name,) = models
    return {metric.name: report.value(metric, name) for metric in report.metrics}


def examples(model: Inpainter) -> NDArray[np.uint8]:
    """A sheet: photo and hole, without detail, with it."""
    rows = []
    for name, (top, left, size) in VIEWS.items():
        view = slice(top, top + SIZE), slice(left, left + SIZE)
        photo, hole = street_sets.example(name)
        row: list[sheets.Panel] = [("photo and hole", np.where(hole[..., None], np.uint8(255), photo)[view])]
        for wish in ("none", "auto"):
            title = f"--detail {wish}" + (f" --size {size}" if size else "")
            row.append((title, model.fill(photo, hole, detail=wish, size=size).picture.rgb8()[view]))
        rows.append(row)
    return sheets.grid(rows)


def at_size(model: Inpainter, size: int) -> Inpainter:
    """The same model with another working size."""
    model.backend.working_size = size  # type: ignore[misc]
    return model


if __name__ == "__main__":
    main()
