"""The picture of docs/training-log.md: the holes of examples/ filled with the weights of one run after the other.

python benchmarks/stages.py --model "stage 1=runs/street-128/weights/sge-net.safetensors" ... --out out/stages.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import street_sets
from detail import VIEWS

from scenefill.evaluation.cases import SIZE
from scenefill.pictures import images, sheets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", required=True, help="TITLE=FILE; may be repeated")
    parser.add_argument("--detail", default="none", help="as in `scenefill inpaint` (default: none)")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    models = street_sets.titled(arguments.model)
    rows = []
    for name, (top, left, _) in VIEWS.items():
        view = slice(top, top + SIZE), slice(left, left + SIZE)
        photo, hole = street_sets.example(name)
        row: list[sheets.Panel] = [("photo and hole", np.where(hole[..., None], np.uint8(255), photo)[view])]
        row += [(title, model.fill(photo, hole, detail=arguments.detail).picture.rgb8()[view]) for title, model in models.items()]
        rows.append(row)
    images.write_rgb(sheets.grid(rows), arguments.out, overwrite=True)


if __name__ == "__main__":
    main()
