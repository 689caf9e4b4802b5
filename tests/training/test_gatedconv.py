"""DeepFill v2's training: L1 of both pictures, SN-PatchGAN at every place, and its configs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import in_play, tiny_config
from torch import Tensor

from scenefill.data.batches import Batch
from scenefill.training.run import run
from scenefill.training.tasks.gatedconv import FreeFormInpainting

tiny = partial(tiny_config, "gated-conv")


def task(photos: Path, *overrides: str) -> tuple[FreeFormInpainting, Batch]:
    return in_play(FreeFormInpainting, tiny(photos, *overrides))


def test_both_pictures_are_compared_and_the_refined_one_is_judged(photos: Path) -> None:
    made, batch = task(photos, "loss.coarse=2.0", "loss.refined=3.0", "loss.adversarial=0.5")
    coarse: list[Tensor] = []
    made.generator.coarse.register_forward_hook(lambda _, given, out: coarse.append(out))
    prediction = made.forward(batch)
    first, second = made.phases(0)
    assert (first.name, second.name) == ("discriminator", "generator")
    found = {name: value.item() for name, value in second.loss(batch, prediction).items()}
    true = batch.image
    assert found["coarse"] == pytest.approx(2 * (coarse[0] - true).abs().mean().item(), rel=1e-5)
    assert found["refined"] == pytest.approx(3 * (prediction.image - true).abs().mean().item(), rel=1e-5)

    filled = torch.where(batch.mask > 0, prediction.image, true)
    judge: Any = made.networks["discriminator"]
    with torch.no_grad():
        real, fake = (judge(picture, batch.mask).score.double().numpy() for picture in (true, filled))
        d = first.loss(batch, prediction.detached())["d"].item()
    assert found["ad"] == pytest.approx(-0.5 * fake.mean(), rel=1e-4)
    assert d == pytest.approx(np.maximum(1 - real, 0).mean() + np.maximum(1 + fake, 0).mean(), rel=1e-4)


def test_the_coarse_picture_has_a_gradient_of_its_own(photos: Path) -> None:
    made, batch = task(photos, "loss.refined=0.0", "loss.adversarial=0.0")
    prediction = made.forward(batch)
    for network in made.networks.values():
        network.requires_grad_(network is made.generator)
    torch.stack(list(made.phases(0)[-1].loss(batch, prediction).values())).sum().backward()
    gradients = {name: p.grad for name, p in made.generator.named_parameters() if p.grad is not None and p.grad.any()}
    assert gradients
    assert all(name.startswith("coarse.") for name in gradients)


def test_the_tiny_config_trains_and_its_weights_fill(photos: Path, tmp_path: Path, fills: Callable[[Path], None]) -> None:
    path = run(tiny(photos), tmp_path)
    assert path.name == "gated-conv.safetensors"
    fills(path)


def test_the_paper_config_runs(paper: Callable[..., dict[str, Any]]) -> None:
    report = paper("gated-conv/places2-256", "data_large/a", "run.batch_size=1")
    assert report["batch"] == (1, 3, 256, 256)
    assert set(report["terms"]) == {"coarse", "refined", "ad", "d"}
