"""ESPNetv2: its units by hand, any size, and the public file key by key."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from scenefill.errors import WeightsError
from scenefill.networks.espnetv2 import CLASSES, EESP, WIDTHS, ESPNetv2, PyramidPool

FILE = "espnetv2_s_2.0_city_1024x512.pth"


@pytest.fixture(scope="module")
def network() -> ESPNetv2:
    torch.manual_seed(0)
    return ESPNetv2()


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


def seen_by(module: nn.Module, run: nn.Module, *inputs: Tensor) -> Tensor:
    """The first input of a module inside another, while that one runs."""
    found: list[Tensor] = []
    handle = module.register_forward_pre_hook(lambda _, arguments: found.append(arguments[0]))
    run(*inputs)
    handle.remove()
    return found[0]


def pass_through(convolution: nn.Module) -> None:
    """A depth-wise 3x3 convolution that changes nothing."""
    kernel = convolution.get_parameter("weight")
    nn.init.zeros_(kernel)
    kernel.data[:, :, 1, 1] = 1


@pytest.mark.parametrize(("height", "width"), [(64, 96), (33, 47), (9, 130), (1, 1)])
def test_any_size_keeps_its_size(network: ESPNetv2, height: int, width: int) -> None:
    scores = network(noise(2, 3, height, width))
    assert scores.shape == (2, CLASSES, height, width)
    assert scores.isfinite().all()


def test_pictures_of_a_batch_do_not_meet(network: ESPNetv2) -> None:
    pictures = noise(2, 3, 32, 48)
    torch.testing.assert_close(network(pictures)[1:], network(pictures[1:]))


def test_it_is_frozen_and_evaluates(network: ESPNetv2) -> None:
    assert not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_the_encoder_sees_rgb_by_the_mean_and_deviation_of_imagenet(network: ESPNetv2) -> None:
    mean, deviation = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    values = noise(1, 3, 8, 8)
    torch.testing.assert_close(seen_by(network.base_net, network, 2 * (mean + values * deviation) - 1), values)


def test_levels_halve_and_round_up(network: ESPNetv2) -> None:
    maps = network.base_net(noise(1, 3, 33, 50))
    assert [tuple(level.shape) for level in maps] == [
        (1, WIDTHS[0], 17, 25), (1, WIDTHS[1], 9, 13), (1, WIDTHS[2], 5, 7), (1, WIDTHS[3], 3, 4)
    ]  # fmt: skip


def test_each_branch_adds_to_those_before_it() -> None:
    unit = EESP(16, 16, stride=1, dilations=(1, 2, 3, 4)).eval()
    for branch in unit.spp_dw:
        pass_through(branch.get_submodule("conv"))
    x = noise(1, 16, 6, 6)
    reduced = unit.proj_1x1(x)
    torch.testing.assert_close(
        seen_by(unit.br_after_cat, unit, x), torch.cat([reduced, 2 * reduced, 3 * reduced, 4 * reduced], dim=1)
    )


def test_a_unit_adds_its_input_and_a_strided_one_does_not() -> None:
    x = noise(1, 16, 6, 6)
    for stride in (1, 2):
        unit = EESP(16, 16, stride=stride, dilations=(1, 1, 2, 3)).eval()
        nn.init.zeros_(unit.conv_1x1_exp.get_parameter("conv.weight"))
        expected = unit.module_act(x) if stride == 1 else torch.zeros(1, 16, 3, 3)
        torch.testing.assert_close(unit(x), expected)


def test_the_sizes_of_a_pyramid_are_merged_channel_by_channel() -> None:
    pool = PyramidPool(4, 6).eval()
    for stage in pool.stages:
        pass_through(stage)
    colours = torch.arange(1.0, CLASSES // 2 + 1).view(1, -1, 1, 1)
    pool.projection_layer.register_forward_hook(lambda *_: colours.expand(1, -1, 7, 9))
    merged = seen_by(pool.merge_layer[2], pool, noise(1, 4, 7, 9))
    scales = len(pool.SCALES)
    torch.testing.assert_close(merged, colours.repeat_interleave(scales, dim=1).expand(1, -1, 7, 9), rtol=1e-4, atol=1e-4)


def test_a_file_brings_the_same_network_back(network: ESPNetv2, tmp_path: Path) -> None:
    torch.save(network.state_dict(), tmp_path / "net.pth")
    picture = noise(1, 3, 32, 32)
    torch.testing.assert_close(ESPNetv2.from_file(tmp_path / "net.pth")(picture), network(picture))


@pytest.mark.parametrize("change", ["missing", "left over", "shape", "no torch file", "no file"])
def test_another_file_is_refused(network: ESPNetv2, tmp_path: Path, change: str) -> None:
    path, state = tmp_path / "net.pth", network.state_dict()
    if change == "missing":
        del state["bu_br_l4.1.weight"]
    elif change == "left over":
        state["base_net.level5.0.weight"] = torch.zeros(1)
    elif change == "shape":  # that of Pascal VOC has 21 outputs
        state["bu_dec_l4.merge_layer.3.bias"] = torch.zeros(CLASSES + 1)
    torch.save(state, path)
    if change == "no torch file":
        path.write_bytes(b"PK no weights")
    elif change == "no file":
        path.unlink()
    with pytest.raises(WeightsError, match=r"net\.pth is not a public file of ESPNetv2 for 20 classes"):
        ESPNetv2.from_file(path)


@pytest.mark.skipif("SCENEFILL_DATA" not in os.environ, reason="SCENEFILL_DATA names the folder with the public weights")
def test_the_public_file_fits_key_by_key(network: ESPNetv2) -> None:
    path = Path(os.environ["SCENEFILL_DATA"]) / "weights" / FILE
    published = torch.load(path, map_location="cpu", weights_only=True)
    loaded = ESPNetv2.from_file(path).state_dict()
    assert {key: tensor.shape for key, tensor in loaded.items()} == {key: tensor.shape for key, tensor in published.items()}
    assert all(torch.equal(tensor, published[key]) for key, tensor in loaded.items())
