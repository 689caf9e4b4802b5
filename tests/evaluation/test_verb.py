import json
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from scenefill.cli.evaluate import evaluate
from scenefill.data.folder import Dataset
from scenefill.errors import DataError, MissingExtraError
from scenefill.filling import inpainter
from scenefill.filling.inpainter import Inpainter

app = typer.Typer()
app.command()(evaluate)


def run(*words: str | Path) -> str:
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False).output


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch, flat: Inpainter, labelling: Inpainter) -> list[str]:
    """The names that were loaded; "flat" is the model without labels."""
    names: list[str] = []

    def load(name: str, **computing: object) -> Inpainter:
        names.append(name)
        return flat if name == "flat" else labelling

    monkeypatch.setattr(inpainter, "load", load)
    return names


def test_a_folder_is_measured(scenes: Dataset, loaded: list[str], tmp_path: Path) -> None:
    words = ("--data", tmp_path / "scenes", "--count", 2, "--features", "none", "--pictures", 1)
    text = run(*words, "-m", "flat", "-m", "a/net.safetensors", "-o", tmp_path / "out")
    assert loaded == ["flat", "a/net.safetensors"]
    page = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (page["models"], page["label_set"], page["cases"]["count"]) == (["flat", "net"], "street", 2)
    assert page["groups"]["all"]["accuracy_hole"]["net"]["value"] > 0
    assert page["cases"]["sha256"][:12] in text
    assert "index.html" in text


def test_files_of_the_same_name_keep_their_paths(scenes: Dataset, loaded: list[str], tmp_path: Path) -> None:
    models = ["a/net.safetensors", "b/net.safetensors"]
    words = ("--data", tmp_path / "scenes", "--count", 1, "--features", "none", "--pictures", 0, "-o", tmp_path / "out")
    run(*words, "-m", models[0], "-m", models[1])
    assert json.loads((tmp_path / "out" / "report.json").read_text())["models"] == models


def test_photos_without_labels_are_measured_without_them(scenes: Dataset, loaded: list[str], tmp_path: Path) -> None:
    (tmp_path / "scenes" / "labels").rename(tmp_path / "elsewhere")
    run("--data", tmp_path / "scenes", "--count", 1, "--features", "none", "--pictures", 1, "-m", "net", "-o", tmp_path / "out")
    overall = json.loads((tmp_path / "out" / "report.json").read_text())["groups"]["all"]
    assert "psnr_hole" in overall
    assert "accuracy_hole" not in overall


def test_what_is_neither_a_folder_nor_a_public_set(loaded: list[str], tmp_path: Path) -> None:
    with pytest.raises(DataError, match='no public data set "nowhere"'):
        run("--data", "nowhere:test", "-o", tmp_path / "out")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torchmetrics", None)
    with pytest.raises(MissingExtraError, match=r"scenefill\[train\]"):
        run("--data", tmp_path, "-o", tmp_path / "out")
