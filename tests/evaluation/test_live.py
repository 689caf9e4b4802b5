"""Networks measured while they train, and the temperature that makes their confidence honest."""

from __future__ import annotations

from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from streets import STREET, training, write_streets
from torch import Tensor, nn

from scenefill import networks
from scenefill.errors import DataError, WeightsError
from scenefill.evaluation import live
from scenefill.evaluation.live import fit_temperature, likeliest_temperature, validation
from scenefill.networks.interface import Network, Prediction
from scenefill.training.config import parse
from scenefill.training.sections import TrainConfig

SKY, ROAD = STREET.id("sky"), STREET.id("road")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_streets(tmp_path / "photos", 3)


@pytest.fixture(autouse=True)
def _without_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """No public set and no feature network is at hand."""

    def missing(name: str) -> nn.Module:
        raise WeightsError(f"{name} was not found")

    monkeypatch.delenv("SCENEFILL_DATA", raising=False)
    monkeypatch.setattr(live, "feature_network", missing)


def config(photos: Path, **changes: Any) -> TrainConfig:
    run = {"validation": [str(photos)], "validate_every": 8, "validation_cases": 2}
    return parse(training(photos, data={"size": 64, "short_side": [64, 64]} | changes.pop("data", {}), run=run | changes))


class Sure(Network):
    """Fills with grey; gives the sky a score of `score` against 0 for the road, and hardly anything for all else."""

    labels = STREET
    stride = 1

    def __init__(self, score: float) -> None:
        super().__init__()
        self.score = nn.Parameter(torch.tensor(score))

    def forward(self, image: Tensor, mask: Tensor, hints: Tensor, forbid: Tensor) -> Prediction:
        scores = torch.full((len(image), 8, *image.shape[2:]), -100.0)
        scores[:, SKY], scores[:, ROAD] = self.score, 0
        return Prediction(torch.zeros_like(image), scores)


def test_validation_is_asked_for(photos: Path) -> None:
    assert validation(config(photos, validate_every=0)) is None
    assert validation(config(photos, validation=[])) is None


def test_every_metric_of_every_source_is_named(photos: Path) -> None:
    judge = validation(config(photos))
    assert judge is not None
    found = judge(Sure(5.0))
    assert {name.rpartition("/")[0] for name in found} == {str(photos)}
    assert {"psnr", "psnr_hole", "accuracy", "miou"} <= {name.rpartition("/")[2] for name in found}
    assert all(np.isfinite(value) for value in found.values())
    assert judge(Sure(5.0)) == found, "the same cases each time"


def test_labels_are_judged_inside_the_hole(photos: Path) -> None:
    judge = validation(config(photos))
    assert judge is not None
    sky, road = (judge(Sure(score))[f"{photos}/accuracy"] for score in (5.0, -5.0))
    assert sky == pytest.approx(0.5 - 4 / 40 * 0.5, abs=0.1), "the upper half, less the car"
    assert 0.2 < road < sky


def test_maps_of_another_label_set_are_translated(photos: Path) -> None:
    for path in (photos / "labels").iterdir():
        Image.fromarray(np.full((40, 56), 3, np.uint8)).save(path)  # a road, in the numbers of CamVid
    judge = validation(config(photos, data={"folder_label_set": "camvid"}))
    assert judge is not None
    assert judge(Sure(-5.0))[f"{photos}/accuracy"] == 1


def test_a_public_set_needs_its_folder(photos: Path) -> None:
    with pytest.raises(DataError, match=r"data\.root"):
        validation(config(photos, validation=["camvid:val"]))


def test_a_network_in_training_is_measured_too(photos: Path) -> None:
    torch.manual_seed(0)
    values = training(photos)["network"]
    network = networks.create(values.pop("name"), **values).train()
    judge = validation(config(photos, validation_cases=1))
    assert judge is not None
    assert np.isfinite(judge(network)[f"{photos}/psnr_hole"])
    assert network.training


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_of_scores_that_were_scaled(temperature: float) -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 2, (20_000, 4))
    p = np.exp(honest) / np.exp(honest).sum(axis=1, keepdims=True)
    truth = (p.cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1).astype(np.uint8)
    found = likeliest_temperature((honest * temperature).astype(np.float32), truth)
    assert found == pytest.approx(temperature, rel=0.04)


def test_the_temperature_stays_within_its_range() -> None:
    scores = np.array([[1.0, 0.0]] * 10, np.float32)
    assert likeliest_temperature(scores, np.zeros(10, np.uint8)) == pytest.approx(0.2 * 0.96, abs=1e-3), "always right"
    assert likeliest_temperature(scores, np.ones(10, np.uint8)) == pytest.approx(5.0 * 1.04, abs=1e-3), "always wrong"


def test_the_temperature_is_fitted_inside_the_holes(tmp_path: Path) -> None:
    """3/4 of every hole is sky, 1/4 road: with a score of 4 against 0, p = 3/4 at the temperature 4 / log 3."""
    photos = write_streets(tmp_path / "photos", 4)
    for path in (photos / "labels").iterdir():
        ids = np.full((40, 56), STREET.id("car"), np.uint8)  # outside the hole
        ids[10:30, 18:38] = SKY
        ids[25:30, 18:38] = ROAD
        Image.fromarray(ids).save(path)
    found = fit_temperature(Sure(4.0), 64, [str(photos)], Path(), count=4)
    assert found == pytest.approx(4 / log(3), rel=0.12)


def test_photos_without_labels_fit_nothing(tmp_path: Path) -> None:
    photos = write_streets(tmp_path / "bare", 2, maps=False)
    with pytest.raises(DataError, match=r"no temperature can be fitted: the photos of .*bare have no labels"):
        fit_temperature(Sure(4.0), 64, [str(photos)], Path())
