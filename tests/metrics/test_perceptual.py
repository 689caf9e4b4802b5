import numpy as np
import pytest
import torch
from networks.by_hand import Halves

from scenefill.metrics.perceptual import FeatureDistance, feature_distance, pooled

features = FeatureDistance(Halves(), "halves")


def flat(colour: tuple[int, int, int], side: int = 8) -> np.ndarray:
    return np.full((side, side, 3), colour, np.uint8)


def test_pictures_reach_the_network_in_minus_one_to_one() -> None:
    first, second = features.maps(flat((0, 255, 51)))
    torch.testing.assert_close(first[0, :, 3, 3], torch.tensor([-1.0, 1.0, -0.6]))
    assert second.shape == (1, 3, 4, 4)
    np.testing.assert_allclose(pooled((first, second)), [-1, 1, -0.6], atol=1e-6)


def test_opposite_vectors_are_two_apart_in_each_layer() -> None:
    mask = np.ones((8, 8), bool)
    assert features.distance(flat((255, 255, 255)), flat((0, 0, 0)), mask) == pytest.approx(8)  # 2 layers of |2|^2
    # (1, 1, -1) and (1, 1, 1), both over sqrt(3): a difference of 2 / sqrt(3) in one channel
    assert features.distance(flat((255, 255, 0)), flat((255, 255, 255)), mask) == pytest.approx(2 * 4 / 3)


def test_only_the_hole_counts() -> None:
    truth, image, mask = flat((0, 0, 0)), flat((0, 0, 0)), np.zeros((8, 8), bool)
    image[:, 4:] = 255
    mask[:, :4] = True
    assert features.distance(image, truth, mask) == 0
    assert features.distance(image, truth, ~mask) == pytest.approx(8)
    assert np.isnan(features.distance(image, truth, np.zeros((8, 8), bool)))


def test_a_coarse_position_counts_by_its_share_of_hole() -> None:
    mask = np.zeros((4, 4), bool)
    mask[0, 0] = True  # a quarter of the first coarse position
    mask[:2, 2:] = True  # all of the second
    image, truth = torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2)
    image[0, 0, 0, 1] = 1
    assert feature_distance((image,), (truth,), mask) == pytest.approx(0.25 / 1.25)
