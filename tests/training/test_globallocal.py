"""The training of Iizuka et al.: MSE in the hole, a discriminator of two views, three stages; and its configs."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import in_play, tiny_config

from scenefill.data.batches import Batch
from scenefill.errors import ConfigError
from scenefill.networks.interface import Prediction
from scenefill.training import config as configs
from scenefill.training.run import run
from scenefill.training.tasks.globallocal import ThreeStageCompletion

CONFIGS = Path(__file__).parents[2] / "configs"


tiny = partial(tiny_config, "global-local")


def task(photos: Path, *overrides: str) -> tuple[ThreeStageCompletion, Batch]:
    return in_play(ThreeStageCompletion, tiny(photos, *overrides))


def test_three_stages(photos: Path) -> None:
    made, _ = task(photos, "loss.completion_until=100", "loss.discriminator_until=120")
    names = {seen: [phase.name for phase in made.phases(seen)] for seen in (0, 99, 100, 119, 120, 10**9)}
    both = ["discriminator", "generator"]
    assert names == {0: ["generator"], 99: ["generator"], 100: both[:1], 119: both[:1], 120: both, 10**9: both}


def test_stages_in_order() -> None:
    with pytest.raises(
        ConfigError, match=r"loss\.discriminator_until, .* is not before loss\.completion_until; given are 5 and 10"
    ):
        configs.load(CONFIGS / "tiny" / "global-local.toml", ["loss.completion_until=10", "loss.discriminator_until=5"])


def test_the_mse_counts_the_hole_alone(photos: Path) -> None:
    """Eq. 2, of pictures in 0..1."""
    made, batch = task(photos)
    off = torch.full_like(batch.image, 0.4) * batch.mask + 0.9 * (1 - batch.mask)
    (generator,) = made.phases(0)
    found = generator.loss(batch, Prediction(batch.image + off, None))
    assert set(found) == {"re"}
    assert found["re"].item() == pytest.approx(0.2**2, rel=1e-5)


def test_the_adversary_sees_the_picture_and_a_square_of_half_its_side(photos: Path) -> None:
    """Eqs. 3 and 4."""
    made, batch = task(photos, "loss.adversarial=0.25")
    batch.mask.zero_()
    batch.mask[0, :, 4:10, 30:64] = 1  # its centre is row 7, column 47: the square moves inwards at the top
    batch.mask[1, :, 20:36, 10:40] = 1  # row 28, column 25
    prediction = made.forward(batch)
    first, second = made.phases(10**9)
    judge: Any = made.networks["discriminator"]

    def score(picture: torch.Tensor) -> np.ndarray[Any, Any]:
        squares = torch.stack([picture[0, :, :32, 31:63], picture[1, :, 12:44, 9:41]])
        with torch.no_grad():
            return np.asarray(judge(picture, squares).score.double().numpy())

    real, fake = score(batch.image), score(prediction.image)
    ad = second.loss(batch, prediction)["ad"].item()
    assert ad == pytest.approx(0.25 * np.log1p(np.exp(-fake)).mean(), rel=1e-4)
    d = first.loss(batch, prediction.detached())["d"].item()
    assert d == pytest.approx(np.log1p(np.exp(-real)).mean() + np.log1p(np.exp(fake)).mean(), rel=1e-4)


def test_the_tiny_config_trains_through_its_stages_and_its_weights_fill(
    photos: Path, tmp_path: Path, fills: Callable[[Path], None]
) -> None:
    path = run(tiny(photos, "loss.completion_until=2", "loss.discriminator_until=4"), tmp_path)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    terms = [{"re", "ad", "d"} & set(line) for line in log if "lr" in line]
    assert terms == [{"re"}, {"d"}, {"re", "ad", "d"}]
    fills(path)


def test_the_paper_config_runs(paper: Callable[..., dict[str, Any]]) -> None:
    report = paper("global-local/places2-256", "data_large/a", "run.batch_size=1")
    assert report["batch"] == (1, 3, 256, 256)
    assert set(report["terms"]) == {"re", "ad", "d"}
    stages = report["config"]["loss"]["completion_until"], report["config"]["loss"]["discriminator_until"]
    assert (*stages, report["config"]["run"]["images"]) == (90_000 * 96, 100_000 * 96, 500_000 * 96)
