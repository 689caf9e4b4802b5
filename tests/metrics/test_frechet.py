import numpy as np
import pytest
import torch
from torch import nn
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

from scenefill.metrics.frechet import frechet, inception_score, kernel


class Rows(nn.Identity):
    """Rows of features are handed on."""

    num_features = 6


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


@pytest.mark.filterwarnings("ignore:Metric .* will save all")
def test_the_kernel_distance_is_that_of_torchmetrics_and_unbiased() -> None:
    rows, others = rng.normal(size=(30, 6)), rng.normal(size=(30, 6)) + 1
    expected = KernelInceptionDistance(feature=Rows(), subsets=1, subset_size=30)
    expected.set_dtype(torch.float64)
    expected.update(torch.from_numpy(others), real=True)
    expected.update(torch.from_numpy(rows), real=False)
    assert kernel(rows, others) == pytest.approx(float(expected.compute()[0]))
    many = [kernel(rng.normal(size=(20, 6)), rng.normal(size=(20, 6))) for _ in range(60)]
    assert min(many) < 0
    assert abs(np.mean(many)) < 0.1 * kernel(rows, others)
    assert np.isnan(kernel(rows[:1], others[:1]))


@pytest.mark.filterwarnings("ignore:Metric .* will save all", "ignore:std")
def test_the_inception_score_is_that_of_torchmetrics() -> None:
    scores = rng.normal(size=(40, 5))
    metric = InceptionScore(feature=Rows(), splits=1)
    metric.update(torch.from_numpy(scores))
    assert inception_score(torch.from_numpy(scores).softmax(1).numpy()) == pytest.approx(float(metric.compute()[0]), rel=1e-5)
    assert inception_score(np.full((7, 4), 0.25)) == pytest.approx(1)  # nothing is told apart
    assert inception_score(np.eye(4)) == pytest.approx(4)  # every picture is sure, and of another class
