"""scenefill export: from a run to two files that fill a photo."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from streets import STREET, training, write_streets

import scenefill
from scenefill.models import card, weights
from scenefill.networks import export as exporter
from scenefill.training.config import parse
from scenefill.training.run import run as train

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_streets(tmp_path_factory.mktemp("photos"), 4)


@pytest.fixture(scope="module")
def done(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a short run."""
    directory, threads = tmp_path_factory.mktemp("run") / "mine", torch.get_num_threads()
    config = training(
        photos,
        network={"widths": [4, 8], "spade_hidden": [4], "keep_percent": [50, 0]},
        loss={"adversarial": 0.0, "feature_matching": 0.0},
        run={"images": 4, "licence": "CC0-1.0"},
    )
    train(parse(config), directory, accelerator="cpu")
    torch.set_num_threads(threads)
    return directory


def test_from_a_run_to_a_filled_photo(run: Run, done: Path, photos: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "mine.safetensors", tmp_path / "report.json"
    figures = {"dataset": "streets", "masks": "centre", "cases": {"count": 4}, "metrics": ["psnr"]}
    report.write_text(json.dumps(figures | {"groups": {"all": {"psnr": {"mine": {"value": 12.5}}}}}))
    code, printed, _ = run("export", done, "-o", out, "--calibrate", photos, "--report", report)
    assert code == 0
    info = weights.read_info(out)
    assert printed.startswith(f"{out}: temperature {info.temperature:.3g}; ONNX Runtime against torch: mean difference ")
    assert info.temperature != 1
    assert info.metrics["streets, centre, 4 cases"] == {"psnr": 12.5}
    assert info.metrics["parameters_m"] > 0
    assert "gflop_32" in info.metrics
    assert (info.licence, info.images_seen) == ("CC0-1.0", 4)

    photo = photos / "images" / "0.png"
    mask = np.zeros((40, 56), np.uint8)
    mask[10:25, 20:40] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    result = scenefill.load(out, threads=1)(photo, tmp_path / "mask.png")
    before = np.asarray(Image.open(photo))
    assert (result.image[mask == 0] == before[mask == 0]).all()
    assert (result.image[mask > 0] != before[mask > 0]).any()
    assert result.labels.shape == (40, 56)
    assert result.labels.max() < len(STREET)
    assert "CC0-1.0" in card.card(out)

    code, _, error = run("export", done, "-o", out)
    assert code == 2
    assert f"{out} stands already; give another name or --overwrite" in error


@pytest.mark.parametrize("what", ["missing", "damaged", "folder"])
def test_sources_that_cannot_be_read(run: Run, done: Path, tmp_path: Path, what: str) -> None:
    source = tmp_path / "source.safetensors"
    if what == "damaged":
        data = (done / "weights" / "sge-net.safetensors").read_bytes()
        source.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif what == "folder":
        source.mkdir()
    code, _, error = run("export", source, "-o", tmp_path / "out.safetensors")
    assert code == 2
    assert error.startswith("scenefill: ")
    assert str(source) in error
    assert not (tmp_path / "out.safetensors").exists()


def test_disagreement_leaves_nothing(run: Run, done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter, "graph", lambda *_: b"")
    monkeypatch.setattr(exporter.OnnxBackend, "open", lambda path: None)
    monkeypatch.setattr(exporter, "compare", lambda *_: exporter.Agreement(0.27, 0.5))
    code, _, error = run("export", done, "-o", tmp_path / "mine.safetensors")
    assert code == 2
    assert "was not exported: ONNX Runtime differs from torch by 0.27" in error
    assert list(tmp_path.iterdir()) == []


def test_reports_and_photos_that_are_none(run: Run, done: Path, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{}")
    bare = write_streets(tmp_path / "bare", 1, maps=False)
    for words, said in (
        (["--report", tmp_path / "report.json"], "is not the report.json of an evaluation"),
        (["--calibrate", bare], "no temperature can be fitted"),
        (["--calibrate", tmp_path / "none"], "there is no public data set"),
    ):
        code, _, error = run("export", done, "-o", tmp_path / "mine.safetensors", *words)
        assert code == 2
        assert said in error
    assert not (tmp_path / "mine.safetensors").exists()
