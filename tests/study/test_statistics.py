"""Each statistic against a closed form, or numbers worked out by hand or in print."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scenefill.study.statistics import Z, bradley_terry, krippendorff, wilson


def test_wilson_as_in_print() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), p. 857, Table I, method 3."""
    for successes, count, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        share = wilson(successes, count)
        assert share is not None
        assert share.value == successes / count
        assert share[1:] == pytest.approx((low, high), abs=5e-5)


def test_wilson_is_where_the_score_test_is_on_its_edge() -> None:
    for successes, count in [(3, 8), (6.5, 9), (1295, 1920)]:
        share = wilson(successes, count)
        assert share is not None
        for bound in share[1:]:
            assert abs(share.value - bound) == pytest.approx(Z * math.sqrt(bound * (1 - bound) / count))
    assert wilson(8, 8) == pytest.approx((1, 8 / (8 + Z**2), 1)), "closed form"
    assert wilson(0, 0) is None


def test_bradley_terry_of_two_is_their_log_odds() -> None:
    found = bradley_terry(np.array([[0, 30], [10, 0]]))
    assert found is not None
    error = 0.5 / math.sqrt(40 * 0.75 * 0.25)
    for one, sign in zip(found, (1, -1), strict=True):
        assert one.score == pytest.approx(sign * math.log(3) / 2)
        assert (one.low, one.high) == pytest.approx((one.score - Z * error, one.score + Z * error))


def test_bradley_terry_finds_the_strengths_that_made_the_counts() -> None:
    strength = np.array([8.0, 4.0, 2.0, 1.0])
    wins = 1200 * strength[:, None] / (strength[:, None] + strength[None, :])
    np.fill_diagonal(wins, 0)
    found = bradley_terry(wins)
    assert found is not None
    assert [one.score for one in found] == pytest.approx((np.log(strength) - np.log(strength).mean()).tolist(), abs=1e-9)


def test_bradley_terry_meets_the_equations_of_the_maximum() -> None:
    """Wins expected are wins counted, for pairs that were compared unequally often and with ties as halves."""
    wins = np.array([[0, 5.5, 0], [2.5, 0, 9], [0, 3, 0]])
    found = bradley_terry(wins)
    assert found is not None
    score = np.array([one.score for one in found])
    chance = 1 / (1 + np.exp(score[None, :] - score[:, None]))
    assert ((wins + wins.T) * chance).sum(axis=1) == pytest.approx(wins.sum(axis=1))
    assert score.sum() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("wins", [[[0, 3], [0, 0]], [[0, 1, 2], [1, 0, 2], [0, 0, 0]], [[0, 1, 0], [1, 0, 0], [0, 0, 0]]])
def test_bradley_terry_without_a_finite_answer(wins: list[list[int]]) -> None:
    assert bradley_terry(np.array(wins)) is None


def test_alpha_as_in_print() -> None:
    """Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), four observers, missing data: 0.743 for nominal values."""
    raters = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]
    units = [[value for value in unit if value != "."] for unit in zip(*raters, strict=True)]
    assert krippendorff(units) == pytest.approx(0.743, abs=5e-4)


def test_alpha_by_hand() -> None:
    """The same, two observers and binary data: 4 of 10 units disagree, 14 zeros, 6 ones; 0.095."""
    first, second = "0100000010", "1110010000"
    assert krippendorff(list(zip(first, second, strict=True))) == pytest.approx(1 - 19 * 4 / (14 * 6))
    assert krippendorff([["a", "a"], ["b", "b"]]) == 1
    assert krippendorff([["a"], ["b"]]) is None, "nobody was asked what another was asked"
    assert krippendorff([["a", "a"], ["a", "a"]]) is None, "nothing varies"
