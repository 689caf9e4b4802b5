"""PEN-Net: the contract, the authors' parameters and numbers, the attention transfer against NumPy, and its memory."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from networks.by_hand import Array, array, softmax
from networks.contract import ExportContract, NetworkContract, numbers, question
from torch import Tensor

from scenefill import networks
from scenefill.errors import ConfigError
from scenefill.filling.benchmark import timed
from scenefill.labels import UNKNOWN
from scenefill.networks.interface import Network
from scenefill.networks.pennet import AttentionTransfer, PatchDiscriminator, PENNet, PENNetConfig

RELEASED = json.loads(Path(__file__).with_name("pennet_released.json").read_text())


class PENNetContract(NetworkContract):
    name = "pen-net"
    sizes = ((64, 64), (64, 128), (192, 64))

    def test_every_scale_is_returned(self, network: Network) -> None:
        got = network(*question(network, *self.sizes[0]))
        assert len(got.images_per_scale) == 6
        assert got.logits is None


class TestMasked(ExportContract, PENNetContract):
    """The default: holes have no part in what is transferred."""

    config: ClassVar = {"cnum": 4}


class TestReference(PENNetContract):
    """Its export is that of test_imports."""

    config: ClassVar = {"cnum": 4, "reference": True}


# ------------------------------------------------------------------------------------------------- what the authors released


def released() -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Weights for every released name, pictures and holes, from a generator whose numbers never change."""
    draw = np.random.RandomState(0)
    state = {}
    for name, shape in RELEASED["parameters"].items():
        size = np.sqrt(2 / np.prod(shape[1:])) if len(shape) > 1 else 0.05
        state[name] = torch.from_numpy((draw.standard_normal(shape) * size).astype(np.float32))
    image = torch.from_numpy(draw.uniform(-1, 1, (2, 3, 128, 192)).astype(np.float32))
    mask = torch.zeros(2, 1, 128, 192)
    mask[0, :, 32:96, 48:144] = 1
    mask[1, :, 10:50, 60:75] = 1
    return state, image, mask


def ask(network: PENNet, image: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
    """The pictures of all scales, finest first."""
    hints = torch.full((len(image), *image.shape[2:]), UNKNOWN)
    with torch.no_grad():
        return network(image, mask, hints, torch.zeros(len(image), 0, dtype=torch.bool)).images_per_scale


def test_parameters_are_those_that_were_released() -> None:
    state = PENNet(PENNetConfig(cnum=32)).state_dict()
    assert {name: list(tensor.shape) for name, tensor in state.items()} == RELEASED["parameters"]
    assert sum(tensor.numel() for tensor in state.values()) == 10_231_538


def test_the_reference_gives_the_authors_numbers() -> None:
    state, image, mask = released()
    network = PENNet(PENNetConfig(cnum=32, reference=True)).eval()
    network.load_state_dict(state)
    for picture, wanted in zip(ask(network, image, mask), RELEASED["pictures"], strict=True):
        assert list(picture.shape) == wanted["shape"]
        flat = picture.flatten().double()
        at = np.linspace(0, len(flat) - 1, 6).astype(int)
        np.testing.assert_allclose(flat[at], wanted["values"], atol=1e-4)
        assert flat.mean().item() == pytest.approx(wanted["mean"], abs=1e-5)
        assert flat.abs().mean().item() == pytest.approx(wanted["size"], abs=1e-5)


def test_both_forms_agree_where_there_is_no_hole() -> None:
    state, image, mask = released()
    found = []
    for reference in (True, False):
        network = PENNet(PENNetConfig(cnum=32, reference=reference)).eval()
        network.load_state_dict(state)
        found.append((ask(network, image[:1], 0 * mask[:1]), ask(network, image[:1], mask[:1])))
    for theirs, ours in zip(found[0][0], found[1][0], strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)
    assert (found[0][1][0] - found[1][1][0]).abs().mean() > 1e-3, "with a hole they differ"


# ------------------------------------------------------------------------------------------------------- attention transfer


def patches(x: Array, side: int, step: int, border: int) -> Array:
    """(C, H, W) -> (n, C, side, side), row by row; zeros lie beyond the border."""
    padded = np.pad(x, ((0, 0), (border, border), (border, border)))
    rows, columns = ((n + 2 * border - side) // step + 1 for n in x.shape[1:])
    cut = [padded[:, step * i : step * i + side, step * j : step * j + side] for i in range(rows) for j in range(columns)]
    return np.stack(cut)


def weights_by_hand(psi: Array, touched: Array, size: int, *, reference: bool) -> Array:
    """(D, h, w), (1, h, w) -> (h w, h w): of which patches the patch of each row is made."""
    seen = patches(psi, size, 1, size // 2).reshape(psi.shape[1] * psi.shape[2], -1)
    hole = patches(touched, size, 1, size // 2).mean(axis=(1, 2, 3))
    scores = seen @ (seen / np.linalg.norm(seen, axis=1, keepdims=True)).T
    if not reference:
        return softmax(10 * scores - 1e4 * (hole - hole.min()), axis=1)
    known = hole == 0
    return np.maximum(softmax(10 * scores * known, axis=1) * known, 1e-8)


def transfer_by_hand(phi: Array, weights: Array) -> Array:
    """Patches of 4x4 that overlap by half are mixed and laid back; where they overlap, a quarter of their sum counts."""
    channels, height, width = phi.shape
    mixed = np.einsum("qk,kcij->qcij", weights, patches(phi, 4, 2, 1))
    out = np.zeros((channels, height + 2, width + 2))
    for q, patch in enumerate(mixed):
        i, j = divmod(q, width // 2)
        out[:, 2 * i : 2 * i + 4, 2 * j : 2 * j + 4] += patch
    return out[:, 1:-1, 1:-1] / 4


@pytest.mark.parametrize("hole", ["box", "none", "all"])
@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("reference", [False, True])
def test_attention_transfer_against_numpy(reference: bool, size: int, hole: str) -> None:
    torch.manual_seed(0)
    phi, psi = torch.randn(2, 4, 8, 12), 0.3 * torch.randn(2, 6, 4, 6)
    touched = torch.full((2, 1, 4, 6), float(hole == "all"))
    if hole == "box":
        touched[0, :, 1:3, :2] = touched[1, :, :2, 3:] = 1
    module = AttentionTransfer(4, size=size, refine=False, parts=1, reference=reference)
    for ours, p, q, t in zip(array(module(phi, psi, touched)), array(phi), array(psi), array(touched), strict=True):
        expected = transfer_by_hand(p, weights_by_hand(q, t, size, reference=reference))
        np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_what_the_reference_leaks() -> None:
    """Patches of the hole take a part of its softmax and give nothing for it; ours have no part at all."""
    torch.manual_seed(0)
    psi = array(0.05 * torch.randn(6, 8, 8))
    touched = np.zeros((1, 8, 8))
    touched[:, 2:6, 2:6] = 1
    free = patches(touched, 3, 1, 1).mean(axis=(1, 2, 3)) == 0
    leaking, masked = (weights_by_hand(psi, touched, 3, reference=reference) for reference in (True, False))
    assert free.sum() == 64 - 36
    np.testing.assert_allclose(masked.sum(axis=1), 1)
    assert masked[:, ~free].max() < 1e-12
    inside = leaking[~free].sum(axis=1)  # what is left for patches of the hole
    assert inside.max() < 0.6
    np.testing.assert_allclose(leaking[:, free] / leaking[:, free].sum(axis=1, keepdims=True), masked[:, free], atol=1e-6)


def test_a_hole_that_touches_every_patch_leaves_those_it_touches_least() -> None:
    torch.manual_seed(0)
    phi, psi, touched = torch.rand(1, 1, 8, 8), torch.randn(1, 2, 4, 4), torch.zeros(1, 1, 4, 4)
    touched[..., 1:3, 1:3] = 1  # of the 3x3 patches, those at the corners hold one cell of it, the others more
    module = AttentionTransfer(1, size=3, refine=False, parts=1, reference=False)
    before = module(phi, psi, touched)
    phi[..., 3, :] = phi[..., 4, :] = phi[..., :, 3] = phi[..., :, 4] = 9  # the patches of phi at the corners hold none of these
    assert torch.equal(module(phi, psi, touched), before)
    assert not torch.allclose(module(phi, psi, 0 * touched), before)


def test_answering_in_parts_changes_nothing() -> None:
    torch.manual_seed(0)
    network = networks.create("pen-net", cnum=4)
    asked = question(network, 128, 64)
    with torch.no_grad():
        whole, parts = (numbers(network.train(training)(*asked)) for training in (True, False))
    for a, b in zip(whole, parts, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=0)


MEMORY = """
import torch
from scenefill import networks
torch.set_num_threads(1)
network = networks.create("pen-net", cnum=4).eval()
mask = torch.zeros(1, 1, 512, 512)
mask[..., 128:384, 128:384] = 1
with torch.no_grad():
    network(torch.zeros(1, 3, 512, 512), mask, torch.full((1, 512, 512), 255), torch.zeros(1, 0, dtype=torch.bool))
"""


def test_a_picture_of_512_fits_into_memory() -> None:
    """The scores of its finest transfer alone would be 1 GiB, and as much again for their softmax."""
    _, peak = timed([sys.executable, "-c", MEMORY])
    assert peak is None or peak < 1200  # MiB


# --------------------------------------------------------------------------------------------------------------- the rest


@pytest.mark.parametrize("cnum", [0, 2, 18])
def test_channels_are_parted_among_four_dilations(cnum: int) -> None:
    with pytest.raises(ConfigError, match=f"pen-net: cnum is a multiple of 4, .*; given is {cnum}"):
        networks.create("pen-net", cnum=cnum)


def test_the_small_network_fits_into_six_megabytes() -> None:
    assert 2 * sum(p.numel() for p in PENNet(PENNetConfig()).parameters()) < 6e6


def test_the_discriminator_is_the_authors() -> None:
    torch.manual_seed(0)
    judge = PatchDiscriminator()
    assert sum(p.numel() for p in judge.parameters()) == 4_318_401
    verdict = judge(torch.zeros(2, 3, 256, 256))
    assert verdict.score.shape == (2, 1, 27, 27)
    assert [f.shape[1] for f in verdict.features] == [64, 128, 256, 512]
