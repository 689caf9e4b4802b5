"""A label set that nobody has seen, from photos to filled photos: two classes, water and grass."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny import TINY

from scenefill.models import weights
from scenefill.web.direct import Classes

Run = Callable[..., tuple[int, str, str]]

TOML = """
name = "shore"
classes = [{ name = "water", colour = [30, 60, 200] }, { name = "grass", colour = [90, 160, 40] }]
movable = ["water"]

[aliases]
lake = "water"
"""
WATER, GRASS = 0, 1


@pytest.fixture(scope="module")
def shore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four photos of water above grass with their maps, and the classes beside them."""
    folder, rng = tmp_path_factory.mktemp("shore"), np.random.default_rng(0)
    (folder / "shore.toml").write_text(TOML)
    for part in ("images", "labels"):
        (folder / "photos" / part).mkdir(parents=True)
    for number in range(4):
        ids = np.full((72, 80), GRASS, np.uint8)
        ids[: 30 + 4 * number] = WATER
        colours = np.array([(30, 60, 200), (90, 160, 40)])[ids] + rng.integers(-20, 21, (72, 80, 3))
        Image.fromarray(colours.clip(0, 255).astype(np.uint8)).save(folder / "photos" / "images" / f"{number}.png")
        Image.fromarray(ids).save(folder / "photos" / "labels" / f"{number}.png")
    return folder


def test_from_photos_to_a_filled_photo(run: Run, shore: Path, tmp_path: Path) -> None:
    photos, classes, out = shore / "photos", shore / "shore.toml", tmp_path / "shore.safetensors"
    assert run("check-data", photos, "--labels", classes)[0] == 0
    small = ["data.workers=1", "run.threads=1", "run.batch_size=2", "run.images=4", 'data.masks={"removal"=1.0}']
    small += [f'data.sources=["{photos}"]', f"network.label_set={classes}", 'run.licence="CC0-1.0"']
    code, _, said = run("train", TINY / "sge-net.toml", *small, "--out", tmp_path / "run")
    assert code == 0, said
    assert run("export", tmp_path / "run", "-o", out)[0] == 0
    assert run("evaluate", "-m", out, "-m", "telea", "--data", photos, "--label-set", classes, "--features", "none",
               "-o", tmp_path / "report", "--count", "1")[0] == 0  # fmt: skip
    classes.rename(classes.with_suffix(".gone"))  # what was learnt knows its classes

    labels = weights.read_info(out).labels
    assert labels is not None
    assert Classes.of(labels).model_dump()["classes"] == [
        {"id": 0, "name": "water", "colour": (30, 60, 200)},
        {"id": 1, "name": "grass", "colour": (90, 160, 40)},
    ]
    photo, mask = photos / "images" / "0.png", np.zeros((72, 80), np.uint8)
    mask[20:40, 20:40] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    for verb in (
        ("inpaint", photo, tmp_path / "mask.png", "-o", tmp_path / "filled.png", "--forbid", "lake"),
        ("segment", photo, "-o", tmp_path / "map.png"),
    ):
        code, _, said = run(*verb, "-m", out)
        assert code == 0, said
    filled, truth = (np.asarray(Image.open(path)) for path in (tmp_path / "filled.png", photo))
    assert (filled == truth).all(axis=2)[mask == 0].mean() > 0.8
    assert set(np.unique(np.asarray(Image.open(tmp_path / "map.png")))) <= {WATER, GRASS}
    code, _, said = run("erase", photo, "--what", "tree", "-o", tmp_path / "erased.png", "-m", out)
    assert code == 2
    assert 'label set shore has no class "tree"' in said
    assert json.loads(run("models", "show", out, "--json")[1])["network"] == "sge-net"
