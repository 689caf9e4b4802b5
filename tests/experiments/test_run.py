"""Experiments from end to end, at the tiny budget; all of them in a nightly run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from properties import nightly
from streets import EXPERIMENTS

from scenefill.errors import ConfigError, DataError, OutputError, WeightsError
from scenefill.evaluation.cases import CaseSet, Sample
from scenefill.experiments.plan import Experiment, Row, load, placed, tiny
from scenefill.experiments.run import Runner, Watch
from scenefill.experiments.trainings import Show, Training

NAMES = sorted(path.stem for path in EXPERIMENTS.glob("*.toml")) if nightly() else ["fig6", "table5"]
"""fig6 trains nothing and looks at single scales; table5 trains on two kinds of maps, with two seeds."""


class Diary(Watch):
    """What was trained and measured."""

    def __init__(self) -> None:
        self.trainings: list[str] = []
        self.measurements: list[str] = []
        super().__init__(trained=self._train, measured=self._measure)

    def _train(self, training: Training) -> Show:
        self.trainings.append(training.title)
        return lambda done, total, rate: None

    def _measure(self, title: str, cases: CaseSet) -> Iterable[Sample]:
        self.measurements.append(title)
        return iter(cases)


def small(name: str, photos: Path) -> Experiment:
    return tiny(placed(load(EXPERIMENTS / f"{name}.toml"), EXPERIMENTS), photos)


def strict(path: Path) -> Any:
    """JSON as everyone reads it: without NaN."""

    def refuse(name: str) -> NoReturn:
        raise ValueError(name)

    return json.loads(path.read_text(), parse_constant=refuse)


@pytest.mark.nightly
@pytest.mark.parametrize("name", NAMES)
def test_from_its_file_to_its_page(name: str, photos: Path, kept: Path, tmp_path: Path) -> None:
    experiment, diary = small(name, photos), Diary()
    outcome = Runner(experiment, kept, tmp_path, device="cpu", watch=diary).run(tmp_path / "out")
    assert all(training.finished for training in outcome.trainings)
    assert len(outcome.verdicts) == len(experiment.claims) * len(experiment.cases)
    assert {verdict.answer for verdict in outcome.verdicts} <= {"undecided", "not run"}, "two pictures decide nothing"

    results = strict(tmp_path / "out" / "results.json")
    assert [one["sha256"] for one in results["cases"]] == [report.cases.digest for report in outcome.reports]
    page, table = ((tmp_path / "out" / file).read_text() for file in ("index.html", "results.md"))
    for row in experiment.models:
        assert row.title in table
    assert "tiny: shows that everything runs, and nothing else" in table
    assert page.count("<figure>") >= len(experiment.cases) * (len(experiment.models) + 2)  # with input and truth
    assert 'src="http' not in page
    assert ('class="paper"' in page) == bool(experiment.paper.rows)
    assert not list((tmp_path / "out").glob("*.tmp"))

    again = Diary()
    Runner(experiment, kept, tmp_path, device="cpu", watch=again).run(tmp_path / "out")
    assert (again.trainings, again.measurements) == ([], []), "what is there is not made again"
    assert strict(tmp_path / "out" / "results.json") == results


@pytest.fixture
def classical(photos: Path) -> Experiment:
    """Fig. 6 with models that need no network."""
    experiment = small("fig6", photos)
    models = tuple(replace(row, weights=name, scale=-1) for row, name in zip(experiment.models, ("telea", "truth"), strict=False))
    return replace(experiment, models=models, claims=())


def test_a_folder_with_results_of_other_cases_is_left_alone(classical: Experiment, tmp_path: Path) -> None:
    out = tmp_path / "out"
    Runner(classical, tmp_path / "kept", tmp_path).run(out)
    before = {path: path.read_bytes() for path in out.iterdir()}
    others = replace(classical, cases=tuple(replace(one, count=1) for one in classical.cases))
    with pytest.raises(OutputError, match="out holds results of other cases; give another folder, or --overwrite") as caught:
        Runner(others, tmp_path / "kept", tmp_path).run(out)
    assert "\n" not in str(caught.value)
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    Runner(others, tmp_path / "kept", tmp_path).run(out, overwrite=True)
    assert strict(out / "results.json")["cases"][0]["count"] == 1


def test_a_results_file_of_something_else_is_left_alone(classical: Experiment, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("[1, 2]")
    with pytest.raises(OutputError, match="is not what an experiment writes"):
        Runner(classical, tmp_path / "kept", tmp_path).run(tmp_path)
    assert (tmp_path / "results.json").read_text() == "[1, 2]"


def test_what_a_training_lacks_is_said_before_anything_begins(photos: Path, tmp_path: Path) -> None:
    experiment = small("table5", photos)
    nowhere = replace(experiment, training=experiment.training | {"data.sources": ["camvid:train"]})
    with pytest.raises(DataError, match="camvid"):
        Runner(nowhere, tmp_path / "kept", tmp_path)


def test_weights_that_are_not_there_are_missed_before_anything_begins(photos: Path, tmp_path: Path) -> None:
    experiment = small("table5", photos)
    typo = replace(experiment, models=(*experiment.models, Row("typo", weights="sge-net-strete")))
    with pytest.raises(WeightsError, match="sge-net-strete"):
        Runner(typo, tmp_path / "kept", tmp_path)


@pytest.mark.parametrize("lacking", [{"features": "inception"}, {"segmenter": "espnetv2"}], ids=str)
def test_networks_that_are_not_there_are_missed_before_the_training(
    lacking: dict[str, str], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCENEFILL_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    diary, experiment = Diary(), replace(small("table5", photos), **lacking)  # type: ignore[arg-type]
    with pytest.raises(WeightsError):
        Runner(experiment, tmp_path / "kept", tmp_path, device="cpu", watch=diary).run(tmp_path / "out")
    assert diary.trainings == []


def test_no_cases_are_no_result(classical: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner(classical, tmp_path / "kept", tmp_path)
    runner.cases = tuple(replace(cases, cases=()) for cases in runner.cases)
    with pytest.raises(ConfigError, match=r"there is nothing to measure: .* has no cases with centre holes"):
        runner.run(tmp_path / "out")
