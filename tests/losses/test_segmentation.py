"""Eq. 9 on numbers worked out by hand: unknown pixels, partial labels, class weights."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
import torch

from scenefill import labels
from scenefill.labels import UNKNOWN
from scenefill.losses.segmentation import cross_entropy

STREET = labels.get("street")
MEMBERS = torch.from_numpy(STREET.members())
EVEN = torch.ones(8)
SKY, BUILDING, ROAD, TREE, PERSON = (STREET.id(name) for name in ("sky", "building", "road", "tree", "person"))
BUILDING_OR_TREE = 128


def undecided(*size: int) -> torch.Tensor:
    """Scores of 0 for 8 classes: each has probability 1/8."""
    return torch.zeros(1, 8, *size)


def ids(*rows: list[int]) -> torch.Tensor:
    return torch.tensor([rows])


def test_an_undecided_map_costs_log_8() -> None:
    assert cross_entropy(undecided(2, 2), ids([SKY, ROAD], [TREE, SKY]), MEMBERS, EVEN).item() == pytest.approx(log(8))


def test_a_partial_label_is_right_with_any_of_its_classes() -> None:
    assert cross_entropy(undecided(1, 1), ids([BUILDING_OR_TREE]), MEMBERS, EVEN).item() == pytest.approx(log(8 / 2))
    sure = undecided(1, 1)
    sure[0, TREE] = 50
    assert cross_entropy(sure, ids([BUILDING_OR_TREE]), MEMBERS, EVEN).item() == pytest.approx(0, abs=1e-6)
    assert cross_entropy(sure, ids([TREE]), MEMBERS, EVEN).item() == pytest.approx(0, abs=1e-6)
    assert cross_entropy(sure, ids([SKY]), MEMBERS, EVEN).item() == pytest.approx(50, abs=1e-4)


def test_unknown_pixels_carry_no_loss() -> None:
    scores = undecided(1, 3)
    scores[..., 1:] = torch.randn(8, 1, 2) * 10
    assert cross_entropy(scores, ids([SKY, UNKNOWN, UNKNOWN]), MEMBERS, EVEN).item() == pytest.approx(log(8))


def test_nothing_known_gives_0_and_a_gradient_of_0() -> None:
    scores = torch.randn(1, 8, 2, 2, requires_grad=True)
    loss = cross_entropy(scores, ids([UNKNOWN] * 2, [UNKNOWN] * 2), MEMBERS, EVEN)
    loss.backward()
    assert loss.item() == 0
    assert scores.grad is not None
    assert not scores.grad.any()


def test_class_weights_make_a_weighted_mean() -> None:
    scores = undecided(1, 2)
    scores[0, SKY, 0, 0] = log(7)  # the first pixel is sky with probability 1/2
    weights = EVEN.clone()
    weights[PERSON] = 3
    loss = cross_entropy(scores, ids([SKY, PERSON]), MEMBERS, weights)
    assert loss.item() == pytest.approx((log(2) + 3 * log(8)) / 4)


def test_a_partial_label_weighs_as_the_lightest_of_its_classes() -> None:
    weights = EVEN.clone()
    weights[BUILDING], weights[TREE], weights[SKY] = 4, 2, 6
    scores = undecided(1, 2)
    scores[0, SKY, 0, 1] = log(7)
    loss = cross_entropy(scores, ids([BUILDING_OR_TREE, SKY]), MEMBERS, weights)
    assert loss.item() == pytest.approx((2 * log(4) + 6 * log(2)) / 8)


def test_scores_of_a_coarse_scale_are_enlarged() -> None:
    scores = torch.randn(1, 8, 1, 1)
    truth = ids([SKY, ROAD], [TREE, PERSON])
    log_p = scores[0, :, 0, 0].log_softmax(0)
    assert cross_entropy(scores, truth, MEMBERS, EVEN).item() == pytest.approx(-log_p[truth.flatten()].mean().item(), rel=1e-5)


def test_gradients_are_those_of_softmax_minus_truth() -> None:
    torch.manual_seed(0)
    scores = torch.randn(1, 8, 1, 2, requires_grad=True)
    cross_entropy(scores, ids([ROAD, BUILDING_OR_TREE]), MEMBERS, EVEN).backward()
    p = scores.detach()[0, :, 0].softmax(0).numpy()
    truth = np.zeros((8, 2), np.float32)
    truth[ROAD, 0] = 1
    truth[[BUILDING, TREE], 1] = p[[BUILDING, TREE], 1] / p[[BUILDING, TREE], 1].sum()  # shared as the network has it
    assert scores.grad is not None
    np.testing.assert_allclose(scores.grad[0, :, 0].numpy(), (p - truth) / 2, atol=1e-6)
