"""Eq. 4: which pixels of a hole the SCEM of SGE-Net calls reliable, in numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from scenefill.networks.sgenet import reliability_mask


def judge(certain: list[float], hole: list[int], keep: int, *, whole_image: bool = False) -> list[float]:
    """`reliability_mask` of a row of pixels, with two classes of which the first has the probability `certain` (>= 0.5)."""
    p = torch.tensor(certain)
    got = reliability_mask(
        torch.stack((p, 1 - p))[None, :, None], torch.tensor(hole).float().view(1, 1, 1, -1), keep, whole_image=whole_image
    )
    return got.flatten().tolist()


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (0, [0, 0, 0, 0, 1, 1]),
        (25, [0, 0, 1, 0, 1, 1]),
        (50, [1, 0, 1, 0, 1, 1]),
        (75, [1, 0, 1, 1, 1, 1]),
        (85, [1, 1, 1, 1, 1, 1]),  # 15 % of four pixels is less than one
        (100, [1, 1, 1, 1, 1, 1]),
    ],
)
def test_the_most_certain_part_of_the_hole_is_reliable(keep: int, expected: list[int]) -> None:
    assert judge([0.8, 0.6, 0.9, 0.7, 0.5, 0.55], [1, 1, 1, 1, 0, 0], keep) == expected


def test_the_whole_image_is_ranked_together_on_demand() -> None:
    certain, hole = [0.8, 0.6, 0.9, 0.7, 0.5, 0.55], [1, 1, 1, 1, 0, 0]
    assert judge(certain, hole, 50, whole_image=True) == [1, 0, 1, 1, 0, 0]
    assert judge(certain, hole, 100, whole_image=True) == [1] * 6
    assert judge(certain, hole, 0, whole_image=True) == [0] * 6


def test_equals_at_the_threshold_are_unreliable() -> None:
    assert judge([0.7, 0.7, 0.7, 0.9], [1, 1, 1, 1], 50) == [0, 0, 0, 1]
    assert judge([0.7, 0.7, 0.7, 0.7], [1, 1, 1, 1], 75) == [0, 0, 0, 0]


def test_a_picture_without_a_hole_is_reliable_everywhere() -> None:
    for keep in (0, 50, 100):
        assert judge([0.8, 0.6, 0.9], [0, 0, 0], keep) == [1, 1, 1]


def test_a_picture_that_is_all_hole() -> None:
    assert judge([0.8, 0.6, 0.9], [1, 1, 1], 0) == [0, 0, 0]
    assert judge([0.8, 0.6, 0.9], [1, 1, 1], 50) == [1, 0, 1]  # 50 % of three is one and a half: one is unreliable


def test_each_picture_has_its_own_threshold() -> None:
    p = torch.tensor([[0.6, 0.7], [0.8, 0.9]])  # the second picture is surer of all than the first
    got = reliability_mask(torch.stack((p, 1 - p), dim=1)[:, :, None], torch.ones(2, 1, 1, 2), 50)
    assert got[:, 0, 0].tolist() == [[0, 1], [0, 1]]


def test_a_cell_counts_as_hole_as_soon_as_it_touches_it() -> None:
    p = torch.tensor([0.9, 0.6])
    got = reliability_mask(torch.stack((p, 1 - p))[None, :, None], torch.tensor([1 / 256, 0.0]).view(1, 1, 1, 2), 0)
    assert got.flatten().tolist() == [0, 1]


@given(
    hole=arrays.arrays(bool, (5, 7)),
    keep=st.integers(0, 100),
    seed=st.integers(0, 99),
)
@settings(max_examples=30, deadline=None)
def test_the_share_is_kept_whatever_the_hole(hole: np.ndarray, keep: int, seed: int) -> None:
    p = torch.rand((2, 8, 5, 7), generator=torch.Generator().manual_seed(seed)).softmax(dim=1)
    got = reliability_mask(p, torch.from_numpy(hole).float().expand(2, 1, 5, 7), keep)[:, 0].bool().numpy()
    assert got[:, ~hole].all()
    doubtful = int(hole.sum()) * (100 - keep) // 100
    assert (~got).sum(axis=(1, 2)).tolist() == [doubtful, doubtful]
    certainty = p.amax(dim=1).numpy()
    for found, sure in zip(got, certainty, strict=True):
        if doubtful and (found & hole).any():
            assert sure[found & hole].min() > sure[~found].max()
