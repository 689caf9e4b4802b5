"""scenefill experiment: what it says, and what is wrong in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streets import EXPERIMENTS, write_streets
from tiny import TINY

Run = Callable[..., tuple[int, str, str]]

TABLE = """
title = "Telea alone"
features = "none"
metrics = ["psnr_hole"]
[[cases]]
data = "camvid:test"
size = 64
[[models]]
title = "Telea"
weights = "telea"
"""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_streets(tmp_path / "photos", 3, height=72, width=90)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "alone.toml"
    path.write_text(TABLE)
    return path


def said(result: tuple[int, str, str]) -> str:
    """The one sentence that refuses; a line about what would be done may stand before it."""
    code, printed, errors = result
    assert (code, printed) == (2, "")
    assert errors.count("scenefill: ") == 1
    return errors.splitlines()[-1]


def test_a_figure_at_the_tiny_budget(run: Run, photos: Path, tmp_path: Path) -> None:
    file, out = EXPERIMENTS / "fig8.toml", tmp_path / "out"
    code, printed, errors = run(
        "experiment", file, "--budget", "tiny", "--photos", photos, "--runs", tmp_path / "runs", "--out", out
    )
    assert code == 0, errors
    assert "0 trainings, 0 of them missing (0 images); 4 fills in 2 kinds of cases" in errors
    assert printed.startswith("undecided: The less confident, the larger the error")
    assert printed.endswith(f"{out / 'results.md'}; with pictures: {out / 'index.html'}\n")
    assert "<svg" in (out / "index.html").read_text()


def test_a_dry_run_says_how_long_it_will_take_and_does_nothing(run: Run, photos: Path, tmp_path: Path) -> None:
    text = TABLE + f'[[models]]\ntitle = "ours"\nconfig = "{TINY / "pen-net.toml"}"\n'
    (tmp_path / "two.toml").write_text(text + '[training]\n"run.images" = 7200\n"data.workers" = 1\n"run.threads" = 1\n')
    before = sorted(tmp_path.rglob("*"))
    code, printed, errors = run("experiment", tmp_path / "two.toml", "--photos", photos, "--dry-run", "--device", "cpu")
    assert code == 0, errors
    assert "1 trainings, 1 of them missing (7,200 images); 6 fills in 1 kinds of cases" in errors
    assert printed.startswith("ours: 7,200 images, about ")
    assert sorted(tmp_path.rglob("*")) == before


def test_so_many_photos(run: Run, table: Path, photos: Path, tmp_path: Path) -> None:
    code, _, errors = run(
        "experiment", table, "--photos", photos, "--count", 2, "--runs", tmp_path / "runs", "-o", tmp_path / "out"
    )
    assert code == 0, errors
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["title"] == "Telea alone (2 photos of each set)"
    assert results["cases"][0]["count"] == 2


# ------------------------------------------------------------------------------------------------------------ what is wrong


def test_an_unknown_key(run: Run, table: Path, photos: Path) -> None:
    table.write_text('colour = "red"' + TABLE)
    sentence = said(run("experiment", table, "--photos", photos))
    assert sentence.startswith(f'scenefill: experiment {table}: unknown key "colour"; known are: about, also, cases, claims')


def test_photos_without_a_partner(run: Run, table: Path, photos: Path, tmp_path: Path) -> None:
    (photos / "labels" / "1.png").unlink()
    sentence = said(run("experiment", table, "--photos", photos, "--runs", tmp_path / "runs", "--out", tmp_path / "out"))
    assert sentence == f"scenefill: data set {photos}: 1 of 3 photos have no label map of the same name: 1"
    assert not (tmp_path / "out").exists()


def test_a_folder_with_results_of_other_cases(run: Run, table: Path, photos: Path, tmp_path: Path) -> None:
    words = ("experiment", table, "--photos", photos, "--runs", tmp_path / "runs", "--out", tmp_path / "out")
    assert run(*words)[0] == 0
    sentence = said(run(*words, "--count", 2))
    assert sentence.startswith(f"scenefill: {tmp_path / 'out'} holds results of other cases; give another folder")
    assert run(*words)[0] == 0, "the same cases again are no mistake"
    assert run(*words, "--count", 2, "--overwrite")[0] == 0


def test_the_tiny_budget_without_photos(run: Run, table: Path) -> None:
    assert "--budget tiny needs a small folder of photos" in said(run("experiment", table, "--budget", "tiny"))


def test_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    assert "none.toml cannot be read" in said(run("experiment", tmp_path / "none.toml"))
