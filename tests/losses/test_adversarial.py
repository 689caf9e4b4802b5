"""Eq. 8 in its three forms, on scores small enough to be worked out by hand."""

from __future__ import annotations

from math import log

import pytest
import torch
from torch import Tensor

from scenefill.losses.adversarial import Kind, discriminator_loss, feature_matching, generator_loss, patches
from scenefill.networks.discriminators import Verdict

KINDS: tuple[Kind, ...] = ("hinge", "logistic", "least_squares")


def row(*values: float) -> Tensor:
    """One picture with one row of patches."""
    return torch.tensor(values, dtype=torch.float32).view(1, 1, 1, -1)


def verdict(*scores: float) -> Verdict:
    return Verdict(row(*scores), ())


HOLE_LEFT = row(1, 1, 0, 0)  # two patches of two pixels each; the first touches the hole


def test_a_patch_counts_as_soon_as_it_touches_the_hole() -> None:
    mask = torch.zeros(1, 1, 8, 8)
    mask[0, 0, 0, 5] = 1
    assert patches(mask, torch.zeros(1, 7, 2, 2))[0, 0].tolist() == [[0, 1], [0, 0]]
    assert patches(mask, torch.zeros(1, 7, 1, 1)).item() == 1
    assert not patches(torch.zeros(1, 1, 8, 8), torch.zeros(1, 7, 3, 3)).any()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("hinge", (0.5 + 0) / 2 + 1.25),  # max(0, 1 - 1/2), max(0, 1 - 2); max(0, 1 + 1/4)
        ("logistic", (log(1 + 0.5) + log(1 + 0.25)) / 2 + log(1 + 3)),  # -log D(real), -log(1 - D(fake))
        ("least_squares", (0.25 + 1) / 2 + 0.0625),  # (1/2 - 1)^2, (2 - 1)^2; (1/4)^2
    ],
)
def test_discriminator(kind: Kind, expected: float) -> None:
    """All patches of the true picture count, of the filled one those at the hole."""
    if kind == "logistic":  # sigmoid(log 2) = 2/3, sigmoid(log 4) = 4/5, sigmoid(log 3) = 3/4
        real, fake = verdict(log(2), log(4)), verdict(log(3), 9.0)
    else:
        real, fake = verdict(0.5, 2.0), verdict(0.25, 9.0)
    assert discriminator_loss([real], [fake], HOLE_LEFT, kind).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("hinge", -3.0), ("logistic", log(1 + 1 / 8)), ("least_squares", 4.0)],
)
def test_generator(kind: Kind, expected: float) -> None:
    """Its patches at the hole should score as real ones do."""
    score = log(8) if kind == "logistic" else 3.0
    assert generator_loss([verdict(score, -50.0)], HOLE_LEFT, kind).item() == pytest.approx(expected, rel=1e-6)


def test_what_is_surely_right_costs_nothing() -> None:
    assert discriminator_loss([verdict(1, 5)], [verdict(-1, 0)], HOLE_LEFT, "hinge").item() == 0
    assert discriminator_loss([verdict(1, 1)], [verdict(0, 7)], HOLE_LEFT, "least_squares").item() == 0
    assert discriminator_loss([verdict(80, 80)], [verdict(-80, 7)], HOLE_LEFT, "logistic").item() == pytest.approx(0, abs=1e-6)


def test_the_scales_of_eq_8_count_alike() -> None:
    everywhere = row(1, 1, 1, 1)
    real, fake = [verdict(0, 0), verdict(0)], [verdict(0, 0), verdict(2)]
    # first scale 1 + 1, second 1 + 3
    assert discriminator_loss(real, fake, everywhere, "hinge").item() == 3
    assert generator_loss(fake, everywhere, "hinge").item() == -1


def test_scales_must_pair() -> None:
    with pytest.raises(ValueError, match="zip"):
        discriminator_loss([verdict(0)], [verdict(0), verdict(0)], HOLE_LEFT, "hinge")


def test_feature_matching_is_relative_to_the_size_of_the_true_activations() -> None:
    true, ours = (row(2, 4), row(10, 10)), (row(3, 9), row(5, 0))
    expected = (1 / 3 + 5 / 10) / 2  # at the hole's patch alone; means 3 and 10 over all patches
    loss = feature_matching([Verdict(row(0), true)], [Verdict(row(0), ours)], HOLE_LEFT)
    assert loss.item() == pytest.approx(expected)
    assert feature_matching([Verdict(row(0), true)], [Verdict(row(0), true)], HOLE_LEFT).item() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_hole_the_generator_has_nothing_to_answer_for(kind: Kind) -> None:
    score = row(3, 4).requires_grad_()
    features = (row(1, 2).requires_grad_(),)
    fake, none = [Verdict(score, features)], torch.zeros(1, 1, 1, 4)
    total = generator_loss(fake, none, kind) + feature_matching([Verdict(score, (row(0, 0),))], fake, none)
    total.backward()
    assert total.item() == 0
    for given in (score, *features):
        assert given.grad is not None
        assert not given.grad.any()
    assert discriminator_loss([verdict(0, 0)], fake, none, kind).isfinite()


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_pull_the_right_way(kind: Kind) -> None:
    real, fake = row(0, 0).requires_grad_(), row(0, 0).requires_grad_()
    discriminator_loss([Verdict(real, ())], [Verdict(fake, ())], HOLE_LEFT, kind).backward()
    assert real.grad is not None
    assert (real.grad < 0).all(), "real scores should rise"
    assert fake.grad is not None
    assert fake.grad[..., 0] >= 0
    assert fake.grad[..., 1] == 0, "a known patch is not judged"
    ours = row(0.5, 0).requires_grad_()
    generator_loss([Verdict(ours, ())], HOLE_LEFT, kind).backward()
    assert ours.grad is not None
    assert ours.grad[..., 0] < 0
    assert ours.grad[..., 1] == 0
