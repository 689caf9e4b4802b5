"""EdgeConnect's stages: what each trains and what it leaves alone, and its terms from predictions whose numbers are known."""

from __future__ import annotations

from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import set_up
from torch import Tensor, nn

from scenefill.data.batches import Batch
from scenefill.errors import ConfigError
from scenefill.losses.perceptual import VGG19
from scenefill.models import guides, public, weights
from scenefill.networks import backend
from scenefill.networks.discriminators import Verdict
from scenefill.networks.interface import Prediction
from scenefill.pictures import images, masks, shapes
from scenefill.training.config import load, parse
from scenefill.training.run import dry_run, run
from scenefill.training.tasks import edgeconnect
from scenefill.training.tasks.edgeconnect import EdgeConnectLoss, EdgeGuidedInpainting, feature_matching, true_edges

CONFIGS = Path(__file__).parents[2] / "configs"


def values(photos: Path, **loss: Any) -> dict[str, Any]:
    return {
        "network": {"name": "edge-connect", "width": 4, "residual_blocks": 1},
        "data": {"sources": [str(photos)], "size": 32, "short_side": [32, 40], "workers": 1},
        "loss": {"perceptual": 0.0, "style": 0.0} | loss,
        "discriminator": {"width": 4},
        "optimiser": {"lr": 1e-3, "discriminator_lr": 1e-4, "betas": [0.0, 0.9]},
        "run": {"images": 8, "batch_size": 2, "threads": 1, "sample_every": 0, "checkpoint_every": 0},
    }


def task(photos: Path, **loss: Any) -> EdgeGuidedInpainting:
    return set_up(EdgeGuidedInpainting, parse(values(photos, **loss)))


def batch() -> Batch:
    """Two pictures with an upright step in the middle, and a quarter of them a hole across it."""
    image = torch.full((2, 3, 32, 32), -0.4)
    image[..., 16:] = 0.6
    mask = torch.zeros(2, 1, 32, 32)
    mask[..., 8:24, 8:24] = 1
    unknown = torch.full((2, 32, 32), 255)
    return Batch(image, mask, unknown, unknown, torch.zeros(2, 0, dtype=torch.bool), image)


class Fixed(nn.Module):
    """A discriminator that gives every picture the score of the mean of its last channel, and no features."""

    def forward(self, x: Tensor) -> Verdict:
        return Verdict(x[:, -1:].mean(dim=(2, 3), keepdim=True), ())


class Identity(nn.Module):
    """A feature network of nine layers: the picture in 0..1, nine times."""

    def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
        return ((rgb + 1) / 2,) * 9


def test_the_defaults_are_the_papers() -> None:
    assert EdgeConnectLoss() == EdgeConnectLoss("edge", True, 1.0, 10.0, 1.0, 0.1, 0.1, 250.0, "vgg19")


def test_feature_matching_by_hand() -> None:
    def verdict(*layers: float) -> Verdict:
        *hidden, score = (torch.full((2, 3, 4, 4), layer) for layer in layers)
        return Verdict(score, tuple(hidden))

    assert feature_matching(verdict(1, 2, 3), verdict(1.5, 2, 5)).item() == pytest.approx(0.5 + 0 + 2)
    fake = verdict(1, 1)
    fake.score[0, 0, 0, 0] += 96  # one of 2 x 3 x 4 x 4 numbers
    assert feature_matching(verdict(1, 1), fake).item() == pytest.approx(1)


def test_stage_edge_by_hand(photos: Path) -> None:
    """D1 scores 0.25 for edges that are there to a quarter, and what Canny finds for the true ones."""
    made, asked = task(photos, stage="edge"), batch()
    made.networks = {**made.networks, "discriminator": Fixed()}
    made._run["discriminator"] = Fixed()
    made.forward(asked)
    discriminator, generator = made.phases(0)
    given = Prediction(torch.full((2, 3, 32, 32), -0.5), None)
    share = guides.edges(asked.image[0].numpy()).mean()
    found = {name: value.item() for name, value in generator.loss(asked, given).items()}
    assert found["ad"] == pytest.approx(log(1 + np.exp(-0.25)))  # -log D
    assert found["fm"] == pytest.approx(10 * (0.25 - share), rel=1e-4)
    d = discriminator.loss(asked, given)["d"].item()
    assert d == pytest.approx(log(1 + np.exp(-share)) + log(1 + np.exp(0.25)), rel=1e-5)


def test_stage_fill_by_hand(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edgeconnect, "feature_network", lambda name: Identity())
    made, asked = task(photos, stage="fill", perceptual=0.1, style=250.0), batch()
    made.networks = {**made.networks, "discriminator": Fixed()}
    made.forward(asked)
    given = Prediction(asked.image + 0.2, None)  # 0.1 lighter in 0..1
    generator = made.phases(0)[-1]
    found = {name: value.item() for name, value in generator.loss(asked, given).items()}
    assert found["re"] == pytest.approx(0.1 / 0.25)  # a quarter is hole
    assert found["perceptual"] == pytest.approx(0.1 * 5 * 0.1)
    dark, light = 0.3, 0.8  # half of the hole each; in C h w = 3 x 32 x 32 its 256 pixels are 1/12
    gram = [(a**2 + b**2) / 2 / 12 for a, b in ((dark, light), (dark + 0.1, light + 0.1))]
    assert found["style"] == pytest.approx(250 * 4 * (gram[1] - gram[0]), rel=1e-4)
    share = guides.edges(asked.image[0].numpy()).mean()  # D2 sees the edges beside the picture
    assert found["ad"] == pytest.approx(0.1 * log(1 + np.exp(-share)), rel=1e-4)


def test_true_edges_are_those_of_the_whole_picture() -> None:
    asked = batch()
    found = true_edges(asked.image)
    assert found.shape == (2, 1, 32, 32)
    assert np.array_equal(found[1, 0].numpy() > 0, guides.edges(asked.image[1].numpy()))
    assert found[..., 8:24, 14:18].any(), "inside the hole too"


@pytest.mark.parametrize(
    ("loss", "trained"),
    [
        ({"stage": "edge"}, {"edge"}),
        ({"stage": "fill"}, {"inpaint"}),
        ({"stage": "fill", "true_edges": False}, {"inpaint"}),
        ({"stage": "joint"}, {"edge", "inpaint"}),
    ],
)
def test_what_a_stage_trains(photos: Path, loss: dict[str, Any], trained: set[str]) -> None:
    made, asked = task(photos, **loss), batch()
    prediction = made.forward(asked)
    for network in made.networks.values():
        network.requires_grad_(network is made.generator)
    torch.stack(list(made.phases(0)[-1].loss(asked, prediction).values())).sum().backward()
    got = {name.partition(".")[0] for name, p in made.generator.named_parameters() if p.grad is not None and p.grad.any()}
    assert got == trained


def test_what_the_completion_network_is_shown(photos: Path) -> None:
    """True edges; or true ones outside the hole, and inside it those of G1."""
    asked, true = batch(), true_edges(batch().image)
    for loss, known in (({"stage": "fill"}, True), ({"stage": "fill", "true_edges": False}, False), ({"stage": "joint"}, False)):
        made = task(photos, **loss)
        seen: list[Tensor] = []
        made.g2.register_forward_pre_hook(lambda _, given, seen=seen: seen.append(given[2]))
        made.forward(asked)
        drawn = made.g1(asked.image, asked.mask, true)
        expected = true if known else true * (1 - asked.mask) + drawn * asked.mask
        torch.testing.assert_close(seen[0], expected)


def test_the_stages_follow_one_another(photos: Path, tmp_path: Path) -> None:
    """Each starts from the last one's weights file; the discriminator goes on where it is the same."""
    before: dict[str, Any] = {}
    init = None
    for stage in ("edge", "fill", "joint"):
        path = run(parse(values(photos, stage=stage)), tmp_path / stage, init=init)
        info, after = weights.read_tensors(path)
        assert (info.network, info.guide, info.label_set) == ("edge-connect", "edges", None)
        if before:
            same = {name.partition(".")[0] for name in after if np.array_equal(after[name], before[name])}
            assert ("edge" in same) == (stage == "fill")
        before, init = after, path
    _, network = backend.read(path)
    live = backend.TorchBackend(network, name="live", working_size=32)
    asked = batch()
    image, mask = asked.image.numpy(), asked.mask.numpy()
    hints, forbid = np.full((2, 32, 32), 255), np.zeros((2, 0), bool)
    pictures = [live.run(image, mask, hints, forbid, guides.edge_guide(image, mask, drawn)).image for drawn in (None, mask)]
    assert not np.allclose(*pictures), "a drawing gives another picture"


def test_the_tiny_config_runs(photos: Path, tmp_path: Path) -> None:
    config = load(
        CONFIGS / "tiny" / "edge-connect.toml",
        [f'data.sources=["{photos}"]', "data.size=32", "data.short_side=[32, 40]", "run.images=64"],
    )
    path = run(config, tmp_path / "run")
    assert path.name == "edge-connect.safetensors"
    assert (path.parent / "discriminator.safetensors").is_file()


@pytest.mark.parametrize("stage", ["edge", "joint"])
def test_the_paper_config_runs(stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a photo in the layout of Places2, in smaller crops, with fresh weights in the place of VGG-19's file."""
    photo = tmp_path / "data_large" / "a" / "arch" / "00000001.jpg"
    photo.parent.mkdir(parents=True)
    images.write_rgb(np.random.default_rng(0).integers(0, 256, (80, 120, 3), np.uint8), photo)
    (tmp_path / "irregular_masks").mkdir()
    for i in range(6):
        masks.write(shapes.centre(64, 64), tmp_path / "irregular_masks" / f"{i}.png")
    torch.save(VGG19().state_dict(), tmp_path / "vgg19.pth")
    monkeypatch.setattr(public, "public_file", lambda name: tmp_path / f"{name}.pth")
    changes = [f'data.root="{tmp_path}"', "run.batch_size=1", "data.size=64", f"loss.stage={stage}"]
    config = load(CONFIGS / "edge-connect" / "places2-256.toml", changes)
    assert config.loss == EdgeConnectLoss(stage=stage)  # type: ignore[arg-type]
    report = dry_run(config)
    assert set(report["terms"]) == ({"d", "ad", "fm"} if stage == "edge" else {"d", "re", "perceptual", "style", "ad"})
    assert all(np.isfinite(value) for value in report["terms"].values())
    assert report["parameters"]["generator"] == 21_530_308


def test_unknown_names(photos: Path) -> None:
    with pytest.raises(ConfigError, match=r"loss\.stage must be one of 'edge', 'fill', 'joint', given is 'both'"):
        task(photos, stage="both")
    with pytest.raises(ConfigError, match=r'unknown key "loss\.hole"; known are: .*true_edges'):
        task(photos, hole=1.0)
