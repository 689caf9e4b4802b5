"""How good the independent segmenter is: ESPNetv2, trained on Cityscapes, against the human labels of the CamVid test photos.

    SCENEFILL_DATA=... python benchmarks/segmenter.py

Photos (480x360) are stretched to 1024x512, scores are brought back bilinearly, and unknown pixels do not count. Two readings:

street   both maps in the eight classes of "street". This is what evaluation uses.
camvid   the eleven classes of CamVid, each met by the one class of Cityscapes that means the same, buildings also by "wall".
         The other classes (traffic light, terrain, rider, truck, bus, train, motorcycle, bicycle) are wrong wherever they are
         predicted. The bicyclist has no partner and enters the mean with an IoU of 0.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scenefill import labels as label_sets
from scenefill.cli.progress import tracked
from scenefill.data import public
from scenefill.data.stream import data_root
from scenefill.evaluation.segmenter import CITYSCAPES, Segmenter
from scenefill.labels import LabelMap, remap
from scenefill.metrics.semantic import Confusion

STREET, CAMVID = label_sets.get("street"), label_sets.get("camvid")
PARTNERS = {
    "sky": "sky",
    "building": "building",
    "wall": "building",
    "pole": "pole",
    "road": "road",
    "sidewalk": "pavement",
    "vegetation": "tree",
    "traffic sign": "sign",
    "fence": "fence",
    "car": "car",
    "person": "pedestrian",
}
"""Class of Cityscapes -> class of CamVid."""
WITH_OTHER = replace(CAMVID, classes=(*CAMVID.classes, "other"), colours=(*CAMVID.colours, (255, 255, 255)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step", type=int, default=1, help="every so many photos (default: all)")
    photos = public.open("camvid", data_root(), "test").subset(slice(None, None, parser.parse_args().step))
    segmenter = Segmenter.open(CITYSCAPES)
    counts: dict[str, list[NDArray[np.float64]]] = {"street": [], "camvid": []}
    for index in tracked(range(len(photos)), "photos"):
        photo, truth = photos.load(index, CAMVID)
        seen = segmenter.segment(photo)
        counts["street"].append(Confusion.of(remap(seen, CITYSCAPES, STREET), remap(truth, CAMVID, STREET), STREET).counts)
        counts["camvid"].append(Confusion.of(partners(seen), truth, WITH_OTHER).counts)
    print(f"{len(photos)} photos\n")
    print("| classes | pixel accuracy | mIoU | IoU of each class |\n|---|---|---|---|")
    print(row(Confusion(STREET, np.sum(counts["street"], axis=0)), len(STREET)))
    print(row(Confusion(WITH_OTHER, np.sum(counts["camvid"], axis=0)), len(CAMVID)))


def partners(seen: LabelMap) -> LabelMap:
    """Ids of Cityscapes -> ids of CamVid, or of "other"."""
    return np.array([WITH_OTHER.id(PARTNERS.get(name, "other")) for name in CITYSCAPES.classes], np.uint8)[seen]


def row(confusion: Confusion, classes: int) -> str:
    """A line of the table, over the first so many classes."""
    names, iou = confusion.labels.classes[:classes], confusion.class_iou()[:classes]
    each = ", ".join(f"{name} {value:.2f}" for name, value in zip(names, iou, strict=True))
    return f"| {confusion.labels.name} | {confusion.accuracy():.3f} | {iou.mean():.3f} | {each} |"


if __name__ == "__main__":
    main()
