"""More passes than one: does a second look help, led by trust or at the mirrored photo? The table of docs/training-log.md.

    SCENEFILL_DATA=... python benchmarks/passes.py --model sge-net-street --count 8

Cases of the validation sets. After a first pass, the surest part of the hole is taken for known and the rest filled again
("again"), or the labels of the surest part are told as hints and the whole hole is filled again ("told"); or the fill is the mean
of two, one of them made of the mirrored photo ("mirrored"). Means over all cases.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import numpy as np
import street_sets
from numpy.typing import NDArray
from street_sets import HOLES, VALIDATION

from scenefill.cli.progress import tracked
from scenefill.evaluation.cases import Sample
from scenefill.evaluation.live import open_model
from scenefill.filling import crops
from scenefill.labels import UNKNOWN
from scenefill.metrics import pixel, structure
from scenefill.metrics.perceptual import FeatureDistance, feature_distance
from scenefill.metrics.semantic import right
from scenefill.models.runtime import Backend, Floats

Step = tuple[Floats, Floats]
"""Picture (1, 3, H, W) in [-1, 1], composited, and class scores (1, K, H, W)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="sge-net-street", help="name or weights file of a network with semantics")
    parser.add_argument("--count", type=int, default=8, help="so many photos of each set")
    arguments = parser.parse_args()
    backend, features = open_model(arguments.model).backend, street_sets.features()
    print(
        "| holes | passes | hole-PSNR, dB | sharpness | feature distance | seam | label accuracy |\n|---|---|---|---|---|---|---|"
    )
    for holes in HOLES:
        found: dict[str, list[list[float]]] = defaultdict(list)
        for source in VALIDATION.values():
            for sample in tracked(street_sets.chosen(source, holes, arguments.count), source):
                for name, (picture, scores) in passes(backend, sample).items():
                    found[name].append(measures(picture, scores, sample, features))
        for name, rows in found.items():
            psnr, energy, true_energy, distance, seam, accuracy = np.nanmean(rows, axis=0)
            sharpness = energy / true_energy
            print(
                f"| {holes} | {name} | {psnr:.2f} | {sharpness:.2f} | {distance:.2f} | {seam:.2f} | {accuracy:.3f} |", flush=True
            )


def passes(backend: Backend, sample: Sample) -> dict[str, Step]:
    """One pass, and what a second makes of it."""
    hole = sample.mask[None, None]
    blanked = sample.blanked.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(127.5) - 1
    first = look(backend, blanked, hole)
    found = {"one": first}
    sure = crops.chances(first[1][0], 1.0).max(axis=0)[None, None]  # its order is all that counts
    for share in (0.3, 0.5, 0.7):
        rest = hole & (sure <= np.quantile(sure[hole], share))
        picture, scores = look(backend, first[0], rest)
        found[f"again: {share:.0%}"] = picture, np.where(rest, scores, first[1])
    told = np.where(hole & (sure > np.quantile(sure[hole], 0.5)), first[1].argmax(axis=1, keepdims=True), UNKNOWN)[:, 0]
    picture, scores = look(backend, blanked, hole, told)
    found["told: 50%"] = picture, np.where(told[:, None] == UNKNOWN, scores, first[1])
    mirrored, scores = (part[..., ::-1] for part in look(backend, blanked[..., ::-1].copy(), hole[..., ::-1].copy()))
    found["mirrored"] = (first[0] + mirrored) / 2, (first[1] + scores) / 2
    return found


def look(backend: Backend, picture: Floats, hole: NDArray[np.bool_], hints: NDArray[np.integer] | None = None) -> Step:
    """One pass of the network."""
    free = np.full((1, *hole.shape[2:]), UNKNOWN, np.int64)
    told = free if hints is None else hints.astype(np.int64)
    forbid = np.zeros((1, len(backend.labels or ())), bool)
    answer = backend.run(np.where(hole, 0, picture).astype(np.float32), hole.astype(np.float32), told, forbid)
    assert answer.logits is not None
    return np.where(hole, answer.image.clip(-1, 1), picture), answer.logits


def measures(picture: Floats, scores: Floats, sample: Sample, features: FeatureDistance) -> list[float]:
    """PSNR, gradient energy and the truth's, feature distance, seam and label accuracy in the hole."""
    image = np.rint((picture[0].transpose(1, 2, 0) + 1) * 127.5).astype(np.uint8)
    image = np.where(sample.mask[..., None], image, sample.image)
    known = sample.mask & (sample.labels != UNKNOWN)
    hits = right(scores[0].argmax(axis=0).astype(np.uint8), sample.labels, street_sets.STREET)[known]
    distance = feature_distance(features.maps(image), features.maps(sample.image), sample.mask)
    seam = structure.seam(image, sample.image, sample.mask)
    energies = [structure.gradient_energy(picture, sample.mask) for picture in (image, sample.image)]
    return [pixel.psnr(image, sample.image, sample.mask), *energies, distance, seam, hits.mean() if hits.size else np.nan]


if __name__ == "__main__":
    main()
