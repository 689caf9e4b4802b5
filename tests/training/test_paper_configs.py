"""The configs at the paper's scale run, on tiny trees in the official layouts; only the batch is made smaller."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from scenefill import labels
from scenefill.losses.perceptual import VGG16
from scenefill.models import public
from scenefill.pictures import images, masks, shapes
from scenefill.training import config as configs
from scenefill.training.run import dry_run

CONFIGS = Path(__file__).parents[2] / "configs" / "sge-net"


def _photo(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    images.write_rgb(np.random.default_rng(seed).integers(0, 256, (80, 120, 3), np.uint8), path)


def _map(path: Path, ids: list[int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.resize(np.array(ids, np.uint8), (80, 120))).save(path)


def _cityscapes(root: Path) -> None:
    for i, split in enumerate(("train", "test")):
        stem = f"{split}/ulm/ulm_00000{i}_000019"
        _photo(root / "leftImg8bit" / f"{stem}_leftImg8bit.png", i)
        _map(root / "gtFine" / f"{stem}_gtFine_labelIds.png", [7, 11, 23, 26])


def _outdoor(root: Path) -> None:
    _photo(root / "OutdoorSeg" / "images" / "a.png", 0)
    _map(root / "OutdoorSeg" / "annotations" / "a.png", [1, 3, 5, 255])


@pytest.fixture
def vgg16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with the public names and fresh weights in the place of the public one."""
    torch.save(VGG16().state_dict(), tmp_path / "vgg16.pth")
    monkeypatch.setattr(public, "public_file", lambda name: tmp_path / f"{name}.pth")


@pytest.mark.usefixtures("vgg16")
@pytest.mark.parametrize(("name", "tree", "classes"), [("cityscapes-256", _cityscapes, 19), ("outdoor-256", _outdoor, 8)])
def test_a_paper_config_runs(name: str, tree: Callable[[Path], None], classes: int, tmp_path: Path) -> None:
    tree(tmp_path)
    for i in range(6):
        (tmp_path / "irregular_masks").mkdir(exist_ok=True)
        masks.write(shapes.centre(64, 64), tmp_path / "irregular_masks" / f"{i}.png")
    config = configs.load(CONFIGS / f"{name}.toml", ["run.batch_size=1", f'data.root="{tmp_path}"'])
    report = dry_run(config)
    assert report["batch"] == (1, 3, 256, 256)
    assert set(report["terms"]) == {"d", "re", "perceptual", "se", "ad"}
    assert all(np.isfinite(value) for value in report["terms"].values())
    assert len(labels.get(config.network["label_set"])) == classes
