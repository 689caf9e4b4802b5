"""Eq. 7, first term, and the masked means of all losses, on numbers worked out by hand."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scenefill.losses.reconstruction import enlarge, l1, masked_mean


def test_masked_mean_counts_what_the_mask_names() -> None:
    values = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).expand(1, 2, 2, 2)
    mask = torch.tensor([[1.0, 0.0], [0.0, 1.0]]).view(1, 1, 2, 2)
    assert masked_mean(values, mask).item() == 2.5
    assert masked_mean(values, torch.ones(1, 1, 2, 2)).item() == 2.5
    assert masked_mean(values, torch.tensor([[0.0, 0.0], [1.0, 0.0]]).view(1, 1, 2, 2)).item() == 3


def test_the_mean_is_one_over_the_whole_batch() -> None:
    values = torch.tensor([1.0, 5.0]).view(2, 1, 1, 1).expand(2, 1, 2, 2)
    mask = torch.zeros(2, 1, 2, 2)
    mask[0] = 1
    mask[1, 0, 0, 0] = 1
    assert masked_mean(values, mask).item() == pytest.approx((4 * 1 + 5) / 5)


def test_an_empty_mask_gives_0_and_a_gradient_of_0() -> None:
    values = torch.ones(1, 3, 2, 2, requires_grad=True)
    mean = masked_mean(values, torch.zeros(1, 1, 2, 2))
    mean.backward()
    assert mean.item() == 0
    assert values.grad is not None
    assert not values.grad.any()


def test_enlarging_leaves_the_right_size_alone_and_is_linear_between() -> None:
    x = torch.tensor([0.0, 4.0, 8.0]).view(1, 1, 1, 3)
    assert enlarge(x, (1, 3)) is x
    assert enlarge(x.half(), (2, 6))[0, 0].tolist() == [[0, 1, 3, 5, 7, 8]] * 2
    assert enlarge(x.half(), (2, 6)).dtype == torch.float32


def test_l1_weighs_the_hole_and_the_known_pixels_apart() -> None:
    truth = torch.zeros(1, 3, 4, 4)
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., :2, :] = 1
    prediction = truth + torch.where(mask > 0, 0.5, 0.25)  # off by 1/2 in the hole, by 1/4 outside
    assert l1(prediction, truth, mask).item() == 0.75
    assert l1(prediction, truth, mask, hole=6.0, valid=1.0).item() == 3.25
    assert l1(prediction, truth, torch.zeros_like(mask), hole=6.0).item() == pytest.approx(0.375), "no hole: all is known"
    assert l1(prediction, truth, torch.ones_like(mask), valid=6.0).item() == pytest.approx(0.375), "all hole: nothing is known"


def test_a_coarse_prediction_is_enlarged_to_the_truth() -> None:
    truth = torch.zeros(1, 3, 4, 4)
    mask = torch.ones(1, 1, 4, 4)
    assert l1(torch.full((1, 3, 1, 1), 0.5), truth, mask).item() == 0.5
    row = torch.tensor([0.0, 1.0]).expand(1, 3, 2, 2)  # columns of 0, 1/4, 3/4, 1 when enlarged
    assert l1(row, truth, mask).item() == 0.5


@given(share=st.floats(0, 1), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_l1_of_the_truth_is_0_and_of_anything_else_within_the_range(share: float, seed: int) -> None:
    noise = torch.Generator().manual_seed(seed)
    truth, other = (torch.rand((2, 3, 6, 5), generator=noise) * 2 - 1 for _ in range(2))
    mask = (torch.rand((2, 1, 6, 5), generator=noise) < share).float()
    assert l1(truth, truth, mask).item() == 0
    assert 0 < l1(other, truth, mask).item() <= 4
