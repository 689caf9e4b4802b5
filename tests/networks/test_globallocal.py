"""The completion network of Iizuka et al.: the contract, what it is given, and the two halves of its discriminator."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from networks.by_hand import array, conv
from networks.contract import ExportContract, NetworkContract, question
from torch import Tensor, nn

from scenefill import networks
from scenefill.errors import ConfigError
from scenefill.networks.globallocal import CompletionNetwork, ContextDiscriminator

TINY: dict[str, Any] = {"width": 4}


class TestCompletionNetwork(ExportContract, NetworkContract):
    name = "global-local"
    config: ClassVar = TINY


def create(**config: Any) -> CompletionNetwork:
    torch.manual_seed(0)
    network = networks.create("global-local", **TINY | config)
    assert isinstance(network, CompletionNetwork)
    return network.eval()


def test_the_hole_has_the_mean_colour() -> None:
    network = create(mean_colour=[51.0, 102.0, 255.0])  # 0.2, 0.4 and 1 of white
    seen: list[Tensor] = []
    network.layers.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    asked = question(network, 16, 16)
    network(*asked)
    centred, mask = seen[0][:, :3], seen[0][:, 3:]
    assert torch.equal(mask, asked.mask)
    assert (centred * mask == 0).all()
    mean = torch.tensor([-0.6, -0.2, 1.0]).view(1, 3, 1, 1)
    torch.testing.assert_close(centred + mean * (1 - mask), asked.image * (1 - mask))


def test_known_pixels_come_back() -> None:
    network = create()
    asked = question(network, 32, 48)
    got = network(*asked).image
    known = (asked.mask == 0).expand_as(got)
    assert torch.equal(got[known], asked.image[known])
    assert not torch.isclose(got[~known], asked.image[~known]).any()


def test_a_dilated_layer_against_numpy() -> None:
    """Eq. 1, batch normalisation with what training has gathered, ReLU."""
    layer = create().layers[7]
    conv_, norm, _ = layer
    assert isinstance(conv_, nn.Conv2d)
    assert conv_.dilation == (4, 4)
    norm.mean.normal_()
    norm.deviation.uniform_(0.5, 2)
    x = torch.randn(2, 16, 6, 9)
    expected = np.maximum((conv(array(x), conv_) - array(norm.mean)) / array(norm.deviation), 0)
    np.testing.assert_allclose(array(layer(x)), expected, atol=1e-5)


def test_the_default_has_the_layers_of_table_1() -> None:
    network = create(width=64)
    kinds = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    assert [m.out_channels for m in kinds] == [64, 128, 128, *[256] * 9, 128, 128, 64, 32, 3]
    assert [m.dilation[0] for m in kinds] == [1] * 6 + [2, 4, 8, 16] + [1] * 7
    assert sum(p.numel() for p in network.parameters()) == 6_069_155


def test_the_discriminator_has_the_layers_of_table_2() -> None:
    judge = ContextDiscriminator(256, 64)
    for branch, expected in (
        (judge.whole, [64, 128, 256, 512, 512, 512]),
        (judge.around_hole, [64, 128, 256, 512, 512]),
    ):
        assert [m.out_channels for m in branch.modules() if isinstance(m, nn.Conv2d)] == expected
        assert [(m.in_features, m.out_features) for m in branch.modules() if isinstance(m, nn.Linear)] == [(8192, 1024)]
    assert judge.joint.in_features == 2048


def test_both_halves_have_a_say() -> None:
    torch.manual_seed(0)
    judge = ContextDiscriminator(32, 4).eval()
    picture, square = torch.rand(2, 3, 32, 32), torch.rand(2, 3, 16, 16)
    score = judge(picture, square).score
    assert score.shape == (2, 1, 1, 1)
    assert not torch.isclose(score, judge(picture, 1 - square).score).any()
    assert not torch.isclose(score, judge(1 - picture, square).score).any()


@pytest.mark.parametrize("size", [8, 24, 96])
def test_sizes_that_cannot_be_halved_down_to_four(size: int) -> None:
    with pytest.raises(ConfigError, match=rf"down to 4: a power of 2 from 16 on, not {size}"):
        ContextDiscriminator(size, 4)
