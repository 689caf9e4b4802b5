import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import binary_calibration_error

from scenefill.metrics.calibration import BINS, correlation, discrimination, ece, moments, reliability

rng = np.random.default_rng(0)


def test_ece_by_hand() -> None:
    # Two bins: 0.9 sure and right half of the time (gap 0.4), 0.5 sure and always right (gap 0.5).
    confidence = np.array([0.9, 0.9, 0.5, 0.5])
    bins = reliability(confidence, np.array([True, False, True, True]))
    assert bins.shape == (BINS, 3)
    assert ece(bins) == pytest.approx(0.45)


def test_ece_agrees_with_torchmetrics() -> None:
    confidence = rng.random(2000)
    right = rng.random(2000) < confidence**2
    expected = binary_calibration_error(torch.from_numpy(confidence), torch.from_numpy(right).long(), n_bins=BINS, norm="l1")
    assert ece(reliability(confidence, right)) == pytest.approx(float(expected), abs=1e-4)


def test_certainty_falls_into_the_last_bin() -> None:
    bins = reliability(np.array([1.0, 0.0]), np.array([True, False]))
    assert bins[-1].tolist() == [1, 1, 1]
    assert bins[0].tolist() == [1, 0, 0]
    assert ece(bins) == 0
    assert np.isnan(ece(np.zeros((BINS, 3))))


def test_correlation_agrees_with_numpy() -> None:
    x = rng.random(50)
    y = 3 * x + rng.random(50)
    sums = np.stack([moments(a, b) for a, b in zip(x, y, strict=True)])
    assert correlation(sums.mean(axis=0)) == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert correlation(sums.sum(axis=0)) == pytest.approx(np.corrcoef(x, y)[0, 1])


def test_correlation_needs_two_different_pairs() -> None:
    assert np.isnan(correlation(moments(0.3, 0.7)))
    assert np.isnan(correlation(moments(0.1, 0.7) + moments(0.1, 0.2)))
    assert np.isnan(correlation(np.zeros(6)))


def test_discrimination_is_the_area_under_the_roc_curve() -> None:
    confidence, right = np.array([0.95, 0.9, 0.5, 0.55, 0.1]), np.array([True, False, True, False, False])
    # of the 2 x 3 pairs of a right and a wrong pixel, bins 14, 13, 7, 8, 1: won are (14: 13, 8, 1) and (7: 1)
    assert discrimination(reliability(confidence, right)) == pytest.approx(4 / 6)
    assert discrimination(reliability(np.full(4, 0.5), np.array([True, False, True, False]))) == 0.5
    assert np.isnan(discrimination(reliability(confidence, np.ones(5, bool))))
