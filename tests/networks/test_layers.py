"""Layers against NumPy and numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from networks.by_hand import array, conv, leaky, softmax
from networks.by_hand import upsample as upsample_by_hand
from torch import Tensor, nn

from scenefill.networks.layers import (
    BatchNorm,
    ChannelwiseLinear,
    DilatedResidual,
    SelfAttention,
    he_initialise,
    one_hot,
    scale_down,
    share,
    spread,
    steer,
    upsample,
)


def stir(module: nn.Module) -> None:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))


def test_upsample_is_linear_between_pixel_centres() -> None:
    row = torch.tensor([0.0, 4.0, 8.0]).view(1, 1, 1, 3)
    assert upsample(row)[0, 0].tolist() == [[0, 1, 3, 5, 7, 8]] * 2
    x = torch.randn(2, 3, 4, 5)
    np.testing.assert_allclose(array(upsample(x)), upsample_by_hand(array(x)), atol=1e-6)


def test_share_is_the_part_of_a_cell_that_is_hole() -> None:
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., 0, 0] = 1
    mask[..., 2:, 2:] = 1
    assert share(mask, 0) is mask
    assert share(mask, 1)[0, 0].tolist() == [[0.25, 0], [0, 1]]
    assert share(mask, 2).item() == 5 / 16


def test_one_hot_leaves_unknown_pixels_empty() -> None:
    ids = torch.tensor([[[0, 2, 255], [1, 128, 3]]])
    assert one_hot(ids, 3).shape == (1, 3, 2, 3)
    assert one_hot(ids, 3)[0].tolist() == [[[1, 0, 0], [0, 0, 0]], [[0, 0, 0], [1, 0, 0]], [[0, 1, 0], [0, 0, 0]]]
    assert one_hot(ids, 0).shape == (1, 0, 2, 3)


def steered(scores: list[float], hole: float, hints: list[float], forbid: list[bool]) -> list[float]:
    """`steer` of one cell with as many classes as there are scores."""
    column = [torch.tensor(v).view(1, -1, 1, 1) for v in (scores, [hole], hints)]
    steered: Tensor = steer(*column, torch.tensor([forbid]))
    return steered.flatten().tolist()


def test_without_wishes_the_guidance_is_the_softmax() -> None:
    half = [0.5, 0.5]
    np.testing.assert_allclose(steered([1.0, 1.0], 1.0, [0.0, 0.0], [False, False]), half)
    np.testing.assert_allclose(steered([np.log(3), 0.0], 0.0, [0.0, 0.0], [False, False]), [0.75, 0.25], rtol=1e-6)


def test_a_hint_takes_its_share_of_the_cell() -> None:
    # 3/4 of softmax (0.75, 0.25), and 1/4 of the hinted second class
    got = steered([np.log(3), 0.0], 1.0, [0.0, 0.25], [False, False])
    np.testing.assert_allclose(got, [0.5625, 0.4375], rtol=1e-6)
    assert steered([9.0, 0.0], 1.0, [0.0, 1.0], [False, False]) == [0, 1]


def test_a_forbidden_class_has_no_probability_inside_the_hole_and_its_own_outside() -> None:
    inside, rest = steered([5.0, 0.0], 1.0, [0.0, 0.0], [True, False])
    assert inside < 1e-10
    assert rest == 1
    assert steered([5.0, 0.0], 0.0, [0.0, 0.0], [True, False]) == steered([5.0, 0.0], 0.0, [0.0, 0.0], [False, False])
    # of a cell that is half hole, half of the 30 is taken off
    np.testing.assert_allclose(steered([15.0, 0.0], 0.5, [0.0, 0.0], [True, False]), [0.5, 0.5])


def test_a_hint_beats_a_forbid() -> None:
    assert steered([0.0, 5.0], 1.0, [1.0, 0.0], [True, False]) == [1, 0]
    assert steered([0.0, 5.0], 1.0, [0.5, 0.0], [True, False])[0] >= 0.5


def test_all_classes_forbidden_is_none_forbidden() -> None:
    np.testing.assert_allclose(steered([0.0, 2.0], 1.0, [0.0, 0.0], [True, True]), softmax(np.array([0.0, 2.0]), 0), rtol=1e-5)


def test_dilated_residual_against_numpy() -> None:
    torch.manual_seed(0)
    layer = DilatedResidual(3, dilation=2)
    stir(layer)
    x = torch.randn(2, 3, 5, 7)
    expected = array(x) + conv(leaky(conv(leaky(array(x)), layer.dilated)), layer.mix)
    np.testing.assert_allclose(array(layer(x)), expected, atol=1e-5)


def test_self_attention_against_numpy() -> None:
    torch.manual_seed(0)
    layer = SelfAttention(6, heads=2)
    stir(layer)
    x = torch.randn(2, 6, 3, 4)
    got = array(layer(x))

    tokens = array(x).reshape(2, 6, 12).transpose(0, 2, 1)  # (B, h w, C)
    normed = (tokens - tokens.mean(-1, keepdims=True)) / np.sqrt(tokens.var(-1, keepdims=True) + 1e-5)
    normed = normed * array(layer.norm.weight) + array(layer.norm.bias)
    q, k, v = np.split(normed @ array(layer.qkv.weight)[:, :, 0, 0].T, 3, axis=-1)
    mixed = np.zeros_like(v)
    for head in (np.s_[..., :3], np.s_[..., 3:]):
        affinity = softmax(q[head] @ k[head].transpose(0, 2, 1) / np.sqrt(3), axis=-1)
        mixed[head] = affinity @ v[head]
    expected = tokens + mixed @ array(layer.out.weight)[:, :, 0, 0].T + array(layer.out.bias)
    np.testing.assert_allclose(got, expected.transpose(0, 2, 1).reshape(2, 6, 3, 4), atol=1e-5)


def test_batch_norm_is_that_of_the_batch_then_that_of_the_run() -> None:
    torch.manual_seed(0)
    ours, theirs = BatchNorm(3), nn.BatchNorm2d(3)
    stir(ours)
    theirs.load_state_dict({"weight": ours.weight.flatten(), "bias": ours.bias.flatten()}, strict=False)
    x = torch.randn(4, 3, 5, 6) * 2 + 1
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours.mean.flatten(), theirs.running_mean)
    # a tenth of the way from 1 to the deviation of the batch
    assert array(ours.deviation).ravel() == pytest.approx(0.9 + 0.1 * array(x).std(axis=(0, 2, 3)), rel=1e-5)
    for _ in range(200):
        ours(x)
    before = ours.mean.clone()
    torch.testing.assert_close(ours.eval()(x), theirs(x))
    assert torch.equal(ours.mean, before), "nothing is learned outside training"


def test_channelwise_linear_mixes_positions_then_channels() -> None:
    torch.manual_seed(0)
    layer = ChannelwiseLinear(2, side=3)
    stir(layer)
    x = torch.randn(2, 2, 3, 3)
    weight = array(layer.weight)
    within = np.stack([array(x)[:, c].reshape(2, 9) @ weight[c] for c in range(2)], axis=1).reshape(2, 2, 3, 3)
    np.testing.assert_allclose(array(layer(x)), conv(leaky(within), layer.across), atol=1e-5)


def test_initial_values_keep_the_size_of_signals() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(64, 64, 3, padding=1)
    he_initialise(layer)
    assert not layer.bias.any()
    # leaky ReLU 0.2 keeps (1 + 0.2^2) / 2 of the second moment of a symmetric signal, so the kernel must give back its inverse
    torch.testing.assert_close(layer.weight.var() * 64 * 9, torch.tensor(2 / 1.04), rtol=0.02, atol=0)
    before = layer.weight.clone()
    scale_down(layer, 0.1)
    torch.testing.assert_close(layer.weight, before * 0.1)


def test_what_is_known_is_spread_and_fades() -> None:
    known = torch.ones(1, 1, 64, 64)
    known[..., 16:] = 0  # the left quarter is known
    spread_out = spread(torch.full((1, 1, 64, 64), 0.5), known, scales=3)[0, 0, 32]
    assert (spread_out[:16] == 0.5).all()
    assert spread_out[16] == 0.5  # no step at the border
    assert (spread_out[16:].diff() <= 1e-6).all()
    assert (spread_out[40:] == 0).all()


def test_what_is_known_is_kept_and_no_value_is_invented() -> None:
    torch.manual_seed(0)
    values, known = torch.rand(2, 3, 16, 24) * 2 - 1, (torch.rand(2, 1, 16, 24) > 0.5).float()
    out = spread(values, known, scales=2)
    kept = known.bool().expand_as(values)
    torch.testing.assert_close(out[kept], values[kept])
    assert out.abs().max() <= values[kept].abs().max() + 1e-6
    torch.testing.assert_close(spread(torch.where(kept, values, 9.0), known, scales=2), out)
    assert not spread(values, torch.zeros_like(known), scales=2).any(), "nothing is known"
