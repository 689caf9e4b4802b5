"""Removing real things: how much of the hole an independent segmenter still calls vehicle or person.

    SCENEFILL_DATA=... python benchmarks/removal.py --model sge-net-street --out out/removal

Photos: those of the three street test sets that hold a movable thing of at least LEAST of the photo and at most MOST; the largest
of them is removed from each. The mask is the true region, closed and grown by a fortieth of its side, as a hand draws it. Printed
is the mean share of that mask that ESPNetv2, trained on Cityscapes, calls movable: in the photo, and after `inpaint` with its
defaults (or as --intent says). Sheets of photo, mask as filled, result and independent map are written to --out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import street_sets
from numpy.typing import NDArray
from street_sets import STREET, TEST, VALIDATION

from scenefill.cli.progress import tracked
from scenefill.data import public
from scenefill.data.stream import data_root
from scenefill.evaluation.segmenter import Segmenter
from scenefill.filling.removal import Intent
from scenefill.pictures import images, masks, sheets
from scenefill.pictures.masks import Mask

LEAST, MOST = 0.01, 0.2
MOVABLE = STREET.ids(STREET.movable)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", required=True, help="name or weights file, TITLE=FILE; may be repeated")
    parser.add_argument("--intent", choices=get_args(Intent), default="remove")
    parser.add_argument("--detail", default="auto", help="as in `scenefill inpaint`")
    parser.add_argument("--validation", action="store_true", help="the validation sets instead of the test sets")
    parser.add_argument("--count", type=int, help="so many photos of each set (default: all)")
    parser.add_argument("--seed", type=int, help="draws them (default: they are spread evenly)")
    parser.add_argument("--size", type=int, help="as in `scenefill inpaint`")
    parser.add_argument("--out", type=Path, default=Path("out/removal"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    models, segmenter = street_sets.titled(arguments.model), Segmenter.open(STREET)
    print("| set | photos | in the photo | " + " | ".join(models) + " |\n|---|---|---|" + "---|" * len(models))
    for title, source in (VALIDATION if arguments.validation else TEST).items():
        shares, rows = [], list[list[sheets.Panel]]()
        for name, photo, hole in tracked(list(things(source, arguments.count, arguments.seed)), title):
            row: list[sheets.Panel] = [(name, np.where((hole ^ masks.dilate(hole, 1))[..., None], (255, 0, 0), photo))]
            found = [share(segmenter, photo, hole)]
            for model, fill in models.items():
                result = fill(photo, hole, intent=arguments.intent, detail=arguments.detail, size=arguments.size)
                filled = result.picture.rgb8()
                found.append(share(segmenter, filled, hole))
                row += [("filled", result.mask), (f"{model}: {found[-1]:.2f}", filled)]
            shares.append(found)
            rows.append([(panel, np.asarray(pixels, np.uint8) if pixels.dtype != bool else pixels) for panel, pixels in row])
        print(f"| {title} | {len(shares)} | " + " | ".join(f"{value:.3f}" for value in np.mean(shares, axis=0)) + " |")
        for page in range(0, len(rows), 12):
            images.write_rgb(sheets.grid(rows[page : page + 12]), arguments.out / f"{title}-{page // 12}.jpg", overwrite=True)


def share(segmenter: Segmenter, picture: NDArray[np.uint8], hole: Mask) -> float:
    """How much of the hole is called movable, 0..1."""
    return float(np.isin(segmenter.segment(picture)[hole], MOVABLE).mean())


def things(source: str, count: int | None, seed: int | None = None) -> Iterator[tuple[str, NDArray[np.uint8], Mask]]:
    """Name, photo (H, W, 3) and drawn mask (H, W) of so many photos of a set, drawn by a seed or spread evenly."""
    photos = public.source(source, data_root(), STREET)
    found = [(item.name, *photos.load(index, STREET)) for index, item in enumerate(photos.items)]
    drawn = [(name, photo, hole) for name, photo, labels in found if (hole := drawn_mask(labels)) is not None]
    few = min(count or len(drawn), len(drawn))
    if seed is None:
        places = np.linspace(0, len(drawn) - 1, few).round().astype(int)
    else:
        places = np.sort(np.random.default_rng(seed).choice(len(drawn), few, replace=False))
    return (drawn[place] for place in places)


def drawn_mask(labels: NDArray[np.uint8]) -> Mask | None:
    """Around the largest movable thing of a fitting size; None without one."""
    _, regions, stats, _ = cv2.connectedComponentsWithStats(np.isin(labels, MOVABLE).astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA]
    fitting = np.flatnonzero((areas >= LEAST * labels.size) & (areas <= MOST * labels.size))
    if not fitting.size:
        return None
    region = 1 + fitting[areas[fitting].argmax()]
    side = float(np.sqrt(areas[region - 1]))
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (max(3, round(side / 8)) | 1,) * 2)
    closed = cv2.morphologyEx((regions == region).astype(np.uint8), cv2.MORPH_CLOSE, brush)
    return masks.dilate(closed > 0, max(1.0, side / 40))


if __name__ == "__main__":
    main()
