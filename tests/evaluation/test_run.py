import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from scenefill import labels as label_sets
from scenefill.data.folder import Dataset
from scenefill.errors import ConfigError, OutputError
from scenefill.evaluation.cases import CaseSet, Sample, build
from scenefill.evaluation.run import evaluate, run, validate
from scenefill.filling.inpainter import Inpainter
from scenefill.labels import LabelSet
from scenefill.metrics import structure
from scenefill.metrics.perceptual import FeatureDistance


class Pyramid(nn.Module):
    """Stands in for a feature network."""

    def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
        return rgb, F.avg_pool2d(rgb, 4)


@pytest.fixture
def cases(scenes: Dataset, street: LabelSet) -> CaseSet:
    return build(scenes, "centre", labels=street, size=64)


def test_everything_that_is_written(cases: CaseSet, flat: Inpainter, labelling: Inpainter, tmp_path: Path) -> None:
    out = tmp_path / "report"
    features = FeatureDistance(Pyramid(), "pyramid")
    report = evaluate({"flat": flat, "a/b": labelling}, cases, out, features=features, pictures=2)
    assert (out / "cases.json").read_text() == cases.to_json()
    assert len((out / "per_image.csv").read_text().splitlines()) == 1 + 2 * len(cases)
    page = json.loads((out / "report.json").read_text())
    assert set(page["frechet[pyramid]"]) == {"flat", "a/b"}
    assert page["groups"]["all"]["feature_distance"]["flat"]["value"] > 0
    assert page["groups"]["all"]["sharpness"]["flat"]["value"] == 0
    assert report.of_sets["frechet[pyramid]"]["flat"] > 0
    assert "frechet[pyramid]" in (out / "report.md").read_text()
    assert not list(out.glob("*.part"))


def test_the_page_shows_its_files_and_asks_no_network(
    cases: CaseSet, flat: Inpainter, labelling: Inpainter, tmp_path: Path
) -> None:
    evaluate({"flat": flat, "<b>": labelling}, cases, tmp_path, pictures=2)
    html = (tmp_path / "index.html").read_text()
    sources = re.findall(r'src="([^"]*)"', html)
    # two cases: input, two fills, truth, and label maps of the truth and of one model
    assert len(sources) == 2 * 6
    assert all((tmp_path / source).is_file() for source in sources)
    assert not re.search(r"https?:|//|@import|<script", html)
    assert "<b>" not in html.replace("<figcaption><b>", "")
    assert sorted(set(sources)) == sorted(f"pictures/{path.name}" for path in (tmp_path / "pictures").iterdir())
    shown = np.asarray(Image.open(tmp_path / "pictures" / "0005-truth.png"))
    np.testing.assert_array_equal(shown, cases[5].image)
    holes = np.asarray(Image.open(tmp_path / "pictures" / "0005-input.png"))
    assert (holes[cases[5].mask] == 255).all()


def test_a_model_cannot_peek(cases: CaseSet, peeking: Inpainter) -> None:
    report = run({"peeking": peeking}, cases)
    assert report.value(report.metrics[0], "peeking") < 30  # the truth itself would be infinite


def test_validation_is_flat_and_finite(cases: CaseSet, labelling: Inpainter) -> None:
    found = validate(labelling, cases, features=FeatureDistance(Pyramid(), "pyramid"))
    assert {"psnr_hole", "ssim", "l1_hole", "seam", "sharpness", "feature_distance", "accuracy_hole", "miou", "ece_hole"} <= set(
        found
    )
    assert all(isinstance(value, float) and np.isfinite(value) for value in found.values())
    # two of six scenes have other things than sky and road in their holes
    assert 0.6 < found["accuracy_hole"] < 1


def test_a_report_is_not_overwritten_by_accident(cases: CaseSet, flat: Inpainter, tmp_path: Path) -> None:
    evaluate({"flat": flat}, cases, tmp_path, pictures=0)
    with pytest.raises(OutputError, match="--overwrite"):
        evaluate({"flat": flat}, cases, tmp_path, pictures=0)
    evaluate({"flat": flat}, cases, tmp_path, pictures=1, overwrite=True)
    assert list((tmp_path / "pictures").iterdir())


def test_an_unwritable_place_is_said_before_the_work(cases: CaseSet, flat: Inpainter, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        evaluate({"flat": flat}, cases, tmp_path / "file" / "report")


def test_models_of_other_classes_are_refused(scenes: Dataset, labelling: Inpainter) -> None:
    camvid = build(scenes, "centre", labels=label_sets.get("camvid"), size=64)
    with pytest.raises(ConfigError, match=r'model m draws the classes of label set "street".*--label-set street'):
        run({"m": labelling}, camvid)
    with pytest.raises(ConfigError, match="nothing to evaluate"):
        run({}, camvid)


def test_every_case_is_handed_out_and_shown(cases: CaseSet, flat: Inpainter) -> None:
    handed: list[CaseSet] = []
    seen: list[int] = []
    run({"flat": flat}, cases, seen=lambda index, *_: seen.append(index), follow=lambda given: handed.append(given) or given)
    assert seen == list(range(len(cases)))
    assert handed == [cases]


def test_a_truth_is_described_once_for_all_models(
    cases: CaseSet, flat: Inpainter, labelling: Inpainter, monkeypatch: pytest.MonkeyPatch
) -> None:
    truths: list[NDArray[np.uint8]] = []
    of_truth: list[bool] = []
    maps: list[object] = []
    energy = structure.gradient_energy

    def counting(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
        of_truth.append(any(image is truth for truth in truths))
        return energy(image, mask)

    def remembering(given: CaseSet) -> Iterator[Sample]:
        for sample in given:
            truths.append(sample.image)
            yield sample

    monkeypatch.setattr(structure, "gradient_energy", counting)
    features = FeatureDistance(Pyramid(), "pyramid")
    features.network.register_forward_hook(lambda *_: maps.append(None))
    run({"a": flat, "b": labelling}, cases, features=features, follow=remembering)
    assert sum(of_truth) == len(cases)
    assert len(of_truth) == len(maps) == (1 + 2) * len(cases)
