from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from scenefill.data.folder import Dataset
from scenefill.errors import ConfigError
from scenefill.evaluation.cases import build
from scenefill.evaluation.measures import EXTRAS, Metric, Truth, check_extras, measure, metrics, share
from scenefill.evaluation.run import run
from scenefill.filling.inpainter import Inpainter
from scenefill.filling.result import Result
from scenefill.labels import LabelSet
from scenefill.metrics import pixel, structure
from scenefill.pictures import images


def by_name(labels: LabelSet | None) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics(labels, None) if metric.name not in EXTRAS}


def test_a_share_of_nothing_is_not_defined() -> None:
    np.testing.assert_array_equal(share(np.array([[3, 4], [0, 0]])), [0.75, np.nan])


def test_values_of_one_case_are_those_of_the_metrics(scenes: Dataset, street: LabelSet, labelling: Inpainter) -> None:
    sample = build(scenes, "centre", labels=street, size=64)[0]
    result = labelling(sample.blanked, sample.mask, detail="none")
    found = measure(result, Truth(sample, street))
    value = {name: float(metric.value(found.statistics[metric.statistic])) for name, metric in by_name(street).items()}
    assert value["psnr_hole"] == pytest.approx(pixel.psnr(result.image, sample.image, sample.mask))
    assert value["ssim"] == pytest.approx(structure.ssim(result.image, sample.image))
    assert value["ssim_hole"] == pytest.approx(structure.ssim(result.image, sample.image, sample.mask))
    assert value["sharpness"] == structure.sharpness(result.image, sample.image, sample.mask) == 0  # a flat fill
    assert value["accuracy_hole"] == value["accuracy"] == value["miou"] == 1
    confidence = np.exp(4) / (np.exp(4) + len(street) - 1)
    assert value["ece_hole"] == pytest.approx(1 - confidence, abs=1e-4)
    assert np.isnan(value["confidence_l1"])  # one picture does not correlate


def test_sharpness_of_many_is_a_ratio_of_means(scenes: Dataset, flat: Inpainter) -> None:
    statistic = np.array([[1.0, 1.0], [0.0, 3.0]])
    assert by_name(None)["sharpness"].value(statistic.mean(axis=0)) == 0.25


def test_checkerboard_of_many_is_a_ratio_of_means_and_a_flat_fill_has_none(scenes: Dataset) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    sample = replace(build(scenes, "centre", size=64)[0], image=noise)

    def statistic(fill: NDArray[np.uint8]) -> NDArray[np.float64]:
        return measure(Result(images.read(fill), sample.mask), Truth(sample, None)).statistics["checkerboard"]

    of_truth, of_flat = statistic(noise), statistic(np.full_like(noise, 90))
    assert of_flat.tolist() == [0, 0]
    assert by_name(None)["checkerboard"].value((of_truth + of_flat) / 2) == 1


def test_an_identical_picture_counts_for_nothing(scenes: Dataset) -> None:
    sample = build(scenes, "centre", size=64)[0]
    statistics = measure(Result(images.read(sample.image), sample.mask), Truth(sample, None)).statistics
    assert statistics["psnr"].tolist() == statistics["psnr_hole"].tolist() == [0, 0]
    assert statistics["l1"].tolist() == [0, 1]


def test_a_model_without_labels_has_no_label_statistics(scenes: Dataset, street: LabelSet, flat: Inpainter) -> None:
    sample = build(scenes, "centre", labels=street, size=64)[0]
    assert "confusion" not in measure(flat(sample.blanked, sample.mask), Truth(sample, street)).statistics


def test_phantom_is_what_the_judge_sees_in_the_hole_beyond_the_truth(scenes: Dataset, street: LabelSet, flat: Inpainter) -> None:
    sample = build(scenes, "centre", labels=street, size=64)[0]
    car, road = street.id("car"), street.id("road")

    def judge(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The upper half of a fill is a car, nothing of the truth is."""
        ids = np.full(picture.shape[:2], road, np.uint8)
        ids[:32] = road if (picture == sample.image).all() else car
        return ids

    found = measure(flat(sample.blanked, sample.mask, detail="none"), Truth(sample, street, judge=judge))
    assert share(found.statistics["phantom"]) == 0.5
    plain = measure(flat(sample.blanked, sample.mask, detail="none"), Truth(sample, street))
    assert np.isnan(share(plain.statistics["phantom"]))


def test_what_is_measured_on_demand(scenes: Dataset, flat: Inpainter) -> None:
    cases = build(scenes, "centre", size=104)
    report = run({"flat": flat}, cases, extras=check_extras(("ms_ssim", "l1[spg-net]")))
    value = {metric.name: report.value(metric, "flat") for metric in report.metrics}
    fill, truth = flat(cases[0].blanked, cases[0].mask, intent="restore", detail="none").image, cases[0].image
    assert report.per_image(next(m for m in report.metrics if m.name == "ms_ssim"), "flat")[0] == structure.ms_ssim(fill, truth)
    assert value["l1[spg-net]"] == pytest.approx(value["l1"] / 100 * 104 * 104 * 3)
    assert "ssim[aot]" not in value
    with pytest.raises(ConfigError, match=r'no metric "mae" to add; there are: ms_ssim, l2, l1\[relative\]'):
        check_extras(["mae"])
