"""Discriminators: one verdict per patch and scale, layers whose gain is bounded."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from scenefill.networks.discriminators import Jury, MultiScaleDiscriminator, PatchGAN, ProjectedDiscriminator, RandomMixing
from scenefill.networks.efficientnet import EfficientNetLite0


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


def test_a_projected_discriminator_judges_patches_at_four_scales() -> None:
    torch.manual_seed(0)
    verdicts = ProjectedDiscriminator(EfficientNetLite0(), width=4)(torch.randn(2, 3, 64, 96))
    assert [v.score.shape for v in verdicts] == [(2, 1, 16, 24), (2, 1, 8, 12), (2, 1, 4, 6), (2, 1, 2, 3)]
    assert [f.shape for f in verdicts[0].features] == [(2, 64, 16, 24)]


def test_only_the_heads_of_a_projected_discriminator_learn() -> None:
    torch.manual_seed(0)
    network = ProjectedDiscriminator(EfficientNetLite0.from_package(), width=4)
    assert {name.split(".")[0] for name, _ in network.named_parameters()} == {"hidden", "score"}
    assert {name.split(".")[0] for name in network.state_dict()} == {"hidden", "score", "mixing"}, "not the feature network"
    picture = torch.randn(2, 3, 64, 64, requires_grad=True)
    sum(v.score.square().sum() for v in network(picture)).backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())
    assert picture.grad is not None
    assert picture.grad.any(), "the generator learns through it"


def test_mixing_keeps_the_size_of_what_it_mixes() -> None:
    torch.manual_seed(0)
    mixing = RandomMixing((24, 40), (9.0, 2.0), 64)
    mixed = mixing((9 * torch.randn(1, 24, 32, 32), 2 * torch.randn(1, 40, 16, 16)))
    assert [m.shape for m in mixed] == [(1, 64, 32, 32), (1, 128, 16, 16)]
    assert all(0.7 < m.std() < 1.3 for m in mixed)


def test_what_is_below_reaches_the_shallow_scale() -> None:
    torch.manual_seed(0)
    mixing = RandomMixing((2, 2), (1.0, 1.0), 4)
    shallow, deep = torch.zeros(1, 2, 8, 8), torch.zeros(1, 2, 4, 4)
    deep[..., 2, 2] = 1
    touched = mixing((shallow, deep))[0].abs().sum(dim=(0, 1)) > 0
    assert touched[4:6, 4:6].all()
    assert not touched[0].any()


def test_a_jury_says_what_its_members_say() -> None:
    torch.manual_seed(0)
    one, two = (MultiScaleDiscriminator(scales=n, width=4, layers=1).eval() for n in (1, 2))
    picture = torch.randn(1, 3, 16, 16)
    wanted = [v.score for v in (*one(picture), *two(picture))]
    for ours, score in zip(Jury(one, two).eval()(picture), wanted, strict=True):
        torch.testing.assert_close(ours.score, score)
