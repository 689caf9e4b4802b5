"""LPIPS (Zhang et al. 2018) and its kin: the distance itself, its networks and its learned layers."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from networks.by_hand import Halves, array
from torch import nn

from scenefill.errors import WeightsError
from scenefill.losses.perceptual import (
    LPIPS_FILES,
    AlexNet,
    PatchDistance,
    patch_distance,
)
from scenefill.models import public

LPIPS_FILE = LPIPS_FILES.format("alex")


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x**2).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("weighed", [True, False])
def test_the_patch_distance_against_numpy(weighed: bool) -> None:
    """Eq. 1 of Zhang et al. (2018), at the positions that touch the hole."""
    torch.manual_seed(0)
    linear = [torch.rand(1, 3, 1, 1), torch.rand(1, 3, 1, 1)] if weighed else None
    prediction, truth = torch.randn(2, 2, 3, 4, 6)
    mask = torch.zeros(2, 1, 4, 6)
    mask[0, 0, :3, 5] = mask[1, 0, 2, 0] = 1
    expected = 0.0
    for layer, side in enumerate((1, 2)):
        ours, true = (array(nn.functional.avg_pool2d(x, side)) for x in (prediction, truth))
        weight = array(linear[layer]) if linear else 1.0
        squared = (weight * (unit(ours) - unit(true)) ** 2).sum(axis=1)
        touched = array(mask)[:, 0].reshape(2, 4 // side, side, 6 // side, side).max(axis=(2, 4)) > 0
        expected += squared[touched].mean()
    distance = PatchDistance(Halves(), linear)
    assert distance(prediction, truth, mask).item() == pytest.approx(expected, rel=1e-5)
    assert distance(truth, truth, mask).item() == 0
    assert distance(prediction, truth, 0 * mask).item() == 0
    assert not any(p.requires_grad for p in distance.parameters())


@pytest.fixture
def alexnet_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Random values under the public names, with the classifier that we leave aside, and the learned layers of LPIPS."""
    torch.manual_seed(0)
    state = {**AlexNet().state_dict(), "classifier.1.weight": torch.zeros(1)}
    path = tmp_path / public.PUBLIC["alexnet"].file_name
    torch.save(state, path)
    (tmp_path / LPIPS_FILE).parent.mkdir()
    channels = (64, 192, 384, 256, 256)
    torch.save({f"lin{i}.model.1.weight": torch.rand(1, c, 1, 1) for i, c in enumerate(channels)}, tmp_path / LPIPS_FILE)
    made_up = dataclasses.replace(public.PUBLIC["alexnet"], sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setitem(public.PUBLIC, "alexnet", made_up)
    monkeypatch.setenv("SCENEFILL_CACHE", str(tmp_path))
    monkeypatch.delenv("SCENEFILL_DATA", raising=False)
    return tmp_path


def test_the_patch_distance_of_alexnet_has_its_learned_layers(alexnet_files: Path) -> None:
    distance = patch_distance("alexnet")
    assert distance.linear is not None
    learned = torch.load(alexnet_files / LPIPS_FILE, weights_only=True)
    for i, weight in enumerate(distance.linear):
        assert torch.equal(weight, learned[f"lin{i}.model.1.weight"])
    maps = distance.network(torch.rand(2, 3, 64, 96) * 2 - 1)
    assert [m.shape for m in maps] == [(2, 64, 15, 23), (2, 192, 7, 11), (2, 384, 3, 5), (2, 256, 3, 5), (2, 256, 3, 5)]
    assert all(m.min() == 0 for m in maps)
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 16:48, 16:48] = 1
    assert distance(torch.zeros(1, 3, 64, 64), torch.rand(1, 3, 64, 64), mask).item() > 0


def test_alexnet_sees_rgb_less_the_mean_over_the_deviation(alexnet_files: Path) -> None:
    network = AlexNet.from_file(public.public_file("alexnet"))
    rgb = torch.rand(1, 3, 64, 64) * 2 - 1
    mean, deviation = (np.array(v).reshape(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    x = ((array(rgb)[0] + 1) / 2 - mean) / deviation
    first = network.features[0]
    assert isinstance(first, nn.Conv2d)
    expected = np.einsum("oihw,ihw->o", array(first.weight), x[:, 2:13, 6:17]) + array(first.bias)
    np.testing.assert_allclose(array(network(rgb)[0])[0, :, 1, 2], np.maximum(expected, 0), atol=1e-5)


def test_without_learned_layers_the_file_and_its_place_are_named(alexnet_files: Path) -> None:
    torch.save({"lin0.model.1.weight": torch.zeros(1, 64)}, alexnet_files / LPIPS_FILE)
    with pytest.raises(WeightsError, match=r"alex\.pth is not the public LPIPS file: 'lin1\.model\.1\.weight'"):
        patch_distance("alexnet")
    (alexnet_files / LPIPS_FILE).unlink()
    with pytest.raises(WeightsError, match=rf"{LPIPS_FILE} was not found: put it into {alexnet_files}"):
        patch_distance("alexnet")


def test_learned_layers_of_another_shape(alexnet_files: Path) -> None:
    learned = torch.load(alexnet_files / LPIPS_FILE, weights_only=True)
    torch.save(learned | {"lin2.model.1.weight": torch.zeros(1, 256, 1, 1)}, alexnet_files / LPIPS_FILE)
    with pytest.raises(WeightsError, match=r"lin2\.model\.1\.weight is \(1, 256, 1, 1\) and must be \(1, 384, 1, 1\)"):
        patch_distance("alexnet")
