"""Discriminators: one verdict per patch and scale, layers whose gain is bounded."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from scenefill.networks.discriminators import MultiScaleDiscriminator, PatchGAN


def test_one_verdict_for_each_scale_and_patch() -> None:
    verdicts = MultiScaleDiscriminator(scales=3, width=4, layers=2)(torch.randn(2, 3, 32, 48))
    assert [v.score.shape for v in verdicts] == [(2, 1, 8, 12), (2, 1, 4, 6), (2, 1, 2, 3)]
    assert [f.shape for f in verdicts[0].features] == [(2, 4, 16, 24), (2, 8, 8, 12), (2, 8, 8, 12)]


def test_a_scale_is_the_mean_of_its_cells() -> None:
    torch.manual_seed(0)
    network = MultiScaleDiscriminator(scales=3, width=4, layers=1).eval()
    picture = torch.randn(1, 3, 16, 16)
    quartered = picture.unflatten(2, (4, 4)).unflatten(4, (4, 4)).mean(dim=(3, 5))
    torch.testing.assert_close(network(picture)[2].score, network.per_scale[2](quartered).score)


def test_it_may_see_the_label_map() -> None:
    network = MultiScaleDiscriminator(8, scales=1, width=4, layers=1)
    assert network.classes == 8
    (verdict,) = network(torch.randn(1, 11, 16, 16))
    assert verdict.score.shape == (1, 1, 8, 8)


def test_widths_double_up_to_eightfold() -> None:
    network = PatchGAN(3, width=2, layers=5)
    assert [layer.out_channels for layer in network.down] == [2, 4, 8, 16, 16]


def test_the_gain_of_every_layer_is_one() -> None:
    """Spectral norm: the largest singular value of the kernel, as a matrix of its outputs, tends to 1."""
    torch.manual_seed(0)
    network = PatchGAN(3, width=4, layers=2)
    for _ in range(50):  # one power iteration each
        network(torch.randn(1, 3, 16, 16))
    for layer in network.eval().modules():
        if isinstance(layer, nn.Conv2d):
            gain = np.linalg.svd(layer.weight.detach().flatten(1).numpy(), compute_uv=False)[0]
            assert abs(gain - 1) < 0.01


def test_every_parameter_has_a_gradient() -> None:
    torch.manual_seed(0)
    network = MultiScaleDiscriminator(scales=2, width=4, layers=2)
    sum(v.score.square().sum() for v in network(torch.randn(2, 3, 16, 16))).backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())
