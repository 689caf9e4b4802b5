"""SPG-Net's training: each part by its own terms, with the other left as it is; and what it is for, two maps give two fills."""

from __future__ import annotations

from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from streets import STREET, training
from tiny import set_up
from torch import Tensor, nn

from scenefill import networks
from scenefill.data.batches import Batch
from scenefill.labels import UNKNOWN
from scenefill.losses import adversarial
from scenefill.losses.perceptual import PatchDistance
from scenefill.networks import backend
from scenefill.networks.interface import Prediction
from scenefill.networks.layers import one_hot
from scenefill.networks.spgnet import SPGNet
from scenefill.training import config as configs
from scenefill.training.config import parse
from scenefill.training.run import dry_run, run
from scenefill.training.tasks import spgnet as tasks
from scenefill.training.tasks.spgnet import SegmentationGuidedInpainting

SKY, ROAD = STREET.id("sky"), STREET.id("road")
CONFIGS = Path(__file__).parents[2] / "configs"
TRUTH = -0.5


def values(photos: Path, part: str, **sections: dict[str, Any]) -> dict[str, Any]:
    """A small training of one part."""
    made = training(photos, **sections)
    made["network"] = {"name": "spg-net", "label_set": "street", "widths": [16, 16, 16, 16], "blocks": 1} | sections.get(
        "network", {}
    )
    made["loss"] = {"part": part, "adversarial": 0.0, "feature_matching": 0.0, "perceptual": 0.0} | sections.get("loss", {})
    return made


def task(photos: Path, part: str, **loss: Any) -> SegmentationGuidedInpainting:
    return set_up(SegmentationGuidedInpainting, parse(values(photos, part, loss=loss)))


def batch() -> Batch:
    """Two even pictures of a road whose last four columns are unknown; the left half is a hole."""
    mask = torch.zeros(2, 1, 32, 32)
    mask[..., :16] = 1
    labels = torch.full((2, 32, 32), ROAD)
    labels[..., 28:] = UNKNOWN
    labels[:, :8, :16] = UNKNOWN
    image = torch.full((2, 3, 32, 32), TRUTH)
    return Batch(image, mask, labels, torch.full_like(labels, UNKNOWN), torch.zeros(2, 8, dtype=torch.bool), image)


def terms(made: SegmentationGuidedInpainting, given: Prediction) -> dict[str, float]:
    phase = made.phases(0)[-1]
    assert phase.name == "generator"
    assert phase.network is made.generator
    return {name: value.item() for name, value in phase.loss(batch(), given).items()}


# ----------------------------------------------------------------------------------------------------------------- the terms


def test_the_map_is_compared_inside_and_outside_the_hole(photos: Path) -> None:
    """The road has 7 of 14 inside the hole, 1 of 8 outside it."""
    scores = torch.zeros(2, 8, 32, 32)
    scores[:, ROAD, :, :16] = log(7)
    given = Prediction(torch.zeros(2, 3, 32, 32), scores)
    found = terms(task(photos, "prediction", hole=2.0, valid=0.5), given)
    assert found == {"se": pytest.approx(2 * log(2), rel=1e-5), "se_valid": pytest.approx(0.5 * log(8), rel=1e-5)}


def test_the_picture_is_compared_inside_and_outside_the_hole(photos: Path) -> None:
    picture = torch.full((2, 3, 32, 32), TRUTH + 0.1)
    picture[..., :16] = TRUTH + 0.3
    found = terms(task(photos, "guidance", hole=2.0, valid=0.5), Prediction(picture, torch.zeros(2, 8, 32, 32)))
    assert found == {"re": pytest.approx(2 * 0.3 + 0.5 * 0.1, rel=1e-5)}


def test_the_learned_distance_is_that_of_the_completed_picture(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Tensor] = []

    class Distance(nn.Module):
        def forward(self, prediction: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
            seen.extend((prediction, truth, mask))
            return torch.tensor(0.25)

    asked: list[str] = []
    monkeypatch.setattr(tasks, "patch_distance", lambda name: asked.append(name) or Distance())
    made = task(photos, "guidance", perceptual=4.0, perceptual_network="squeezenet")
    found = terms(made, Prediction(torch.zeros(2, 3, 32, 32), torch.zeros(2, 8, 32, 32)))
    assert found == {"lpips": pytest.approx(1.0)}
    assert (seen[0][..., :16] == 0).all()
    assert torch.equal(seen[0][..., 16:], batch().image[..., 16:])
    task(photos, "prediction", perceptual=4.0)
    assert asked == ["squeezenet"], "SP-Net has no such term"


@pytest.mark.parametrize("kind", ["hinge", "logistic"])
@pytest.mark.parametrize("part", ["prediction", "guidance"])
def test_a_discriminator_judges_pictures_together_with_their_maps(photos: Path, part: str, kind: str) -> None:
    made = task(photos, part, adversarial=0.2, adversarial_kind=kind, feature_matching=0.5)
    judge = made.networks[f"{part}_discriminator"]
    judge.eval()  # so that each call is the same
    asked = batch()
    given = made.forward(asked)
    known = one_hot(asked.labels, 8)
    with torch.no_grad():
        if part == "prediction":
            assert given.logits is not None
            hole = asked.mask * (asked.labels != UNKNOWN)[:, None]
            completed = torch.where(hole > 0, given.logits.softmax(dim=1), known)
            real, fake = judge(torch.cat((asked.image, known), 1)), judge(torch.cat((asked.image, completed), 1))
        else:
            hole = asked.mask
            s = torch.where((hole == 0) & (asked.labels != UNKNOWN)[:, None], known, given.logits.softmax(dim=1))
            filled = torch.where(hole > 0, given.image, asked.image)
            real, fake = judge(torch.cat((asked.image, s), 1)), judge(torch.cat((filled, s), 1))
    first, second = made.phases(0)
    assert first.name == f"{part}_discriminator"
    assert first.network is judge
    with torch.no_grad():
        d, found = first.loss(asked, given.detached()), second.loss(asked, given.detached())
    assert d["d"].item() == pytest.approx(adversarial.discriminator_loss(real, fake, hole, kind).item(), rel=1e-4)
    assert found["ad"].item() == pytest.approx(0.2 * adversarial.generator_loss(fake, hole, kind).item(), rel=1e-4)
    assert found["fm"].item() == pytest.approx(0.5 * adversarial.feature_matching(real, fake, hole).item(), rel=1e-4)


def test_photos_without_maps_have_nothing_to_teach_sp_net(photos: Path) -> None:
    made = task(photos, "prediction", adversarial=1.0, feature_matching=1.0, hole=1.0, valid=1.0)
    asked = batch()._replace(labels=torch.full((2, 32, 32), UNKNOWN))
    found = made.phases(0)[-1].loss(asked, made.forward(asked))
    assert {name: value.item() for name, value in found.items()} == {"se": 0, "se_valid": 0, "ad": 0, "fm": 0}


def test_the_known_map_can_be_left_out(photos: Path) -> None:
    seen: list[Tensor] = []
    for share, known in ((0.0, 32 * 12), (1.0, 0)):
        made = task(photos, "prediction", without_map=share)
        made.generator.spnet.register_forward_pre_hook(lambda _, given: seen.append(given[2]))
        made.forward(batch())
        assert seen.pop().sum().item() == 2 * known


# ------------------------------------------------------------------------------------------------------------- the two parts


def same(ours: nn.Module, theirs: nn.Module) -> bool:
    pairs = zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True)
    return all(torch.equal(a.half(), b.half()) for a, b in pairs)


def read(path: Path) -> SPGNet:
    network = backend.read(path)[1]
    assert isinstance(network, SPGNet)
    return network


def test_each_part_is_trained_by_itself_and_resumed_with_the_other(photos: Path, tmp_path: Path) -> None:
    """Batch normalisation has statistics that a forward pass in training mode would move."""
    sections: dict[str, Any] = {"network": {"normalisation": "batch"}, "loss": {"adversarial": 0.1, "hole": 1.0}}

    def go(part: str, directory: str, images: int, **options: Any) -> SPGNet:
        made = values(photos, part, **sections, run={"images": images, "checkpoint_every": 4})
        return read(run(parse(made), tmp_path / directory, accelerator="cpu", **options))

    first = go("prediction", "map", 8)
    weights = tmp_path / "map" / "weights"
    assert (weights / "prediction_discriminator.safetensors").is_file()
    second = go("guidance", "picture", 8, init=weights / "spg-net.safetensors")
    assert same(first.spnet, second.spnet)
    assert not same(first.sgnet, second.sgnet)
    assert not (tmp_path / "picture" / "weights" / "prediction_discriminator.safetensors").exists()
    go("guidance", "half", 4, init=weights / "spg-net.safetensors")
    resumed = go("guidance", "half", 8, resume=True)
    assert same(second, resumed)


def colour(network: SPGNet, image: Tensor, mask: Tensor, hints: Tensor) -> Tensor:
    """(B, 3), mean of the filled hole."""
    with torch.no_grad():
        filled = network(image, mask, hints, torch.zeros(len(image), len(STREET), dtype=torch.bool)).image
    return (filled * mask).sum(dim=(2, 3)) / mask.sum(dim=(2, 3))


def test_two_maps_give_two_fills_of_the_same_hole(photos: Path, tmp_path: Path) -> None:
    """A few seconds of both trainings; the photos have the colours of their classes."""
    long = {"images": 800, "batch_size": 8, "sample_every": 0, "checkpoint_every": 0, "log_every": 0, "ema": 0.9}
    sections = {"optimiser": {"lr": 3e-3, "clip": 1.0}, "run": long}
    told = {"hints": 1.0, "forbid": 0.0, "masks": {"centre": 1.0}}
    maps = run(
        parse(values(photos, "prediction", loss={"hole": 1.0, "valid": 1.0}, **sections)), tmp_path / "a", accelerator="cpu"
    )
    made = values(photos, "guidance", loss={"hole": 1.0}, data=told, **sections)
    network = read(run(parse(made), tmp_path / "b", accelerator="cpu", init=maps))

    rng = np.random.default_rng(1)
    ids = np.full((32, 32), SKY)
    ids[16:] = ROAD
    image = torch.from_numpy(STREET.colourise(ids.astype(np.uint8)) + rng.integers(-20, 21, (32, 32, 3)))
    image = (image.permute(2, 0, 1)[None].float() / 127.5 - 1).clamp(-1, 1)
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 10:22, 10:22] = 1
    known = torch.where(mask[:, 0] > 0, UNKNOWN, torch.from_numpy(ids)[None])
    colours = {
        id_: torch.from_numpy(STREET.colourise(np.full((1, 1), id_, np.uint8))).flatten() / 127.5 - 1 for id_ in (SKY, ROAD)
    }
    fills = {id_: colour(network, image, mask, torch.where(mask[:, 0] > 0, id_, known))[0] for id_ in (SKY, ROAD)}
    apart = (colours[SKY] - colours[ROAD]).norm()
    assert (fills[SKY] - fills[ROAD]).norm() > 0.5 * apart
    for ours, other in ((SKY, ROAD), (ROAD, SKY)):
        assert (fills[ours] - colours[ours]).norm() < (fills[ours] - colours[other]).norm()
    with torch.no_grad():
        scores = network(image, mask, known, torch.zeros(1, 8, dtype=torch.bool)).logits
    assert scores is not None
    right = scores.argmax(dim=1)[0].numpy() == ids
    assert right[mask[0, 0].numpy() > 0].mean() > 0.8, "SP-Net completes the sky and the road"


# --------------------------------------------------------------------------------------------------------------- the configs


@pytest.mark.parametrize("name", ["street-map", "street-128", "street-256", "cityscapes-map-256", "cityscapes-256"])
def test_a_config_is_read(name: str) -> None:
    made = configs.load(CONFIGS / "spg-net" / f"{name}.toml")
    assert made.loss.part == ("prediction" if "map" in name else "guidance")
    assert made.loss.hole == (0 if "cityscapes" in name else made.loss.hole), "the paper's form has no such term"
    assert made.data.hints == 0 or made.loss.part == "guidance"


@pytest.mark.parametrize(("name", "part"), [("cityscapes-map-256", "prediction"), ("cityscapes-256", "guidance")])
def test_a_paper_config_runs(photos: Path, monkeypatch: pytest.MonkeyPatch, name: str, part: str) -> None:
    """With fewer channels and another feature network, on photos in place of the data set."""

    class Pooled(nn.Module):
        def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
            return (nn.functional.avg_pool2d(rgb, 4),)

    monkeypatch.setattr(tasks, "patch_distance", lambda name: {"alexnet": PatchDistance(Pooled(), None)}[name])
    small = ["network.widths=[8, 8, 8, 8]", "discriminator.width=8", "run.batch_size=2", 'data.folder_label_set="street"']
    report = dry_run(configs.load(CONFIGS / "spg-net" / f"{name}.toml", [*small, f'data.sources=["{photos}"]']))
    assert report["batch"] == (2, 3, 256, 256)
    assert set(report["terms"]) == {"d", "ad", "fm", *(("lpips",) if part == "guidance" else ())}
    assert all(np.isfinite(value) for value in report["terms"].values())


@pytest.mark.parametrize("part", ["prediction", "guidance"])
def test_the_tiny_config_runs(photos: Path, part: str) -> None:
    report = dry_run(configs.load(CONFIGS / "tiny" / "spg-net.toml", [f'data.sources=["{photos}"]', f"loss.part={part}"]))
    assert set(report["terms"]) == {"d", "ad", "fm", *(("se", "se_valid") if part == "prediction" else ("re",))}
    assert set(report["parameters"]) == {"generator", f"{part}_discriminator"}
    assert report["parameters"]["generator"] < 200_000


def test_the_street_weights_are_small_enough_to_ship() -> None:
    network = configs.load(CONFIGS / "spg-net" / "street-256.toml").network
    with torch.device("meta"):
        made = networks.create(**network)
    assert 2 * sum(p.numel() for p in made.parameters()) < 6e6, "bytes in float16"
