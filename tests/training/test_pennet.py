"""PEN-Net's training: its terms from a prediction whose numbers are known, its configs, and a small run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from streets import training
from tiny import set_up
from torch import Tensor, nn

from scenefill.data.batches import Batch
from scenefill.errors import ConfigError
from scenefill.labels import UNKNOWN
from scenefill.losses import adversarial
from scenefill.networks import backend
from scenefill.networks.interface import Prediction
from scenefill.training import config as configs
from scenefill.training.config import parse
from scenefill.training.run import dry_run, run
from scenefill.training.tasks import pennet as tasks
from scenefill.training.tasks.pennet import PyramidInpainting

CONFIGS = Path(__file__).parents[2] / "configs"
TRUTH = -0.5
OFF = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
"""How far the picture of scale l is from the truth, everywhere."""


def values(photos: Path, **sections: dict[str, Any]) -> dict[str, Any]:
    """A small training."""
    made = training(photos, **sections)
    made["network"] = {"name": "pen-net", "cnum": 4}
    made["data"] |= {"size": 64, "short_side": [64, 72], "hints": 0.0, "forbid": 0.0}
    made["loss"] = sections.get("loss", {})
    made["discriminator"] = {"width": 8}
    return made


def task(photos: Path, **loss: Any) -> PyramidInpainting:
    return set_up(PyramidInpainting, parse(values(photos, loss=loss)))


def batch() -> Batch:
    """Two even pictures, the left quarter a hole."""
    mask = torch.zeros(2, 1, 64, 64)
    mask[..., :16] = 1
    unknown = torch.full((2, 64, 64), UNKNOWN)
    image = torch.full((2, 3, 64, 64), TRUTH)
    return Batch(image, mask, unknown, unknown, torch.zeros(2, 0, dtype=torch.bool), image)


def prediction() -> Prediction:
    """Pictures that are off by `OFF`."""
    pictures = tuple(torch.full((2, 3, 64 >> scale, 64 >> scale), TRUTH + off) for scale, off in enumerate(OFF))
    return Prediction(pictures[0], None, pictures)


def terms(made: PyramidInpainting, given: Prediction, seen: int = 0) -> dict[str, float]:
    generator = made.phases(seen)[-1]
    assert generator.name == "generator"
    return {name: value.item() for name, value in generator.loss(batch(), given).items()}


def test_the_defaults_are_the_authors(photos: Path) -> None:
    made = task(photos)
    assert (made.loss.hole, made.loss.valid, made.loss.pyramid, made.loss.adversarial) == (6, 1, 0.5, 0.1)
    found = terms(made, prediction())
    assert found["re"] == pytest.approx(7 * 0.1, rel=1e-5)  # hole and known pixels each by their own mean
    assert found["pyramid"] == pytest.approx(0.5 * (0.2 + 0.3 + 0.4 + 0.5 + 0.6), rel=1e-5)
    assert set(found) == {"re", "pyramid", "ad"}


def test_hole_and_known_pixels_are_means_of_their_own(photos: Path) -> None:
    given = prediction()
    given.image[..., 16:] = TRUTH
    assert terms(task(photos, hole=6.0, valid=1.0), given)["re"] == pytest.approx(6 * 0.1, rel=1e-5)
    assert terms(task(photos, hole=0.0, valid=1.0), given)["re"] == 0


def test_each_head_is_compared_with_the_means_of_its_cells(photos: Path) -> None:
    made, seen = task(photos, adversarial=0.0), batch()
    seen.image[..., ::2] += 1  # means of two columns: half a step up
    given = prediction()
    pictures = (given.image, *(torch.full_like(p, TRUTH + 0.5) for p in given.images_per_scale[1:]))
    found = made.phases(0)[-1].loss(seen, given._replace(images_per_scale=pictures))
    assert found["pyramid"].item() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("kind", ["hinge", "logistic", "least_squares"])
def test_the_adversary_judges_the_composited_picture(photos: Path, kind: Any) -> None:
    made = task(photos, adversarial=0.2, adversarial_kind=kind)
    judge = made.networks["discriminator"]
    judge.eval()  # so that each call is the same
    given, seen = prediction(), batch()
    with torch.no_grad():
        fake, real = judge(torch.where(seen.mask > 0, given.image, seen.image)), judge(seen.image)
    assert terms(made, given)["ad"] == pytest.approx(0.2 * adversarial.generator_loss([fake], seen.mask, kind).item(), rel=1e-4)
    first, _ = made.phases(0)
    assert first.name == "discriminator"
    with torch.no_grad():
        d = first.loss(seen, given)["d"].item()
    assert d == pytest.approx(adversarial.discriminator_loss([real], [fake], seen.mask, kind).item(), rel=1e-4)


def test_the_adversary_may_join_late_or_never(photos: Path) -> None:
    made = task(photos, adversarial_from=100)
    assert [phase.name for phase in made.phases(99)] == ["generator"]
    assert [phase.name for phase in made.phases(100)] == ["discriminator", "generator"]
    alone = task(photos, adversarial=0.0)
    assert list(alone.networks) == ["generator"]
    assert [phase.name for phase in alone.phases(10**9)] == ["generator"]


class Identity(nn.Module):
    """A feature network of one layer: the picture."""

    def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
        return (rgb,)


def test_perceptual_distance_is_that_of_the_hole(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "feature_network", lambda name: Identity())
    found = terms(task(photos, perceptual=2.0, perceptual_network="squeezenet"), prediction())
    assert found["perceptual"] == pytest.approx(2 * 0.1 / 0.5, rel=1e-5)  # relative to the truth, whose size is 1/2


def test_unknown_settings(photos: Path) -> None:
    with pytest.raises(ConfigError, match=r'unknown key "loss\.segmentation"'):
        task(photos, segmentation=0.2)


def test_a_small_run(photos: Path, tmp_path: Path) -> None:
    written = run(parse(values(photos)), tmp_path / "run")
    info, network = backend.read(written)
    assert (info.network, info.config, info.stride, info.label_set) == ("pen-net", {"cnum": 4}, 64, None)
    assert info.images_seen == 16
    assert (tmp_path / "run" / "weights" / "discriminator.safetensors").is_file()
    assert not network.training


@pytest.mark.parametrize(
    "path", [*sorted(CONFIGS.glob("*/pen-net.toml")), *sorted(CONFIGS.glob("pen-net/*"))], ids=lambda p: p.stem
)
def test_every_config_runs(path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On other photos and holes, one at a time."""
    monkeypatch.setattr(tasks, "feature_network", lambda name: Identity())
    size = configs.load(path).data.size
    changes = [f'data.sources=["{photos}"]', "data.masks={ centre = 1.0 }", "run.batch_size=1", "data.workers=1"]
    report = dry_run(configs.load(path, changes))
    assert report["batch"] == (1, 3, size, size)
    loss = report["config"]["loss"]
    wanted = (
        {"re", "pyramid"} | ({"perceptual"} if loss["perceptual"] else set()) | ({"d", "ad"} if loss["adversarial"] else set())
    )
    assert set(report["terms"]) == wanted
    assert all(np.isfinite(value) for value in report["terms"].values())
