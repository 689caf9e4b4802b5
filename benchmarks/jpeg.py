"""How much of a JPEG moves when a hole in it is filled and it is saved as JPEG again.

    python benchmarks/jpeg.py examples/photos $SCENEFILL_DATA/camvid --count 100

A square hole of half the side in the middle of each photo takes the photo's mirror image, so that no model has a part in this.
Three ways of saving are compared: what scenefill does; the file's quantisation tables and subsampling alone, which is what
Pillow can be told to keep; and quality 95, which is what most programs do. Of the pixels outside the hole, and of those outside
the blocks (16x16) that the hole touches and the pixel beside them, which share differs, and by how many of 255 levels at most.
"""

from __future__ import annotations

import argparse
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scenefill.pictures import folders, images, masks

WAYS = ("scenefill", "tables alone", "quality 95")


def saved(picture: images.Picture, way: str) -> bytes:
    if way == "scenefill":
        return images.encode(picture, "JPEG")
    if way == "tables alone":
        return images.encode(replace(picture, jpeg=picture.jpeg and replace(picture.jpeg, source=None)), "JPEG")
    file = io.BytesIO()
    Image.fromarray(picture.rgb8()).save(file, "JPEG", quality=95)
    return file.getvalue()


def moved(picture: images.Picture, way: str) -> tuple[NDArray[np.int_], NDArray[np.bool_], NDArray[np.bool_]]:
    """By how many levels each pixel differs (H, W), which ones lie outside the hole, and which outside the blocks of the hole."""
    height, width = picture.pixels.shape[:2]
    hole = np.zeros((height, width), bool)
    hole[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = True
    pixels = np.where(hole[:, :, None], picture.pixels[:, ::-1], picture.pixels)
    again = images.read(saved(picture.replaced(pixels), way)).pixels
    blocks = np.zeros((-(-height // 16) * 16, -(-width // 16) * 16), bool)
    blocks[:height, :width] = hole
    touched = blocks.reshape(-1, 16, blocks.shape[1] // 16, 16).any((1, 3)).repeat(16, 0).repeat(16, 1)
    near = masks.dilate(touched[:height, :width], 1.5)
    return np.abs(again.astype(int) - picture.pixels).max(axis=2), ~hole, ~near


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=100, help="photos of each folder at most")
    options = parser.parse_args()
    print("| folder | photos | way | outside the hole | by at most | outside its blocks | by at most | photos to the bit there |")
    print("|---|---|---|---|---|---|---|---|")
    for folder in options.folders:
        photos = [images.read(path) for path in folders.pictures(folder, {".jpg", ".jpeg"})[: options.count]]
        for way in WAYS:
            outside, away, whole = [], [], 0
            for photo in photos:
                levels, known, far = moved(photo, way)
                outside.append((np.mean(levels[known] > 0), levels[known].max()))
                away.append((np.mean(levels[far] > 0), levels[far].max()))
                whole += not levels[far].any()
            shares = [
                f"{np.mean([share for share, _ in part]):.2%} | {max(most for _, most in part)}" for part in (outside, away)
            ]
            print(f"| {folder.name} | {len(photos)} | {way} | {shares[0]} | {shares[1]} | {whole} |")


if __name__ == "__main__":
    main()
