"""Six small street scenes on disk, and backends whose fills are known in advance."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scenefill import labels as label_sets
from scenefill.data.folder import Dataset, folder
from scenefill.filling.inpainter import Inpainter
from scenefill.labels import LabelSet
from scenefill.models.runtime import Answer, Flags, Floats, Ids

STREET = label_sets.get("street")
SIZE = 64


@pytest.fixture
def street() -> LabelSet:
    return STREET


@pytest.fixture
def scenes(tmp_path: Path) -> Dataset:
    """Photos 80x64: noisy sky above a noisy road; the last two also hold a building, a car and a tree."""
    rng = np.random.default_rng(0)
    for part in ("images", "labels"):
        (tmp_path / "scenes" / part).mkdir(parents=True)
    for index in range(6):
        ids = np.full((64, 80), STREET.id("sky"), np.uint8)
        ids[32:] = STREET.id("road")
        if index > 3:
            for left, name in zip((10, 30, 50), ("building", "car", "tree"), strict=True):
                ids[20:44, left : left + 15] = STREET.id(name)
        noise = rng.integers(-20, 21, (64, 80, 3))
        photo = np.clip(STREET.colourise(ids) * 0.5 + 60 + noise, 0, 255).astype(np.uint8)
        Image.fromarray(photo).save(tmp_path / "scenes" / "images" / f"scene{index}.png")
        Image.fromarray(ids).save(tmp_path / "scenes" / "labels" / f"scene{index}.png")
    return folder(tmp_path / "scenes" / "images", tmp_path / "scenes" / "labels", STREET, name="scenes")


@dataclass
class Flat:
    """Fills with one grey and, with `labels`, calls the upper half sky and the lower one road, rather sure of it."""

    grey: float = 0.0
    labels: LabelSet | None = None
    name: str = "flat"
    working_size: int | None = SIZE
    stride: int = 8
    temperature: float = 1.0
    known_map: bool = False
    guide: str | None = None

    def run(self, image: Floats, mask: Floats, hints: Ids, forbid: Flags, guide: Floats | None = None) -> Answer:
        fill = np.full_like(image, self.grey)
        if self.labels is None:
            return Answer(fill, None)
        scores = np.zeros((len(image), len(self.labels), *image.shape[2:]), np.float32)
        half = image.shape[2] // 2
        scores[:, self.labels.id("sky"), :half] = 4
        scores[:, self.labels.id("road"), half:] = 4
        return Answer(fill, scores)


@dataclass
class Peeking(Flat):
    """Hands back what it was given."""

    def run(self, image: Floats, mask: Floats, hints: Ids, forbid: Flags, guide: Floats | None = None) -> Answer:
        return Answer(image, None)


@pytest.fixture
def flat() -> Inpainter:
    return Inpainter(Flat())


@pytest.fixture
def labelling() -> Inpainter:
    return Inpainter(Flat(grey=0.2, labels=STREET))


@pytest.fixture
def peeking() -> Inpainter:
    return Inpainter(Peeking())
