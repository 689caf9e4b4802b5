"""SPG-Net: the contract in each of its forms, and which map SP-Net is told and SG-Net paints by."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest
import torch
from networks.by_hand import array, conv, softmax, upsample
from networks.contract import ExportContract, NetworkContract, Question, question
from torch import Tensor, nn

from scenefill import labels, networks
from scenefill.errors import ConfigError, LabelError
from scenefill.labels import UNKNOWN
from scenefill.networks.interface import Prediction
from scenefill.networks.spgnet import Residual, SPGNet, SPGNetConfig

STREET = labels.get("street")
SKY, ROAD, CAR = (STREET.id(name) for name in ("sky", "road", "car"))
TINY: dict[str, Any] = {"label_set": "street", "widths": [4, 8, 8, 8], "blocks": 2}
PAPER = TINY | {"normalisation": "batch", "skips": False, "border_correction": False}


class Seen(NamedTuple):
    """What the two networks were given, and what came out."""

    s0: Tensor
    """(B, K, H, W), one-hot."""
    s: Tensor
    """(B, K, H, W), probabilities."""
    prediction: Prediction


def watch(network: SPGNet, asked: Question) -> Seen:
    """One forward pass."""
    given: list[tuple[Tensor, ...]] = []
    hooks = [
        part.register_forward_pre_hook(lambda _, given_now: given.append(given_now)) for part in (network.spnet, network.sgnet)
    ]
    with torch.no_grad():
        prediction = network(*asked)
    for hook in hooks:
        hook.remove()
    return Seen(given[0][2], given[1][2], prediction)


class SPGContract(NetworkContract):
    name = "spg-net"

    def test_the_map_outside_the_hole_is_what_is_known(self, network: SPGNet) -> None:
        assert network.known_map
        asked = question(network, 32, 32)
        asked.hints[:, :8, 8:24] = SKY  # outside the hole
        seen = watch(network, asked)
        assert (seen.s0[:, SKY, :8, 8:24] == 1).all()
        assert seen.s0.sum() == 2 * 8 * 16, "what is not known, and what is told inside the hole, is no part of S0"
        assert (seen.s[:, SKY, :8, 8:24] == 1).all()

    def test_the_map_in_the_hole_is_the_hint_or_else_the_prediction(self, network: SPGNet) -> None:
        asked = question(network, 32, 32)
        seen = watch(network, asked)
        told = (asked.hints == len(STREET) - 1)[:, None]
        scores = array(seen.prediction.logits)
        inside = array(asked.mask) > 0
        scores = np.where(
            inside & (np.arange(len(STREET)) == 0)[None, :, None, None], scores - 30, scores
        )  # class 0 is forbidden
        one_hot = np.eye(len(STREET))[-1].reshape(1, -1, 1, 1)
        expected = np.where(told.numpy(), one_hot, softmax(scores, axis=1))
        np.testing.assert_allclose(array(seen.s), expected, atol=1e-5)
        assert inside.any()
        assert not told.all()

    def test_scores_are_the_networks_own(self, network: SPGNet) -> None:
        asked = question(network, 32, 32)
        free = asked._replace(hints=torch.full_like(asked.hints, UNKNOWN), forbid=torch.zeros_like(asked.forbid))
        ours, theirs = (watch(network, each).prediction for each in (asked, free))
        assert torch.equal(ours.logits, theirs.logits)
        assert not torch.equal(ours.image, theirs.image)

    def test_known_and_unknown_map_give_different_scores(self, network: SPGNet) -> None:
        asked = question(network, 32, 32)
        known = asked.hints.clone()
        known[:, :8] = ROAD
        bare, told = (watch(network, asked._replace(hints=hints)).prediction for hints in (asked.hints, known))
        assert not torch.equal(bare.logits, told.logits)

    def test_the_picture_does_not_train_the_map(self, network: SPGNet) -> None:
        network.zero_grad()
        network(*question(network, 32, 32)).image.sum().backward()
        assert all(p.grad is None for p in network.spnet.parameters())
        assert any(p.grad is not None and p.grad.any() for p in network.sgnet.parameters())


class TestSPGNet(ExportContract, SPGContract):
    config: ClassVar = TINY

    @torch.no_grad()
    def test_known_pixels_are_met(self, network: SPGNet) -> None:
        asked = question(network, 32, 32)
        known = (asked.mask == 0).expand_as(asked.image)
        torch.testing.assert_close(network(*asked).image[known], asked.image[known], atol=1e-5, rtol=0)


class TestPaperForm(ExportContract, SPGContract):
    """As in the public re-implementation: batch normalisation, nothing handed across."""

    config: ClassVar = PAPER


class TestSkips(SPGContract):
    config: ClassVar = PAPER | {"skips": True}


# ---------------------------------------------------------------------------------------------------------------- the layers


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def layer(module: nn.Module) -> nn.Conv2d:
    """The convolution of a block without normalisation."""
    assert isinstance(module, nn.Sequential)
    assert isinstance(module[0], nn.Conv2d)
    return module[0]


def test_a_residual_block() -> None:
    torch.manual_seed(0)
    block = Residual(3, SPGNetConfig(widths=(3, 3, 3, 3)))
    x = torch.randn(2, 3, 5, 6)
    expected = array(x) + conv(relu(conv(array(x), layer(block.first))), layer(block.second))
    np.testing.assert_allclose(array(block(x)), expected, atol=1e-5)


@torch.no_grad()
def test_the_way_up_adds_the_way_down() -> None:
    """From the activations on the way down, the rest of the body in NumPy."""
    torch.manual_seed(0)
    network = networks.create("spg-net", **TINY)
    assert isinstance(network, SPGNet)
    body = network.spnet.body
    down: list[Tensor] = []
    for part in body.down:
        part.register_forward_hook(lambda _, given, out: down.append(out))
    x = torch.randn(1, 4 + len(STREET), 32, 48)
    got = body(x)
    assert [d.shape[1:] for d in down] == [(4, 16, 24), (8, 8, 12), (8, 4, 6), (8, 2, 3)]
    *skips, y = (relu(array(d)) for d in down)
    for block in body.blocks:
        assert isinstance(block, Residual)
        y = y + conv(relu(conv(y, layer(block.first))), layer(block.second))
    for part in body.up:
        y = relu(conv(upsample(y), layer(part)))
        y = y + skips.pop() if skips else y
    last = layer(body.out)
    mirrored = np.pad(y, ((0, 0), (0, 0), (3, 3), (3, 3)), mode="reflect")
    expected = conv(mirrored, last)[:, :, 3:-3, 3:-3]
    np.testing.assert_allclose(array(got), expected, atol=1e-5)


# ---------------------------------------------------------------------------------------------------------------- the config


def test_the_paper_scale_has_about_as_many_parameters_as_the_re_implementation() -> None:
    with torch.device("meta"):
        network = networks.create("spg-net", label_set="cityscapes", normalisation="batch", skips=False)
    assert isinstance(network, SPGNet)
    for part in (network.spnet, network.sgnet):
        assert sum(p.numel() for p in part.parameters()) == pytest.approx(48e6, rel=0.06)


def test_configs_that_do_not_fit() -> None:
    with pytest.raises(ConfigError, match=r"widths are 4 numbers of channels, at 1/2 to 1/16; given are \(4, 8\)"):
        networks.create("spg-net", widths=[4, 8])
    with pytest.raises(ConfigError, match="blocks are 1 or more, given are 0"):
        networks.create("spg-net", blocks=0)
    with pytest.raises(LabelError, match="streets"):
        networks.create("spg-net", label_set="streets")
