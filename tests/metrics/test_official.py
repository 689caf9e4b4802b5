"""Official networks: the layers are those of the public files, a missing file is said in one sentence."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from scenefill.errors import ConfigError, WeightsError
from scenefill.metrics import official, perceptual
from scenefill.metrics.perceptual import lpips
from scenefill.models import public
from scenefill.networks.inception import InceptionV3

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("SCENEFILL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


def publish(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, state: dict[str, torch.Tensor]) -> None:
    """A file in the cache under the public name, with its own hash in the place of the public one."""
    path = folder / public.PUBLIC[name].file_name
    torch.save(state, path)
    entry = public.PublicFile(public.PUBLIC[name].url, hashlib.sha256(path.read_bytes()).hexdigest(), 1, "")
    monkeypatch.setitem(public.PUBLIC, name, entry)


def test_inception_has_the_size_of_the_public_network() -> None:
    network = InceptionV3()
    # Inception-v3 without its auxiliary head has 23,834,568 parameters for 1,000 classes (torchvision's table)
    assert sum(p.numel() for p in network.parameters()) == 23_834_568 + 8 * (2048 + 1)
    assert network.state_dict()["Mixed_7c.branch3x3dbl_3b.conv.weight"].shape == (384, 384, 3, 1)
    assert network.state_dict()["Mixed_6e.branch7x7_2.conv.weight"].shape == (192, 192, 1, 7)


def test_the_last_pool_takes_the_maximum_and_the_others_leave_the_border_out() -> None:
    network, x = InceptionV3(), torch.rand(1, 2048, 8, 8)
    for block, pool in ((network.Mixed_7c, nn.MaxPool2d(3, 1, 1)), (network.Mixed_7b, None)):
        given = x if pool else x[:, :1280]
        pooled = pool(given) if pool else nn.AvgPool2d(3, 1, 1, count_include_pad=False)(given)
        torch.testing.assert_close(block(given)[:, -192:], block.branch_pool(pooled))


def test_fid_kid_and_is_through_the_real_loading_code(monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> None:
    torch.manual_seed(0)
    source = InceptionV3()
    publish(monkeypatch, empty_cache, "inception", source.state_dict())
    features = official.features("inception")
    maps = features.maps(rng.integers(0, 256, (32, 40, 3)).astype(np.uint8))
    assert [m.shape for m in maps] == [(1, 2048, 1, 1)]
    probabilities = features.network.probabilities(perceptual.pooled(maps)[None])
    expected = nn.functional.linear(maps[0].flatten(1), source.fc.weight).softmax(1)  # without biases
    np.testing.assert_allclose(probabilities, expected.numpy(), rtol=1e-4, atol=1e-7)
    publish(monkeypatch, empty_cache, "inception", {"fc.weight": torch.zeros(2)})
    with pytest.raises(WeightsError, match="is not the public Inception file"):
        official.features("inception")


def test_lpips_by_hand() -> None:
    a, b = torch.tensor([[3.0, 4.0]])[..., None, None], torch.tensor([[4.0, 3.0]])[..., None, None]
    weights = torch.tensor([[1.0, 2.0]])[..., None, None]
    # (0.6, 0.8) and (0.8, 0.6): squares of 0.04, weighted by 1 and 2; two layers
    assert lpips((a, a), (b, b), (weights, weights)) == pytest.approx(2 * 3 * 0.04)


@pytest.mark.parametrize("name", official.LPIPS)
def test_lpips_through_the_real_loading_code(name: str, monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> None:
    monkeypatch.delenv("SCENEFILL_DATA", raising=False)
    backbone, file, channels = official.LPIPS[name]
    publish(monkeypatch, empty_cache, file, backbone().state_dict())
    (empty_cache / "lpips_linear").mkdir()
    linear = {f"lin{i}.model.1.weight": torch.rand(1, c, 1, 1) for i, c in enumerate(channels)}
    torch.save(linear, empty_cache / "lpips_linear" / f"{name.removeprefix('lpips-')}.pth")
    features = official.features(name)
    maps = features.maps(rng.integers(0, 256, (64, 64, 3)).astype(np.uint8))
    assert tuple(m.shape[1] for m in maps) == channels
    assert features.linear is not None
    assert lpips(maps, maps, features.linear) == 0


@pytest.mark.skipif("SCENEFILL_DATA" not in os.environ, reason="SCENEFILL_DATA does not name the folder of the data sets")
@pytest.mark.parametrize("name", official.LPIPS)
def test_the_published_linear_layers_fit(name: str) -> None:
    layers = official.linear_layers(name.removeprefix("lpips-"), official.LPIPS[name][2])
    assert all((layer >= 0).all() for layer in layers)  # as the authors keep them


@pytest.mark.parametrize("name", ["inception", "lpips-alex", "lpips-vgg"])
def test_a_missing_file_is_said_in_one_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public.urllib.request, "urlopen", _offline)
    with pytest.raises(WeightsError, match=r"could not be fetched .*Get https://\S+ .*or put it at "):
        official.features(name)


def _offline(*_: object, **__: object) -> None:
    raise OSError("no network")


def test_substitutes_keep_their_name_and_unknown_ones_are_refused() -> None:
    with pytest.raises(ConfigError, match='no feature network "fid"'):
        official.features("fid")
