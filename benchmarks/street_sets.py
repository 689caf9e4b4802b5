"""The street sets of the benchmarks, their cases, and models to put beside each other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenefill import labels as label_sets
from scenefill.data import public
from scenefill.data.stream import data_root
from scenefill.evaluation import cases
from scenefill.evaluation.live import open_model
from scenefill.filling.inpainter import Inpainter
from scenefill.losses.perceptual import feature_network
from scenefill.metrics.perceptual import FeatureDistance
from scenefill.pictures import images, masks
from scenefill.pictures.masks import Mask

TEST = {"CamVid Seq05VD": "camvid:test-seq05vd", "LabelMeFacade test": "labelmefacade:test", "IDD Lite val": "idd-lite:val"}
VALIDATION = {
    "CamVid val": "camvid:val", "LabelMeFacade train-val": "labelmefacade:train-val", "IDD Lite train-val": "idd-lite:train-val",
}  # fmt: skip
HOLES = ("centre", "irregular")
BASE = "telea"
EXAMPLES = Path(__file__).parents[1] / "examples"
STREET = label_sets.get("street")


def chosen(source: str, holes: str, count: int | None, size: int = cases.SIZE) -> cases.CaseSet:
    """So many cases of a set (None: all), with centre holes of half the side or the held-out irregular masks."""
    root = data_root()
    dataset = public.source(source, root, STREET)
    return cases.build(dataset, holes, labels=STREET, masks_dir=root / "irregular_masks", count=count, size=size)


def titled(entries: Iterable[str]) -> dict[str, Inpainter]:
    """Models by title, from TITLE=FILE; the title of a plain name or file is its stem."""
    parts = (entry.rpartition("=") for entry in entries)
    return {title or Path(file).stem: open_model(file) for title, _, file in parts}


def example(name: str) -> tuple[NDArray[np.uint8], Mask]:
    """A photo of examples/ (H, W, 3) and its hole (H, W)."""
    photo = images.read(EXAMPLES / "photos" / f"{name}.jpg")
    return photo.rgb8(), masks.read(EXAMPLES / "masks" / f"{name}.png")


def features() -> FeatureDistance:
    """The feature distance of all tables."""
    return FeatureDistance(feature_network("squeezenet"), "squeezenet")
