"""scenefill study: a folder of pictures and its answers, from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from study.pictures import made

from scenefill.study.answers import Answer, Answers

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return made(tmp_path / "study", ["road", "park"], ["blue", "red"])


def answered(path: Path) -> None:
    with closing(Answers(path)) as answers:
        answers.add(Answer("ann", "road", "blue", "red", "second", "first"))
        answers.add(Answer("bob", "road", "blue", "red", "neither", "first"))


def test_a_report_is_printed_and_written(run: Run, folder: Path, tmp_path: Path) -> None:
    answered(folder / "answers.sqlite")
    (folder / "complexity.csv").write_text("name,level\nroad,low\npark,high\n")
    code, printed, _ = run("study", "report", folder)
    assert code == 0
    assert printed.startswith((folder / "report.md").read_text())
    assert printed.splitlines()[-2:] == [str(folder / "report.md"), str(folder / "report.json")]
    groups = json.loads((folder / "report.json").read_text())["groups"]
    assert [group["pictures"] for group in groups] == ["all pictures", "low"]
    assert groups[0]["preferences"][0]["share"]["value"] == 0.25

    code, _, said = run("study", "report", folder)
    assert code == 2
    assert "report.md stands already" in said
    assert run("study", "report", folder, "--overwrite")[0] == 0
    assert run("study", "report", folder, "--out", tmp_path / "elsewhere")[0] == 0
    assert (tmp_path / "elsewhere" / "report.json").exists()


def test_a_report_without_answers(run: Run, folder: Path) -> None:
    code, _, said = run("study", "report", folder)
    assert code == 2
    assert said == f"scenefill: there are no answers yet: {folder / 'answers.sqlite'} does not exist\n"
    assert not (folder / "answers.sqlite").exists()


def test_answers_may_lie_elsewhere(run: Run, folder: Path, tmp_path: Path) -> None:
    answered(tmp_path / "mine.sqlite")
    assert run("study", "report", folder, "--answers", tmp_path / "mine.sqlite")[0] == 0


@pytest.mark.parametrize("verb", ["serve", "report"])
def test_a_folder_that_there_is_not(run: Run, tmp_path: Path, verb: str) -> None:
    code, _, said = run("study", verb, tmp_path / "nowhere")
    assert code == 2
    assert "nowhere" in said
    assert said.count("\n") == 1


def test_pictures_that_make_no_study_are_told_before_it_is_served(run: Run, folder: Path) -> None:
    (folder / "red" / "road.png").write_bytes(b"no picture")
    code, _, said = run("study", "serve", folder)
    assert code == 2
    assert "road.png" in said
    (folder / "red" / "road.png").unlink()
    code, _, said = run("study", "serve", folder)
    assert code == 2
    assert said == "scenefill: method red lacks road, of which blue has the first: names must match\n"
    assert not (folder / "answers.sqlite").exists()
