"""A small street on disk, and a training small enough for a test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from scenefill import labels

STREET = labels.get("street")
EXPERIMENTS = Path(__file__).parents[1] / "experiments"


def write_streets(folder: Path, count: int = 6, *, height: int = 40, width: int = 56, maps: bool = True) -> Path:
    """`count` photos in images/ and their maps in labels/: noisy sky above a noisy road, and a car on it that moves.

    The colours of the photos are those of the label set, so that what is seen tells the class.
    """
    rng = np.random.default_rng(0)
    for part in ("images", "labels")[: 1 + maps]:
        (folder / part).mkdir(parents=True)
    for index in range(count):
        ids = np.full((height, width), STREET.id("sky"), np.uint8)
        ids[height // 2 :] = STREET.id("road")
        left = 4 + 5 * index % (width - 20)
        ids[height // 2 - 4 : height // 2 + 6, left : left + 12] = STREET.id("car")
        noisy = STREET.colourise(ids).astype(int) + rng.integers(-20, 21, (height, width, 3))
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(folder / "images" / f"{index}.png")
        if maps:
            Image.fromarray(ids).save(folder / "labels" / f"{index}.png")
    return folder


def training(photos: Path, **sections: dict[str, Any]) -> dict[str, Any]:
    """The plain values of a training config; `sections` change some of them. One thread, so that runs can be compared."""
    values: dict[str, dict[str, Any]] = {
        "network": {
            "name": "sge-net",
            "label_set": "street",
            "widths": [4, 8, 8, 8, 8],
            "cim_dilations": [1, 2],
            "cim_attention": 2,
            "spade_hidden": [3, 4, 4, 4],
        },
        "data": {"sources": [str(photos)], "size": 32, "short_side": [32, 40], "hints": 0.5, "forbid": 0.5, "workers": 1},
        "loss": {"perceptual": 0.0, "feature_matching": 0.5},
        "discriminator": {"scales": 2, "width": 4, "layers": 2},
        "optimiser": {"lr": 1e-3},
        "run": {
            "images": 16,
            "batch_size": 2,
            "precision": "32-true",
            "threads": 1,
            "log_every": 4,
            "sample_every": 8,
            "checkpoint_every": 8,
        },
    }
    return {name: values[name] | sections.get(name, {}) for name in values}


def write_config(path: Path, values: dict[str, Any]) -> Path:
    """Plain values as a TOML file; those that a training takes are written as in JSON."""
    sections = [[f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items())] for name, keys in values.items()]
    path.write_text("\n".join(line for lines in sections for line in lines))
    return path
