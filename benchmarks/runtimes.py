"""How far fills by OpenVINO are from those by ONNX Runtime at fp32, on real photos.

    python benchmarks/runtimes.py $SCENEFILL_DATA/{camvid/test,labelmefacade/test,idd_lite/val}/images --count 10

Every second photo gets a square hole of half its shorter side, the others strokes. Of what is pasted, without the detail pass: by
how many of 255 levels the hole differs in the mean, and the whole photo, over all photos and in the worst; and any pixel at most.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np

import scenefill
from scenefill.filling.benchmark import others
from scenefill.pictures import folders, images, shapes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=10, help="photos of each folder, spread evenly")
    parser.add_argument("--model", action="append", help="may be repeated; else the three that ship")
    options = parser.parse_args()
    warnings.simplefilter("ignore", scenefill.ScenefillWarning)
    photos = []
    for folder in options.folders:
        found = folders.pictures(folder, {".jpg", ".jpeg", ".png"})
        photos += found[:: max(1, len(found) // options.count)][: options.count]
    print(f"{len(photos)} photos\n")
    print("| model | runtime | hole: mean | worst photo | whole photo: mean | worst photo | one pixel at most |")
    print("|---|---|---|---|---|---|---|")
    for model in options.model or ("sge-net-street", "spg-net-street", "pen-net-street"):
        exact = scenefill.load(model, runtime="onnxruntime")
        ways = {way: scenefill.load(model, runtime=way[0], precision=way[1]) for way in others()}
        levels: dict[tuple[str, str], list[tuple[float, float, float]]] = {way: [] for way in ways}
        for number, path in enumerate(photos):
            photo = images.read(path)
            height, width = photo.pixels.shape[:2]
            rng = np.random.default_rng(number)
            hole = shapes.centre(height, width) if number % 2 else shapes.free_form(height, width, rng)
            expected = exact(photo, hole, intent="restore", detail="none").image.astype(int)
            for way, fill in ways.items():
                moved = np.abs(fill(photo, hole, intent="restore", detail="none").image - expected)
                levels[way].append((moved[hole].mean(), moved.mean(), moved.max()))
        for way, each in levels.items():
            holes, whole, most = np.array(each).T
            cells = f"{holes.mean():.3f} | {holes.max():.3f} | {whole.mean():.3f} | {whole.max():.3f} | {most.max():.0f}"
            print(f"| {model} | {' '.join(way)} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
