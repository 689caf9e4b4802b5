"""Eq. 3 against NumPy, from the layer's own weights."""

from __future__ import annotations

import numpy as np
import torch
from networks.by_hand import array, conv
from networks.by_hand import normalise as normalise_by_hand

from scenefill.networks.spade import SPADE, normalise


def test_normalised_features_have_mean_0_and_variance_1() -> None:
    f = torch.tensor([[[[1.0, 3.0], [5.0, 7.0]]]])  # mean 4, variance 5
    np.testing.assert_allclose(array(normalise(f)), (array(f) - 4) / np.sqrt(5), atol=1e-5)
    assert normalise(torch.full((1, 2, 4, 4), 8.0)).abs().max() == 0, "a constant channel becomes 0, not NaN"


def test_each_channel_of_each_picture_is_normalised_by_itself() -> None:
    f = torch.randn(2, 3, 4, 5) * torch.tensor([1.0, 10.0, 0.1]).view(3, 1, 1) + 3
    np.testing.assert_allclose(array(normalise(f)), normalise_by_hand(array(f)), atol=1e-4)


def test_spade_scales_and_shifts_by_what_the_segmentation_says() -> None:
    torch.manual_seed(0)
    layer = SPADE(channels=4, classes=3, hidden=5)
    f, guidance = torch.randn(2, 4, 6, 8) * 2 + 1, torch.rand(2, 3, 6, 8).softmax(dim=1)
    shared = np.maximum(conv(array(guidance), layer.shared), 0)
    gamma, beta = np.split(conv(shared, layer.gamma_beta), 2, axis=1)
    expected = (1 + gamma) * normalise_by_hand(array(f)) + beta  # Eq. 3
    np.testing.assert_allclose(array(layer(f, guidance)), expected, atol=1e-5)


def test_a_silent_layer_only_normalises() -> None:
    layer = SPADE(channels=4, classes=3, hidden=5)
    for parameter in layer.parameters():
        parameter.data.zero_()
    f = torch.randn(2, 4, 6, 8)
    torch.testing.assert_close(layer(f, torch.rand(2, 3, 6, 8)), normalise(f))
