import numpy as np
import pytest

from scenefill.metrics.frechet import frechet

rng = np.random.default_rng(0)


def test_the_same_features_have_distance_zero() -> None:
    rows = rng.normal(size=(40, 6))
    assert frechet(rows, rows) == pytest.approx(0, abs=1e-6)


def test_a_shift_is_its_squared_length() -> None:
    rows = rng.normal(size=(40, 6))
    assert frechet(rows + np.arange(6), rows) == pytest.approx(np.square(np.arange(6)).sum())


def test_scaled_features_in_closed_form() -> None:
    # C1 = 9 C2 with equal means: tr(C1 + C2 - 2 (C1 C2)^(1/2)) = (9 + 1 - 6) tr C2
    rows = rng.normal(size=(40, 6))
    rows -= rows.mean(axis=0)
    assert frechet(3 * rows, rows) == pytest.approx(4 * np.trace(np.cov(rows.T)))


def test_one_picture_is_not_enough() -> None:
    assert np.isnan(frechet(rng.normal(size=(1, 6)), rng.normal(size=(1, 6))))
