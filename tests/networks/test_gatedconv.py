"""DeepFill v2: the contract, gated convolution and contextual attention against NumPy, and what the two networks hand on."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from networks.by_hand import Array, array, conv, softmax
from networks.contract import ExportContract, NetworkContract, question
from torch import Tensor

from scenefill import networks
from scenefill.errors import ConfigError
from scenefill.networks.gatedconv import GatedConv, GatedConvNet, SNPatchGAN, contextual_attention

TINY: dict[str, Any] = {"width": 8}


class TestGatedConvNet(ExportContract, NetworkContract):
    name = "gated-conv"
    config: ClassVar = TINY


def create(**config: Any) -> GatedConvNet:
    torch.manual_seed(0)
    network = networks.create("gated-conv", **TINY | config)
    assert isinstance(network, GatedConvNet)
    return network.eval()


# ------------------------------------------------------------------------------------------------------ gated convolution


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 4)])
def test_a_gated_convolution_against_numpy(stride: int, dilation: int) -> None:
    torch.manual_seed(0)
    module = GatedConv(3, 5, stride=stride, dilation=dilation)
    x = torch.randn(2, 3, 8, 12)
    features, gates = np.split(conv(array(x), module.conv)[:, :, ::stride, ::stride], 2, axis=1)
    elu = np.where(features > 0, features, np.expm1(features))
    np.testing.assert_allclose(array(module(x)), elu / (1 + np.exp(-gates)), atol=1e-5)


def test_the_last_layer_before_the_attention_is_rectified() -> None:
    module = GatedConv(3, 5, activation=F.relu)
    assert module(torch.randn(1, 3, 4, 4)).min() == 0


def test_signals_keep_their_size_through_fresh_layers() -> None:
    network = create(width=48)
    sizes: list[float] = []
    for module in network.modules():
        if isinstance(module, GatedConv):
            module.register_forward_hook(lambda _, given, out: sizes.append(out.std().item()))
    with torch.no_grad():
        network(*question(network, 64, 64))
    assert len(sizes) == 16 + 10 + 6 + 2 + 6
    assert min(sizes) > 0.1
    assert max(sizes) < 1


# --------------------------------------------------------------------------------------------------- contextual attention


def attend(features: Array, hole: Array) -> Array:
    """One picture (C, 2h, 2w), cells (h, w), place by place."""
    channels, (height, width) = len(features), hole.shape
    padded = np.pad(features, ((0, 0), (1, 1), (1, 1)), mode="edge")
    small = np.pad(features[:, ::2, ::2], ((0, 0), (1, 1), (1, 1)))
    touched = np.pad(hole, 1)
    places = [(y, x) for y in range(height) for x in range(width)]
    patch = {(y, x): small[:, y : y + 3, x : x + 3].ravel() for y, x in places}
    known = {(y, x): not touched[y : y + 3, x : x + 3].any() for y, x in places}

    def similarity(here: tuple[int, int], there: tuple[int, int]) -> float:
        if here not in known or not known.get(there, False):
            return 0.0
        return float(patch[here] @ patch[there] / (np.linalg.norm(patch[here]) * np.linalg.norm(patch[there])))

    total, count = np.zeros((channels, 2 * height + 2, 2 * width + 2)), np.zeros((2 * height + 2, 2 * width + 2))
    for y, x in places:
        there = [place for place in places if known[place]]
        scores = [
            sum(similarity((y + i, x + j), (v + i, u + j)) for i in (-1, 0, 1) for j in (-1, 0, 1))  # row by row, then across
            for v, u in there
        ]
        weights = softmax(10 * np.array(scores), axis=0)
        copied = sum(w * padded[:, 2 * v : 2 * v + 4, 2 * u : 2 * u + 4] for w, (v, u) in zip(weights, there, strict=True))
        total[:, 2 * y : 2 * y + 4, 2 * x : 2 * x + 4] += copied
        count[2 * y : 2 * y + 4, 2 * x : 2 * x + 4] += 1
    return np.asarray((total / count)[:, 1:-1, 1:-1])


def test_contextual_attention_against_numpy() -> None:
    torch.manual_seed(0)
    features = torch.randn(2, 3, 10, 12)
    hole = torch.zeros(2, 1, 5, 6)
    hole[0, :, 1:3, 4:] = 1
    hole[1, :, 4, 0] = 0.25  # a cell that touches the hole counts as all of it
    found = array(contextual_attention(features, hole))
    for one, cells, expected in zip(array(features), array(hole)[:, 0], found, strict=True):
        np.testing.assert_allclose(attend(one, cells), expected, atol=1e-5)


def test_what_the_hole_holds_is_never_copied() -> None:
    torch.manual_seed(0)
    features, hole = torch.randn(1, 4, 24, 24), torch.zeros(1, 1, 12, 12)
    hole[..., 4:6, 4:6] = 1
    inside = F.interpolate(hole, scale_factor=2.0)
    changed = torch.where(inside > 0, 100 * torch.randn_like(features), features)
    before, after = (contextual_attention(given, hole) for given in (features, changed))
    far = np.s_[..., 16:, :]  # neither these places nor their neighbours look like the hole, for they do not see it
    torch.testing.assert_close(before[far], after[far])
    assert after.abs().max() < features.abs().max() + 1e-5
    assert not torch.allclose(before, after), "what is looked for there is another thing"


def test_a_repeated_pattern_is_continued() -> None:
    """Stripes of period 4 with a hole: the attention finds the stripes again."""
    stripes = torch.eye(4).repeat(1, 8).view(1, 4, 1, 32).expand(1, 4, 32, 32) * 3
    hole = torch.zeros(1, 1, 16, 16)
    hole[..., 7:9, 7:9] = 1
    blurred = torch.where(F.interpolate(hole, scale_factor=2.0) > 0, 0.9 * stripes, stripes)
    torch.testing.assert_close(contextual_attention(blurred, hole), stripes, atol=0.05, rtol=0)


def test_without_a_known_patch_all_are_equal() -> None:
    torch.manual_seed(0)
    features = torch.randn(1, 4, 12, 12)
    nothing_known = contextual_attention(features, torch.ones(1, 1, 6, 6))
    same = contextual_attention(torch.ones_like(features), torch.ones(1, 1, 6, 6))
    assert nothing_known.isfinite().all()
    torch.testing.assert_close(same, torch.ones_like(features))


# -------------------------------------------------------------------------------------------------------------- the whole


def test_the_refinement_network_sees_the_coarse_picture_in_the_hole_alone() -> None:
    network = create()
    coarse: list[Tensor] = []
    seen: list[tuple[Tensor, ...]] = []
    network.coarse.register_forward_hook(lambda _, given, out: coarse.extend((*given, out)))
    network.refinement.register_forward_hook(lambda _, given, out: seen.append((*given, out)))
    asked = question(network, 32, 48)
    got = network(*asked)
    first, picture = coarse
    assert torch.equal(first[:, :3], asked.image * (1 - asked.mask))
    assert torch.equal(first[:, 3], torch.ones_like(first[:, 3]))
    assert torch.equal(first[:, 4:], asked.mask)
    ((pasted, mask, refined),) = seen
    assert torch.equal(mask, asked.mask)
    assert torch.equal(pasted, torch.where(asked.mask > 0, picture, asked.image))
    assert torch.equal(got.image, refined)


def test_the_default_has_as_many_parameters_as_the_paper_says() -> None:
    assert sum(p.numel() for p in create(width=48).parameters()) == pytest.approx(4.1e6, abs=0.05e6)


def test_widths_are_halved_twice() -> None:
    with pytest.raises(ConfigError, match="gated-conv: width is a multiple of 4, since it is halved twice; given is 6"):
        create(width=6)


def test_the_discriminator_judges_every_element_of_its_last_map() -> None:
    judge = SNPatchGAN(8)
    verdict = judge(torch.rand(2, 3, 128, 192), torch.zeros(2, 1, 128, 192))
    assert verdict.score.shape == (2, 32, 2, 3)
    assert [f.shape[1] for f in verdict.features] == [8, 16, 32, 32, 32]
