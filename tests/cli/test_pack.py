"""pack: from a folder to shards, and from them to a network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streets import write_streets
from tiny import TINY

from scenefill.models import weights

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_streets(tmp_path / "photos", 6, height=72, width=90)


def test_from_photos_to_shards_to_a_network(run: Run, photos: Path, tmp_path: Path) -> None:
    shards = tmp_path / "shards"
    squares = ["--crops", 2, "--size", 64, "--short-side", "64-72", "--per-shard", 5]
    code, printed, said = run("pack", photos, "-o", shards, *squares)
    assert code == 0, said
    assert printed == f"{shards}: 12 photos in 3 shards\n"
    small = ["data.workers=1", "run.threads=1", "run.batch_size=2", "run.images=4", 'data.masks={"removal"=1.0}']
    small += ["data.sources=[]", f'data.shards="{shards}"', "data.buffer=3"]
    code, _, said = run("train", TINY / "sge-net.toml", *small, "--out", tmp_path / "run")
    assert code == 0, said
    assert weights.read_info(tmp_path / "run" / "weights" / "sge-net.safetensors").trained_on == (str(shards),)


def test_what_cannot_be_packed(run: Run, photos: Path, tmp_path: Path) -> None:
    for wrong in ("none", "72-64", "0", "64-"):
        code, _, said = run("pack", photos, "-o", tmp_path / "shards", "--short-side", wrong)
        assert code == 2
        assert f'such as 256 or 256-384, not "{wrong}"' in said
    (photos / "labels" / "3.png").unlink()
    code, _, said = run("pack", photos, "-o", tmp_path / "shards")
    assert code == 2
    assert "1 of 6 photos have no label map of the same name: 3" in said
    assert not (tmp_path / "shards").exists()
