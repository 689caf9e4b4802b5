"""The training of Context Encoders: L2 with a heavier border, an adversary without context; and its configs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import in_play, tiny_config

from scenefill.data.batches import Batch
from scenefill.errors import ConfigError, InputError
from scenefill.networks.interface import Prediction
from scenefill.training.run import dry_run, run
from scenefill.training.tasks.contextencoder import ContextEncoding

RANDOM = ("loss.overlap=0", "loss.beyond=1.0", "discriminator.sees=picture")


tiny = partial(tiny_config, "context-encoder")


def task(photos: Path, *overrides: str) -> tuple[ContextEncoding, Batch]:
    return in_play(ContextEncoding, tiny(photos, *overrides))


def test_known_pixels_near_the_hole_count_ten_times(photos: Path) -> None:
    made, _ = task(photos, "loss.overlap=1")
    mask = torch.zeros(1, 1, 5, 6)
    mask[..., 2:4, 3:] = 1
    assert made.pixel_weights(mask)[0, 0].tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 10, 10, 10, 10],
        [0, 0, 10, 1, 1, 1],
        [0, 0, 10, 1, 1, 1],
        [0, 0, 10, 10, 10, 10],
    ]
    made, _ = task(photos, *RANDOM)
    assert made.pixel_weights(mask).eq(1).all()


def test_the_l2_is_a_mean_over_what_counts(photos: Path) -> None:
    """Eq. 1: off by 0.2 in the hole, 0.1 in the overlap, 0.7 beyond it."""
    made, batch = task(photos, "loss.reconstruction=0.5")
    hole = batch.mask
    assert hole.sum(dim=(2, 3)).eq(32 * 32).all()
    near = torch.zeros_like(hole)
    near[..., 12:52, 12:52] = 1  # four pixels around it
    off = torch.where(hole > 0, 0.2, torch.where(near > 0, 0.1, 0.7))
    found = made.phases(0)[-1].loss(batch, Prediction(batch.image + off, None))["re"].item()
    ring = 40 * 40 - 32 * 32
    assert found == pytest.approx(0.5 * (32 * 32 * 0.2**2 + ring * 10 * 0.1**2) / (40 * 40), rel=1e-4)


@pytest.mark.parametrize("sees", ["hole", "picture"])
def test_the_adversary_sees_what_the_network_painted(photos: Path, sees: str) -> None:
    """Eqs. 2 and 3: the network's own picture, around the hole or all of it."""
    made, batch = task(photos, "loss.adversarial=0.25", f"discriminator.sees={sees}")
    prediction = made.forward(batch)
    part = np.s_[..., 16:48, 16:48] if sees == "hole" else np.s_[:]
    judge: Any = made.networks["discriminator"]
    with torch.no_grad():
        real, fake = (judge(picture[part]).score.double().numpy() for picture in (batch.image, prediction.image))
    first, second = made.phases(0)
    assert (first.name, second.name) == ("discriminator", "generator")
    ad = second.loss(batch, prediction)["ad"].item()
    assert ad == pytest.approx(0.25 * np.log1p(np.exp(-fake)).mean(), rel=1e-4)
    d = first.loss(batch, prediction.detached())["d"].item()
    assert d == pytest.approx(np.log1p(np.exp(-real)).mean() + np.log1p(np.exp(fake)).mean(), rel=1e-4)


def test_values_that_cannot_be(photos: Path) -> None:
    with pytest.raises(ConfigError, match=r"loss\.overlap is a number of pixels, 0 or more, given is -1"):
        tiny(photos, "loss.overlap=-1")
    with pytest.raises(InputError, match="this network takes 64x64 alone, the input is 128x128"):
        dry_run(tiny(photos, "data.size=128", "data.short_side=[128, 128]"))


@pytest.mark.parametrize("form", [(), RANDOM])
def test_the_tiny_config_trains_and_its_weights_fill(
    photos: Path, tmp_path: Path, fills: Callable[[Path], None], form: tuple[str, ...]
) -> None:
    fills(run(tiny(photos, *form), tmp_path))


@pytest.mark.parametrize("name", ["paris-centre-128", "paris-random-128"])
def test_the_paper_configs_run(name: str, paper: Callable[..., dict[str, Any]]) -> None:
    report = paper(f"context-encoder/{name}", "paris-streetview/train", "run.batch_size=2")
    assert report["batch"] == (2, 3, 128, 128)
    assert set(report["terms"]) == {"re", "ad", "d"}
