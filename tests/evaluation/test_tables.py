import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from scenefill.data.folder import Dataset
from scenefill.evaluation.cases import CaseSet, build
from scenefill.evaluation.tables import Report, to_csv, to_json, to_markdown
from scenefill.labels import LabelSet

N = 6
rng = np.random.default_rng(0)


def pairs(values: np.ndarray) -> np.ndarray:
    return np.stack([values, np.ones(len(values))], axis=1)


@pytest.fixture
def cases(scenes: Dataset, street: LabelSet) -> CaseSet:
    return build(scenes, "centre", labels=street, size=64)


@pytest.fixture
def report(cases: CaseSet, street: LabelSet) -> Report:
    """Model b is model a plus exactly 1 dB, and draws labels: right in the first three cases, wrong in the others."""
    psnr = rng.normal(15, 3, N)
    confusion = np.zeros((N, len(street) + 1, len(street)))
    confusion[:3, 0, 0] = 10
    confusion[3:, 0, 2] = 10
    energy = np.stack([np.arange(N), np.full(N, 5.0)], axis=1)
    identical = pairs(psnr + 10)
    identical[0] = 0
    return Report(
        cases,
        None,
        {
            "a": {"psnr_hole": pairs(psnr), "psnr": identical, "sharpness": energy},
            "b": {"psnr_hole": pairs(psnr + 1), "psnr": pairs(psnr + 10), "sharpness": energy, "confusion_hole": confusion},
        },
        {},
        ratio=np.array([0.05, 0.1, 0.15, 0.55, 0.6, 0.7]),
        complexity=np.array([0, 1, 2, 3, 4, 5]),
        content=np.array([0, 0, 2, 2, 128, 255]),
    )


def test_values_are_those_of_all_cases_together(report: Report) -> None:
    names = [metric.name for metric in report.metrics]
    assert names == ["psnr_hole", "psnr", "sharpness", "accuracy_hole", "miou_hole"]  # what no model has is left out
    value = {metric.name: report.value(metric, "b") for metric in report.metrics}
    assert value["sharpness"] == pytest.approx(15 / 30)
    assert value["accuracy_hole"] == 0.5
    assert value["miou_hole"] == 0.25  # sky one half, road none
    accuracy = report.metrics[3]
    assert np.isnan(report.value(accuracy, "a"))
    assert report.per_image(accuracy, "b").tolist() == [1, 1, 1, 0, 0, 0]
    assert (report.identical("a"), report.identical("b")) == (1, 0)


def test_intervals_hold_the_value_and_differences_are_paired(report: Report) -> None:
    (first, none), (second, difference) = report.estimates(report.metrics[0]).values()
    assert none is None
    assert first.low < first.value < first.high
    assert second.value == pytest.approx(first.value + 1)
    assert difference == pytest.approx((1, 1, 1))  # the same photos in every resample: no spread is left
    assert report.estimates(report.metrics[0]) == report.estimates(report.metrics[0])


def test_the_interval_is_that_of_the_normal_law(cases: CaseSet) -> None:
    """For a mean of many values the percentile bootstrap approaches mean -+ 1.96 standard errors."""
    count = 400
    values = rng.normal(20, 4, count)
    many = replace(cases, cases=(cases.cases * count)[:count])
    report = Report(many, None, {"a": {"psnr": pairs(values)}}, {},
                    np.zeros(count), np.zeros(count, int), np.full(count, 255))  # fmt: skip
    (estimate, _), *_ = report.estimates(report.metrics[0]).values()
    error = 1.96 * values.std() / np.sqrt(count)
    assert estimate.value == pytest.approx(values.mean())
    assert (estimate.low, estimate.high) == pytest.approx((values.mean() - error, values.mean() + error), abs=0.1)


def test_groups(report: Report) -> None:
    groups = {name: np.flatnonzero(chosen).tolist() for name, chosen in report.groups().items()}
    assert groups == {
        "hole 0% to 10%": [0, 1],
        "hole 10% to 20%": [2],
        "hole 50% to 60%": [3, 4],
        "hole above 60%": [5],
        "scene of 1-2 classes": [1, 2],
        "scene of 3-4 classes": [3, 4],
        "scene of more than 4 classes": [5],
        "hole mostly sky": [0, 1],
        "hole mostly road": [2, 3],
        "hole mostly building or vegetation": [4],
    }


def test_csv_has_a_line_per_model_and_case(report: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(report))))
    assert len(rows) == 2 * N
    assert rows[0]["model"] == "a"
    assert (rows[0]["psnr"], rows[0]["accuracy_hole"]) == ("", "")
    assert float(rows[N + 1]["psnr_hole"]) == pytest.approx(report.per_image(report.metrics[0], "b")[1], abs=1e-3)
    assert (rows[3]["item"], rows[3]["hole_ratio"], rows[3]["classes"]) == ("scene3", "0.5500", "3")


def test_json_has_every_group_and_no_nan(report: Report) -> None:
    page = json.loads(to_json(report), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert page["cases"]["sha256"] == report.cases.digest
    assert page["identical_pictures"] == {"a": 1, "b": 0}
    overall = page["groups"]["all"]
    assert overall["cases"] == N
    assert overall["accuracy_hole"]["a"]["value"] is None
    assert overall["psnr_hole"]["b"]["difference"]["value"] == pytest.approx(1)
    assert page["groups"]["hole mostly sky"]["accuracy_hole"]["b"]["value"] == 1
    assert page["classes"]["b"]["confusion_hole"]["accuracy"]["sky"] == 0.5
    assert page["classes"]["b"]["confusion_hole"]["iou"]["road"] == 0
    assert "frechet[None]" not in page


def test_markdown_names_the_cases_the_differences_and_the_definitions(report: Report) -> None:
    text = to_markdown(report)
    assert text.startswith("# scenes, centre holes\n")
    assert report.cases.digest in text
    assert "## Paired difference to a" in text
    assert "| psnr_hole (dB) | higher | +1.00 [+1.00, +1.00] |" in text
    assert "| hole mostly sky | 2 |" in text
    assert "| sky | 100.0% | 0.500 | 0.500 |" in text
    assert "* a: 1 pictures are identical" in text
    for metric in report.metrics:
        assert f"* `{metric.name}`: " in text
    assert "nan" not in text.lower().replace("resamples", "")
