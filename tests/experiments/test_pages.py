import csv
import json
import runpy
from pathlib import Path

import pytest

from scenefill.experiments.outcome import Outcome
from scenefill.experiments.plan import Cases, Claim, Experiment, Paper, Row
from scenefill.experiments.run import Runner


@pytest.fixture(scope="module")
def results(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Telea against the truth, with a metric for which there is no network and a claim about it."""
    experiment = Experiment(
        title="Telea & the <truth>",
        cases=(Cases(str(photos), size=64),),
        models=(Row("Telea", weights="telea"), Row("truth", weights="truth")),
        about="With `code` and **weight**.",
        metrics=("psnr", "l1", "feature_distance"),
        features="none",
        claims=(
            Claim("The truth is nearer", "l1", better="truth", than="Telea"),
            Claim("And feels nearer", "feature_distance", better="truth", than="Telea"),
            Claim("It is dear", "psnr", better="truth", than="Telea"),
        ),
        paper=Paper("Somebody 2004", "Their data", ("PSNR",), {"Telea": (20.5,)}),
    )
    folder = tmp_path_factory.mktemp("results")
    outcome = Runner(experiment, folder / "kept", folder).run(folder / "out")
    assert isinstance(outcome, Outcome)
    return folder / "out"


def test_the_files(results: Path) -> None:
    names = {"results.json", "results.csv", "results.md", "index.html", "cases.json", "report-0.md", "per_image-0.csv"}
    assert {path.name for path in results.iterdir()} == names


def test_what_was_not_measured_is_said_and_decides_nothing(results: Path) -> None:
    text = (results / "results.md").read_text()
    assert "Not measured here: `feature_distance`." in text
    assert "| And feels nearer |" in text
    assert "NaN" not in (results / "results.json").read_text()
    answers = {one["says"]: one["answer"] for one in json.loads((results / "results.json").read_text())["verdicts"]}
    assert answers == {"The truth is nearer": "undecided", "And feels nearer": "not run", "It is dear": "not run"}


def test_the_papers_figures_stand_apart(results: Path) -> None:
    ours, _, theirs = (results / "results.md").read_text().partition("## The paper's own figures")
    assert "20.5" not in ours
    assert "Somebody 2004. Their data" in theirs
    page = (results / "index.html").read_text()
    assert page.count("20.5") == page[page.index('<div class="paper">') :].partition("</div>")[0].count("20.5") == 1


def test_text_is_text(results: Path) -> None:
    page = (results / "index.html").read_text()
    assert "<h1>Telea &amp; the &lt;truth&gt;</h1>" in page
    assert "<p>With <code>code</code> and <b>weight</b>.</p>" in page


def test_every_number_has_its_line(results: Path) -> None:
    lines = csv.DictReader((results / "results.csv").read_text().splitlines())
    found = {(line["group"], line["metric"], line["model"]): float(line["value"]) for line in lines}
    assert found["all", "l1", "truth"] == 0
    assert found["all", "l1", "Telea"] > 0
    assert ("all", "psnr", "truth") not in found  # identical pictures have none


def test_a_page_for_the_docs_counts_the_verdicts(results: Path) -> None:
    script = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "results.py"))
    text = script["page"]([results])
    assert text.startswith("# Results\n")
    assert "| Telea & the <truth> | 0 | 0 | 1 | 2 |" in text
    assert "\n## Telea & the <truth>\n" in text
    assert "\n### What shows\n" in text
    assert text.count("the whole 95 % interval") == 1
