"""The picture of docs/limitations.md: photos that the street network was not made for.

    python benchmarks/limitations.py --out docs/pictures/limitations.jpg

An interior by lamplight, a wall in portrait format, and the street of examples/ as it is, by night and in rain. These two are
imitated, since no free photo of either was at hand: the one by an exposure of 1/20 with a sensor's noise, the other by mist and
streaks.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from street_sets import example

from scenefill.evaluation.live import open_model
from scenefill.pictures import images, sheets

Pixels = NDArray[np.uint8]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="sge-net-street", help="name or weights file")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    fill = open_model(arguments.model)
    crossing, cars = example("crossing")
    cases = {
        "interior": example("wine"),
        "portrait format": example("dogs"),
        "by day": (crossing, cars),
        "night (imitated)": (night(crossing), cars),
        "rain (imitated)": (rain(crossing), cars),
    }
    rows = []
    for title, (photo, hole) in cases.items():
        result = fill.fill(photo, hole)
        assert result.labels is not None
        assert result.confidence is not None
        trust = np.repeat((result.confidence * 255).astype(np.uint8)[..., None], 3, axis=2)
        row: list[sheets.Panel] = [
            (title, np.where(hole[..., None], np.uint8(255), photo)), ("result", result.picture.rgb8()),
            ("map", fill.labels.colourise(result.labels) if fill.labels else photo), ("trust", trust),
        ]  # fmt: skip
        rows.append([(name, framed(picture)) for name, picture in row])
    images.write_rgb(sheets.grid(rows), arguments.out, overwrite=True)


def framed(picture: Pixels, height: int = 300, width: int = 400) -> Pixels:
    """Shrunk into a frame of one size, on black."""
    scale = min(height / picture.shape[0], width / picture.shape[1])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:height, :width]
    frame = np.zeros((height, width, 3), np.uint8)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    return frame


def night(rgb: Pixels) -> Pixels:
    """A twentieth of the light, bluish, with shot and read noise, brightened to what a camera would make of it."""
    rng = np.random.default_rng(0)
    light = (rgb / 255.0) ** 2.2 / 20 * np.array([0.8, 0.9, 1.2])
    noisy = rng.poisson(light * 4000) / 4000 + rng.normal(0, 0.001, light.shape)
    return np.asarray(((noisy * 3).clip(0, 1) ** (1 / 2.2) * 255).round().astype(np.uint8))


def rain(rgb: Pixels) -> Pixels:
    """Less contrast towards grey, and bright streaks along the fall of the rain."""
    rng = np.random.default_rng(0)
    drops = (rng.random(rgb.shape[:2]) > 0.996).astype(np.float32)
    streak = np.eye(21, dtype=np.float32)[:, ::-1] * np.linspace(0.2, 1, 21, dtype=np.float32)
    streaks = cv2.GaussianBlur(cv2.filter2D(drops, -1, streak), (0, 0), 0.7).clip(0, 1)[..., None]
    mist = rgb * 0.6 + 140 * 0.4
    return np.asarray((mist + streaks * (235 - mist) * 0.8).round().clip(0, 255).astype(np.uint8))


if __name__ == "__main__":
    main()
