"""SGE-Net: the contract in each of its configs, and Eqs. 1, 2, 5 and 6 against NumPy and numbers worked out by hand."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest
import torch
from networks.by_hand import array, conv, leaky, normalise, upsample
from networks.contract import ExportContract, NetworkContract, question
from torch import Tensor, nn

from scenefill import labels, networks
from scenefill.errors import ConfigError, LabelError
from scenefill.labels import UNKNOWN
from scenefill.networks import layers
from scenefill.networks.cost import cost
from scenefill.networks.interface import Prediction
from scenefill.networks.layers import steer
from scenefill.networks.sgenet import SGIM, SGENet, SGENetConfig, reliability_mask

STREET = labels.get("street")
ROAD, CAR = STREET.id("road"), STREET.id("car")

TINY: dict[str, Any] = {
    "label_set": "street",
    "widths": [4, 8, 8, 8, 8],
    "cim_dilations": [1, 2],
    "cim_attention": 2,
    "spade_hidden": [3, 4, 4, 4],
}


class Guided(NamedTuple):
    """What one SGIM was given, and what it made of it."""

    varphi: Tensor
    phi: Tensor
    guidance: Tensor
    reliability: Tensor
    finer: Tensor


def watch(network: SGENet, *asked: Tensor) -> tuple[Prediction, dict[int, Guided]]:
    """A prediction and, by the scale l that guides it, what each SGIM saw: varphi^l, phi^{l-1}, the map, its reliability."""
    seen: dict[int, Guided] = {}
    hooks = [
        module.register_forward_hook(lambda _, given, out, scale=scale: seen.__setitem__(scale, Guided(*given, out)))
        for scale, module in enumerate(network.sgim, start=1)
    ]
    with torch.no_grad():
        prediction = network(*asked)
    for hook in hooks:
        hook.remove()
    return prediction, seen


class SGENetContract(NetworkContract):
    name = "sge-net"
    config: ClassVar = TINY
    scales: ClassVar[int] = 5

    def test_every_scale_is_returned(self, network: SGENet) -> None:
        got = network(*question(network, *self.sizes[0]))
        assert len(got.images_per_scale) == self.scales
        assert len(got.logits_per_scale) == len(got.reliability_per_scale) == (self.scales if network.labels else 0)


class GuidedContract(SGENetContract):
    """What a person asks for reaches every scale."""

    def test_hints_are_obeyed_in_the_guidance_and_are_reliable(self, network: SGENet) -> None:
        image, mask, hints, forbid = question(network, 32, 32)
        hints[:, 16:, 16:] = CAR  # whole cells at every scale
        prediction, seen = watch(network, image, mask, hints, forbid)
        for scale, guided in seen.items():
            cells = np.s_[:, :, 16 >> scale :, 16 >> scale :]
            assert (guided.guidance[cells].argmax(dim=1) == CAR).all()
            assert (guided.guidance[:, CAR : CAR + 1][cells] == 1).all()
            assert (prediction.reliability_per_scale[scale][cells] == 1).all()
            torch.testing.assert_close(guided.guidance.sum(dim=1), torch.ones_like(guided.guidance[:, 0]))

    def test_a_thin_hint_survives_at_the_coarsest_scale(self, network: SGENet) -> None:
        image, mask, hints, forbid = question(network, 32, 32)
        free = torch.full_like(hints, UNKNOWN)
        thin = free.clone()
        thin[:, :, 20] = ROAD  # one pixel wide, through the second column of cells: 1/16 of each
        before, after = (watch(network, image, mask, told, ~forbid & False)[1][4].guidance for told in (free, thin))
        told = torch.zeros(len(STREET))
        told[ROAD] = 1
        torch.testing.assert_close(after[..., 0], before[..., 0])
        torch.testing.assert_close(after[..., 1], before[..., 1] * 15 / 16 + told.view(1, -1, 1) / 16)

    def test_forbidden_classes_have_no_part_in_the_hole_unless_hinted(self, network: SGENet) -> None:
        image, mask, hints, forbid = question(network, 32, 32)
        mask[:] = 0
        mask[..., 16:] = 1  # whole cells at every scale
        hints[:] = UNKNOWN
        hints[:, :16, 16:] = CAR
        free = watch(network, image, mask, hints, torch.zeros_like(forbid))[1]
        forbid[:] = False
        forbid[0, [ROAD, CAR]] = True
        for scale, guided in watch(network, image, mask, hints, forbid)[1].items():
            half = 16 >> scale
            banned = guided.guidance[0, [ROAD, CAR], half:, half:]
            assert banned.max() < 1e-6
            assert (guided.guidance[0, CAR, :half, half:] == 1).all(), "a hint beats a forbid"
            if scale == 4:  # finer scales see what became of the coarser ones
                torch.testing.assert_close(guided.guidance[..., :half], free[scale].guidance[..., :half])
            torch.testing.assert_close(guided.guidance[1], free[scale].guidance[1])


class TestSGENet(ExportContract, GuidedContract):
    """The whole of Fig. 3."""


class TestSGNet(GuidedContract):
    """Fig. 2: guidance without evaluation."""

    config: ClassVar = TINY | {"confidence_evaluation": False}


class TestBaseNet(SGENetContract):
    config: ClassVar = TINY | {"semantic_guidance": False, "confidence_evaluation": False}


class TestBaseNetWithoutLabels(SGENetContract):
    config: ClassVar = TINY | {"semantic_guidance": False, "confidence_evaluation": False, "label_heads": False}


class TestFixedSize(GuidedContract):
    config: ClassVar = TINY | {"fixed_size": 32}
    sizes = ((32, 32),)


class TestWholeImage(GuidedContract):
    config: ClassVar = TINY | {"evaluate_whole_image": True}


class TestPlainHeads(GuidedContract):
    """Each scale starts anew, and what the finest picture misses at the known pixels stays."""

    config: ClassVar = TINY | {"residual_heads": False, "border_correction": False}


class TestThreeScales(SGENetContract):
    """The number of scales is a matter of the config."""

    config: ClassVar = TINY | {"widths": [4, 8, 8], "spade_hidden": [3, 4], "keep_percent": [80, 40, 0]}
    sizes = ((4, 4), (12, 20))
    scales = 3


class TestOneSizeWithoutLabels(ExportContract, SGENetContract):
    """Nearest to Context Encoders. Its graph has no hints and no forbidden classes to be given, and takes one size."""

    config: ClassVar = TestBaseNetWithoutLabels.config | TestThreeScales.config | {"fixed_size": 16}
    sizes = ((16, 16),)
    scales = 3


# -------------------------------------------------------------------------------------------------- Eqs. 2, 3, 5 and 6, SGIM+


@pytest.mark.parametrize("evaluated", [False, True])
@pytest.mark.parametrize("classes", [0, 3])
def test_sgim_against_numpy(classes: int, evaluated: bool) -> None:
    torch.manual_seed(0)
    module = SGIM(6, 4, classes, 5, evaluated=evaluated)
    for parameter in module.parameters():
        parameter.data.add_(0.1 * torch.randn_like(parameter))
    varphi, phi = torch.randn(2, 6, 3, 4), torch.randn(2, 4, 6, 8)
    guidance = torch.randn(2, classes, 3, 4).softmax(dim=1) if classes else None
    reliability = (torch.rand(2, 1, 3, 4) > 0.5).float()

    f_de_c = np.concatenate((upsample(array(varphi)), array(phi)), axis=1)
    f_de_s = normalise(f_de_c)
    if guidance is not None and module.spade is not None:  # Eq. 3
        shared = np.maximum(conv(upsample(array(guidance)), module.spade.shared), 0)
        gamma, beta = np.split(conv(shared, module.spade.gamma_beta), 2, axis=1)
        f_de_s = (1 + gamma) * f_de_s + beta
    f_de_s = leaky(f_de_s)
    expected = conv(leaky(conv(f_de_s, module.base[0])), module.base[2])  # Eq. 2, F_ba
    if module.bias is not None and module.translate is not None:
        f_m = leaky(conv(array(reliability).repeat(2, axis=2).repeat(2, axis=3), module.translate))
        expected = expected + conv(np.concatenate((f_de_s, f_m), axis=1), module.bias)  # Eq. 6
    assert (module.bias is not None) == evaluated
    np.testing.assert_allclose(array(module(varphi, phi, guidance, reliability)), expected, atol=1e-4)


# ----------------------------------------------------------------------------------------------------- the whole, and Eq. 1


def create(**changes: Any) -> SGENet:
    torch.manual_seed(0)
    network = networks.create("sge-net", **TINY | changes)
    assert isinstance(network, SGENet)
    return network.eval()


@pytest.mark.parametrize("residual", [True, False])
def test_the_heads_of_every_scale(residual: bool) -> None:
    """Eq. 1: h and g read varphi^l; with residual heads they correct what the coarser scale said."""
    network = create(residual_heads=residual, border_correction=False)
    completed: list[Tensor] = []
    hook = network.cim.register_forward_hook(lambda _, given, out: completed.append(out))
    prediction, seen = watch(network, *question(network, 32, 48))
    hook.remove()
    varphi = {4: completed[0], **{scale - 1: guided.finer for scale, guided in seen.items()}}
    for heads, found, squash in (
        (network.image_head, prediction.images_per_scale, np.tanh),
        (network.label_head, prediction.logits_per_scale, lambda x: x),
    ):
        coarser = 0.0
        for scale in range(4, -1, -1):
            head = heads[scale]
            assert isinstance(head, nn.Conv2d)
            own = conv(leaky(array(varphi[scale])), head)
            if residual and scale < 4:
                own = own + upsample(np.asarray(coarser))
            np.testing.assert_allclose(array(found[scale]), squash(own), atol=1e-5)
            coarser = own


def test_the_finest_picture_is_right_at_the_known_pixels() -> None:
    """What it missed there is carried into the hole, and nothing else changes."""
    asked = question(create(), 32, 48)
    plain, corrected = (watch(create(border_correction=on), *asked)[0] for on in (False, True))
    known, inside = (asked.mask == 0).expand_as(asked.image), (asked.mask > 0).expand_as(asked.image)
    torch.testing.assert_close(corrected.image[known], asked.image[known])
    missed = layers.spread(asked.image - plain.image, 1 - asked.mask, 4)
    torch.testing.assert_close(corrected.image[inside], (plain.image + missed).clamp(-1, 1)[inside])
    assert torch.equal(corrected.image, corrected.images_per_scale[0])
    for ours, theirs in zip(corrected.images_per_scale[1:], plain.images_per_scale[1:], strict=True):
        assert torch.equal(ours, theirs)
    assert all(torch.equal(a, b) for a, b in zip(corrected.logits_per_scale, plain.logits_per_scale, strict=True))


def test_what_guides_each_scale() -> None:
    """Eq. 5: SGIM+ of scale l sees varphi^l, phi^{l-1}, the steered map of scale l and its reliability."""
    network = create()
    skips: list[list[Tensor]] = []
    hook = network.encoder.register_forward_hook(lambda _, given, out: skips.append(out))
    asked = question(network, 32, 48)
    prediction, seen = watch(network, *asked)
    hook.remove()
    assert sorted(seen) == [1, 2, 3, 4]
    for scale, guided in seen.items():
        cell = 2**scale
        hole = asked.mask.unflatten(2, (-1, cell)).unflatten(4, (-1, cell)).mean(dim=(3, 5))
        hinted = (asked.hints[:, None] == torch.arange(8).view(8, 1, 1)).float()
        hint = hinted.unflatten(2, (-1, cell)).unflatten(4, (-1, cell)).mean(dim=(3, 5))
        guidance = steer(prediction.logits_per_scale[scale], hole, hint, asked.forbid)
        torch.testing.assert_close(guided.guidance, guidance)
        scem = reliability_mask(guided.guidance, hole, network.config.keep_percent[scale])
        torch.testing.assert_close(guided.reliability, torch.where(scem > 0, scem, hint.sum(dim=1, keepdim=True)))
        assert torch.equal(guided.reliability, prediction.reliability_per_scale[scale])
        assert torch.equal(guided.phi, skips[0][scale - 1])
        assert scale == 4 or torch.equal(guided.varphi, seen[scale + 1].finer)


def test_at_the_coarsest_scale_the_whole_hole_is_unreliable() -> None:
    network = create()
    image, mask, hints, forbid = question(network, 64, 64)
    prediction, _ = watch(network, image, mask, torch.full_like(hints, UNKNOWN), forbid)
    touched = torch.nn.functional.max_pool2d(mask, 16)
    assert torch.equal(prediction.reliability_per_scale[4], 1 - touched)  # Fig. 7
    shares = [reliable[touched_by(mask, scale)].mean().item() for scale, reliable in enumerate(prediction.reliability_per_scale)]
    assert shares == sorted(shares, reverse=True), "the reliable part grows towards the finest scale (Fig. 6)"


def touched_by(mask: Tensor, scale: int) -> Tensor:
    return torch.nn.functional.max_pool2d(mask, 2**scale) > 0


def parts_of_sgim(**switches: bool) -> set[str]:
    return {name for module in create(**switches).sgim for name, part in module.named_children() if [*part.parameters()]}


def test_table_3_in_parameters() -> None:
    assert parts_of_sgim(semantic_guidance=False, confidence_evaluation=False) == {"base"}
    assert parts_of_sgim(confidence_evaluation=False) == {"base", "spade"}
    assert parts_of_sgim() == {"base", "spade", "translate", "bias"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"semantic_guidance": False}, "confidence_evaluation judges the guidance, so it needs semantic_guidance"),
        ({"label_heads": False}, "semantic_guidance needs label_heads"),
        ({"spade_hidden": [4, 4]}, "5 widths go with 4 spade_hidden and 5 keep_percent, given are 2 and 5"),
        ({"widths": [8]}, "1 widths go with"),
        ({"keep_percent": [85, 70, 50, 30, 101]}, r"keep_percent are 0\.\.100"),
        ({"fixed_size": 40}, "fixed_size is a multiple of 16, given is 40"),
        ({"depth": 3}, 'sge-net: unknown key "depth"; known are: .*widths'),
    ],
)
def test_settings_that_clash_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        create(**changes)


def test_unknown_label_set() -> None:
    with pytest.raises(LabelError, match='there is no label set "strasse"'):
        create(label_set="strasse")


def test_the_published_configuration_is_within_its_budget() -> None:
    with torch.device("meta"):
        spent = cost(networks.create("sge-net", label_set="street"), 256)
    assert spent["parameters_m"] <= 8.0
    assert spent["gflop_256"] <= 16.0


def test_defaults_are_the_five_scales_of_the_paper() -> None:
    assert len(SGENetConfig().widths) == 5
    assert SGENetConfig().keep_percent[-1] == 0


def test_layers_go_by_scale_not_by_width() -> None:
    alike = create(widths=[8, 8, 8, 8, 8])
    assert [len([*scale.modules()]) for scale in alike.encoder.scales] == [3, 5, 5, 5, 3]
