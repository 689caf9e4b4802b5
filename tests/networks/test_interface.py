"""Networks by name, from plain values, and from tensors that fit or do not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from scenefill import networks
from scenefill.errors import ConfigError, WeightsError
from scenefill.networks.interface import Prediction, as_float16, build_config, load_into
from scenefill.networks.sgenet import SGENet, SGENetConfig


def test_networks_are_made_by_name() -> None:
    assert networks.available() == tuple(networks.NETWORKS)
    with torch.device("meta"):
        network = networks.create("sge-net", label_set="camvid", widths=[4, 8], spade_hidden=[4], keep_percent=[50, 0])
    assert isinstance(network, SGENet)
    assert network.labels is not None
    assert (network.labels.name, network.stride, network.fixed_size) == ("camvid", 2, None)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match='there is no network "sg-net"; known are: sge-net'):
        networks.create("sg-net")


def test_a_config_is_built_from_plain_values() -> None:
    built = build_config(SGENetConfig, {"label_set": "camvid", "cim_dilations": [1, 2]}, "sge-net")
    assert built == SGENetConfig(label_set="camvid", cim_dilations=(1, 2))
    with pytest.raises(ConfigError, match=r'here: unknown key "breadth"; known are: .*cim_attention, cim_dilations, conf'):
        build_config(SGENetConfig, {"breadth": 3}, "here")


def test_a_detached_prediction_has_the_same_numbers_and_no_graph() -> None:
    x = torch.ones(1, requires_grad=True) * 2
    cut = Prediction(x, x + 1, (x, x), (x,), ()).detached()
    assert not any(t.requires_grad for t in (cut.image, cut.logits, *cut.images_per_scale, *cut.logits_per_scale))
    assert (cut.image, cut.logits, cut.reliability_per_scale) == (torch.tensor([2.0]), torch.tensor([3.0]), ())
    assert len(cut.images_per_scale) == 2
    assert Prediction(x, None).detached().logits is None


def test_float16_and_back() -> None:
    layer = nn.Conv2d(2, 3, 1)
    arrays = as_float16(layer.state_dict())
    assert {name: (a.dtype, a.shape) for name, a in arrays.items()} == {
        "weight": (np.float16, (3, 2, 1, 1)),
        "bias": (np.float16, (3,)),
    }
    other = nn.Conv2d(2, 3, 1)
    load_into(other, arrays, "file")
    assert torch.equal(other.weight, layer.weight.half().float())
    assert other.weight.dtype == torch.float32


def test_tensors_that_do_not_fit_are_listed_and_nothing_is_changed() -> None:
    layer = nn.Conv2d(2, 3, 1)
    before = layer.weight.clone()
    wrong = {"weight": np.zeros((3, 2, 3, 3), np.float16), "scale": np.zeros(3, np.float16)}
    with pytest.raises(WeightsError) as error:
        load_into(layer, wrong, "net.safetensors")
    assert str(error.value) == (
        "net.safetensors does not fit this network: bias is missing; scale is not part of the network; "
        "weight is (3, 2, 3, 3) and must be (3, 2, 1, 1)"
    )
    assert torch.equal(layer.weight, before)
    with pytest.raises(WeightsError, match=r"l is not part of the network; .* and 4 more"):
        load_into(layer, as_float16(layer.state_dict()) | {c: np.zeros(1) for c in "lmnopqrst"}, "net")
