"""The table of docs/detail.md: a network's fills with and without the texture of what is around them.

    SCENEFILL_DATA=... python benchmarks/detail.py --model sge-net-street --count 16

Photos of the three street *validation* sets at 256x256, centre holes and the held-out irregular masks: once with the network at
its working size, and once at half of that, as for a photo of twice its size. Means over the sets, in Markdown.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import numpy as np

from scenefill import inpainter
from scenefill import labels as label_sets
from scenefill.cli.progress import tracked
from scenefill.data import public
from scenefill.data.stream import data_root
from scenefill.detail import Detail
from scenefill.evaluation import cases, run
from scenefill.evaluation.cases import SIZE
from scenefill.inpainter import Inpainter
from scenefill.losses.perceptual import feature_network
from scenefill.metrics.perceptual import FeatureDistance

SOURCES = ("camvid:val", "labelmefacade:train-val", "idd-lite:train-val")
HOLES = ("centre", "irregular")
BASE = "telea"
METRICS = ("psnr_hole", "feature_distance", "sharpness", "seam")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="sge-net-street", help="name or weights file")
    parser.add_argument("--count", type=int, default=16, help="so many photos of each set")
    arguments = parser.parse_args()
    root, street = data_root(), label_sets.get("street")
    features = FeatureDistance(feature_network("squeezenet"), "squeezenet")
    print("| network at | holes | detail | hole-PSNR, dB | feature distance over Telea's | sharpness | seam |")
    print("|---|---|---|---|---|---|---|")
    for size in (SIZE, SIZE // 2):
        models = {"model": at_size(inpainter.load(arguments.model), size)}
        for holes in HOLES:
            found: dict[str, list[Mapping[str, float]]] = {}
            for source in SOURCES:
                chosen = cases.build(
                    public.source(source, root, street),
                    holes,
                    labels=street,
                    masks_dir=root / "irregular_masks",
                    count=arguments.count,
                )
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


def at_size(model: Inpainter, size: int) -> Inpainter:
    """The same model with another working size."""
    model.backend.working_size = size  # type: ignore[misc]
    return model


if __name__ == "__main__":
    main()
