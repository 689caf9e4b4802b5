"""EdgeConnect: the contract, what edges do to a picture, spectral norm that does nothing, and the authors' names."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from networks.by_hand import array
from networks.contract import ExportContract, question
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from scenefill import networks
from scenefill.errors import ConfigError
from scenefill.models.guides import edge_guide
from scenefill.models.runtime import OnnxBackend
from scenefill.networks.backend import TorchBackend
from scenefill.networks.edgeconnect import Discriminator, EdgeConnect, EdgeGenerator, compose_edges, from_published
from scenefill.networks.interface import Network

TINY: dict[str, Any] = {"width": 4, "residual_blocks": 2}


def create(**config: Any) -> EdgeConnect:
    torch.manual_seed(0)
    network = networks.create("edge-connect", **TINY | config).eval()
    assert isinstance(network, EdgeConnect)
    return network


def guide_of(image: Tensor, mask: Tensor, drawn: Tensor | None = None) -> Tensor:
    return torch.from_numpy(edge_guide(image.numpy(), mask.numpy(), None if drawn is None else drawn.numpy()))


class TestEdgeConnect(ExportContract):
    name = "edge-connect"
    config: ClassVar = TINY

    @pytest.mark.parametrize("hole", ["box", "at the border", "none"])
    def test_the_export_answers_as_torch_does(self, pair: tuple[TorchBackend, OnnxBackend], hole: str) -> None:
        """But where nothing at all is known: every feature is even then, and instance norm enlarges what was rounded."""
        super().test_the_export_answers_as_torch_does(pair, hole)

    @torch.no_grad()
    def test_what_stands_inside_the_hole_has_no_influence_on_the_guide_either(self, network: Network) -> None:
        image, mask, hints, forbid = question(network, 32, 48)
        other = torch.where(mask > 0, -image, image)
        ours, theirs = (network(x, mask, hints, forbid, guide_of(x, mask)).image for x in (image, other))
        assert torch.equal(ours, theirs)

    @torch.no_grad()
    def test_a_stroke_changes_the_picture(self, network: Network) -> None:
        image, mask, hints, forbid = question(network, 32, 48)
        stroke = torch.zeros_like(mask)
        stroke[..., 10:22, 20:22] = 1
        pictures = [network(image, mask, hints, forbid, guide_of(image, mask, drawn)).image for drawn in (None, stroke)]
        assert (pictures[0] - pictures[1]).abs().max() > 0.01
        none = network(image, mask, hints, forbid).image
        empty = network(image, mask, hints, forbid, torch.cat((torch.zeros_like(mask), 1 - mask), dim=1)).image
        assert torch.equal(none, empty), "no guide: the known pixels have no edges"


def test_composed_edges_by_hand() -> None:
    predicted, known = torch.tensor([0.3, 0.3, 0.3, 0.3]), torch.tensor([1.0, 0.0, 1.0, 0.0])
    believed = torch.tensor([1.0, 1.0, 0.0, 0.0])
    assert compose_edges(predicted, known, believed).tolist() == pytest.approx([1.0, 0.0, 0.3, 0.3])


@torch.no_grad()
def test_what_the_two_networks_see(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures in 0..1, holes white: G1 in grey with known edges and hole (Eq. 1), G2 in colour with all edges (Eq. 5)."""
    network, seen = create(), {}
    for part in (network.edge, network.inpaint):
        monkeypatch.setattr(part, "body", lambda x, part=part: seen.setdefault(part, x)[:, : 1 if part is network.edge else 3])
    image, mask, hints, forbid = question(network, 16, 16)
    drawn = torch.ones_like(mask)
    guide = guide_of(image, mask, drawn)
    got = network(image, mask, hints, forbid, guide).image
    white = np.where(array(mask) > 0, 1, (array(image) + 1) / 2)
    grey = np.einsum("c,bchw->bhw", (0.2125, 0.7154, 0.0721), white)
    known = array(guide[:, 0] * (1 - mask[:, 0]))
    np.testing.assert_allclose(array(seen[network.edge]), np.stack([grey, known, array(mask[:, 0])], axis=1), atol=1e-6)
    logistic = 1 / (1 + np.exp(-grey))
    edges = np.where(array(guide[:, 1]) > 0, array(guide[:, 0]), logistic)
    np.testing.assert_allclose(array(seen[network.inpaint]), np.concatenate([white, edges[:, None]], axis=1), atol=1e-6)
    np.testing.assert_allclose(array(got), np.tanh(white), atol=1e-6)


def test_spectral_norm_ahead_of_an_instance_norm_does_nothing() -> None:
    """Neither to what G1 draws nor to its gradients: it divides by a number that the instance norm takes out again."""
    plain = create().edge.double()
    with torch.no_grad():
        for parameter in plain.parameters():  # as large as in training, so that the eps of the norm is next to nothing
            parameter.mul_(20)
    spectral = copy.deepcopy(plain)
    convolutions = [layer for layer in spectral.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    for layer in convolutions[:-1]:
        spectral_norm(layer)
    noise = torch.Generator().manual_seed(0)
    image = torch.rand((1, 3, 32, 32), generator=noise, dtype=torch.double) * 2 - 1
    mask, edges = torch.zeros_like(image[:, :1]), (image[:, :1] > 0.8).double()
    mask[..., 8:24, 8:24] = 1
    pair = [network(image, mask, edges) for network in (plain, spectral)]
    assert pair[0].std() > 0.05
    torch.testing.assert_close(*pair, atol=1e-3, rtol=0)
    for drawn in pair:
        (drawn * image[:, :1]).sum().backward()
    for (name, ours), theirs in zip(plain.named_parameters(), convolutions, strict=False):
        if name.endswith("weight") and theirs is not convolutions[-1]:
            other = theirs.parametrizations.weight.original.grad
            assert ours.grad is not None
            assert (ours.grad - other).norm() < 0.02 * ours.grad.norm(), name


def published(generator: nn.Module, *, early: bool) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """A state dict as the authors' files have it, spectral norm in each layer but the last, and what ours should be."""
    theirs: dict[str, Tensor] = {}
    ours: dict[str, Tensor] = {}
    for name, weight in generator.state_dict().items():
        layer, _, kind = name.rpartition(".")
        if layer == "decoder.7":
            theirs[name] = ours[name] = weight
            continue
        assert kind == "weight"
        rows = weight.transpose(0, 1).flatten(1) if layer.startswith("decoder") else weight.flatten(1)
        u, sigma, v = (part[..., 0] for part in (rows.svd().U, rows.svd().S, rows.svd().V))
        ours[name] = weight / sigma
        theirs[f"{layer}.bias"] = torch.ones(len(rows))
        theirs |= {f"{layer}.weight_orig": weight, f"{layer}.weight_u": u}
        theirs |= {name: weight / sigma} if early else {f"{layer}.weight_v": v}
    return theirs, ours


@pytest.mark.parametrize("early", [False, True])
def test_the_authors_names(early: bool) -> None:
    theirs, expected = published(create().edge, early=early)
    got = from_published(theirs)
    assert sorted(got) == sorted(expected)
    for name, tensor in expected.items():
        torch.testing.assert_close(got[name], tensor, atol=1e-5, rtol=1e-4)


def test_without_spectral_norm_only_biases_that_do_nothing_are_left_aside() -> None:
    inpaint = create().inpaint.state_dict()
    biased = inpaint | {f"{name.rpartition('.')[0]}.bias": torch.ones(1) for name in inpaint if not name.startswith("decoder.7")}
    assert {name: id(tensor) for name, tensor in from_published(biased).items()} == {n: id(t) for n, t in inpaint.items()}


def test_the_layers_are_the_papers() -> None:
    """64, 128, 256 channels; eight residual blocks with dilation 2 in the first of their convolutions."""
    with torch.device("meta"):
        network = networks.create("edge-connect")
    shapes = {name: tuple(p.shape) for name, p in network.named_parameters()}
    for part, inputs, outputs in (("edge", 3, 1), ("inpaint", 4, 3)):
        assert shapes[f"{part}.encoder.1.weight"] == (64, inputs, 7, 7)
        assert shapes[f"{part}.encoder.7.weight"] == (256, 128, 4, 4)
        assert shapes[f"{part}.middle.7.conv_block.5.weight"] == (256, 256, 3, 3)
        assert shapes[f"{part}.decoder.3.weight"] == (128, 64, 4, 4)
        assert shapes[f"{part}.decoder.7.weight"] == (outputs, 64, 7, 7)
    assert len(shapes) == 2 * (3 + 16 + 2 + 2)
    dilations = [m.dilation for m in network.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
    assert dilations == [(2, 2), (1, 1)] * 16


def test_a_score_sees_70_pixels() -> None:
    torch.manual_seed(0)
    judge = Discriminator(2, 4).eval()
    picture = torch.randn(1, 2, 160, 160, requires_grad=True)
    verdict = judge(picture)
    assert verdict.score.shape == (1, 1, 18, 18)
    assert [f.shape[1] for f in verdict.features] == [4, 8, 16, 32]
    verdict.score[0, 0, 9, 9].backward()
    assert picture.grad is not None
    rows, columns = picture.grad[0].abs().sum(dim=0).nonzero(as_tuple=True)
    assert int(rows.max() - rows.min()) + 1 == int(columns.max() - columns.min()) + 1 == 70


def test_settings_that_make_no_network() -> None:
    with pytest.raises(ConfigError, match="width is 1 or more and residual_blocks 0 or more, given are 0 and 8"):
        networks.create("edge-connect", width=0)
    assert len(EdgeGenerator(networks.create("edge-connect", width=2, residual_blocks=0).config).middle) == 0
