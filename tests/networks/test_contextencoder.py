"""Context Encoders: the contract, the channel-wise fully connected layer against NumPy, the discriminator's sizes."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from networks.by_hand import array, conv, leaky
from networks.contract import ExportContract, NetworkContract, question
from torch import Tensor, nn

from scenefill import networks
from scenefill.errors import ConfigError, InputError
from scenefill.networks.contextencoder import ContextEncoder, Discriminator
from scenefill.networks.layers import ChannelwiseLinear

TINY: dict[str, Any] = {"width": 4, "fixed_size": 64}


class TestContextEncoder(ExportContract, NetworkContract):
    name = "context-encoder"
    config: ClassVar = TINY
    sizes = ((64, 64),)


def create(**config: Any) -> ContextEncoder:
    torch.manual_seed(0)
    network = networks.create("context-encoder", **TINY | config)
    assert isinstance(network, ContextEncoder)
    return network.eval()


def test_the_channelwise_layer_against_numpy() -> None:
    torch.manual_seed(0)
    layer = ChannelwiseLinear(3, 4)
    x = torch.randn(2, 3, 4, 4)
    pixels, weight = array(x).reshape(2, 3, 16), array(layer.weight)
    mixed = np.stack([pixels[:, c] @ weight[c] for c in range(3)], axis=1)  # no channel sees another
    expected = conv(leaky(mixed).reshape(2, 3, 4, 4), layer.across)
    np.testing.assert_allclose(array(layer(x)), expected, atol=1e-5)


def test_the_hole_has_the_mean_colour() -> None:
    network = create(mean_colour=[51.0, 102.0, 255.0])  # 0.2, 0.4 and 1 of white
    seen: list[Tensor] = []
    network.encoder.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    asked = question(network, 64, 64)
    network(*asked)
    mean = torch.tensor([-0.6, -0.2, 1.0]).view(1, 3, 1, 1)
    torch.testing.assert_close(seen[0], torch.where(asked.mask > 0, mean, asked.image))


def test_one_pixel_changes_the_picture_everywhere() -> None:
    """What the fully connected layer is there for."""
    network = create(width=8)
    network.train()  # fresh running statistics would let next to nothing through
    asked = question(network, 64, 64)
    other = asked.image.clone()
    other[..., 0, 0] = 5
    with torch.no_grad():
        before, after = (network(image, *asked[1:]).image for image in (asked.image, other))
    assert ((before - after).abs().amax(dim=(0, 1)) > 0).all()


def test_the_default_is_the_authors_encoder() -> None:
    network = create(width=64, fixed_size=128)
    kinds = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    assert [m.out_channels for m in kinds] == [64, 64, 128, 256, 512, 512, 256, 128, 64, 64, 3]
    bottleneck = network.bottleneck[0]
    assert isinstance(bottleneck, ChannelwiseLinear)
    assert bottleneck.weight.shape == (512, 16, 16)


def test_other_sizes() -> None:
    with pytest.raises(InputError, match="this network takes 64x64 alone, the input is 128x128: resize it"):
        create().check_size(128, 128)
    with pytest.raises(ConfigError, match="context-encoder: fixed_size is a multiple of 32, given is 100"):
        create(fixed_size=100)


@pytest.mark.parametrize(("side", "widths"), [(128, [4, 4, 8, 16, 32, 1]), (64, [4, 8, 16, 32, 1]), (8, [32, 1])])
def test_the_discriminator_fits_what_it_sees(side: int, widths: list[int]) -> None:
    judge = Discriminator(side, 4)
    assert [m.out_channels for m in judge.modules() if isinstance(m, nn.Conv2d)] == widths
    assert judge(torch.rand(2, 3, side, side)).score.shape == (2, 1, 1, 1)


@pytest.mark.parametrize("side", [4, 48, 256])
def test_squares_that_the_discriminator_does_not_fit(side: int) -> None:
    with pytest.raises(ConfigError, match=rf"squares of 8, 16, 32, 64 or 128 pixels, not of {side}"):
        Discriminator(side, 4)
