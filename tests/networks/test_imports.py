"""Checkpoints that others published: what is read of them, what is refused, and that what comes out works at once."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

import scenefill
from scenefill import networks
from scenefill.cli import app
from scenefill.errors import InputError, WeightsError
from scenefill.models import weights
from scenefill.networks.imports import PUBLISHED, convert, read_state


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The authors' network with fewer channels, so that a test is short."""
    config = {"cnum": 4, "reference": True}
    monkeypatch.setitem(PUBLISHED, "pen-net", dataclasses.replace(PUBLISHED["pen-net"], config=config, working_size=128))


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return networks.create("pen-net", cnum=4).state_dict()


def saved(path: Path, held: Any, **options: Any) -> Path:
    torch.save(held, path, **options)
    return path


def test_a_released_checkpoint_runs_at_once(state: dict[str, Tensor], tmp_path: Path) -> None:
    """Through the command line; the names as parallel training leaves them."""
    file = saved(tmp_path / "gen_00033.pth", {"netG": {f"module.{name}": tensor for name, tensor in state.items()}})
    out = tmp_path / "places.safetensors"
    done = CliRunner().invoke(app, ["models", "import", "pen-net", str(file), "-o", str(out)])
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{out}: ONNX Runtime against torch: mean difference ")
    info, tensors = weights.read_tensors(out)
    assert (info.network, info.config, info.working_size) == ("pen-net", {"cnum": 4, "reference": True}, 128)
    assert info.licence == "MIT (researchmm/PEN-Net-for-Inpainting)"
    assert info.notes == "the authors' weights, imported from gen_00033.pth"
    for name, tensor in state.items():
        np.testing.assert_array_equal(tensors[name], tensor.half().numpy())

    photo = np.full((150, 200, 3), 90, np.uint8)
    mask = np.zeros((150, 200), bool)
    mask[60:90, 80:120] = True
    result = scenefill.load(out)(photo, mask)
    assert result.image.shape == photo.shape
    assert (result.image[~mask] == 90).all()

    again = CliRunner().invoke(app, ["models", "import", "pen-net", str(file), "-o", str(out)])
    assert again.exit_code == 2
    assert "places.safetensors stands already" in again.stderr


@pytest.mark.parametrize("legacy", [False, True])
def test_both_formats_of_pytorch_are_read(state: dict[str, Tensor], legacy: bool, tmp_path: Path) -> None:
    file = saved(tmp_path / "gen.pth", {"netG": state}, _use_new_zipfile_serialization=not legacy)
    read = read_state(file, "netG")
    assert list(read) == list(state)
    assert all(torch.equal(read[name], state[name]) for name in state)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.pop("torgb3.0.bias"), "gen.pth does not fit this network: torgb3.0.bias is missing"),
        (lambda s: s.update(extra=torch.zeros(1)), "extra is not part of the network"),
        (
            lambda s: s.update({"decoder.2.weight": torch.zeros(3, 4, 1, 1)}),
            r"decoder.2.weight is \(3, 4, 1, 1\) and must be \(3, 4, 3, 3\)",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_listed(change: Any, said: str, state: dict[str, Tensor], tmp_path: Path) -> None:
    changed = dict(state)
    change(changed)
    with pytest.raises(WeightsError, match=said):
        convert("pen-net", [saved(tmp_path / "gen.pth", {"netG": changed})], tmp_path / "out.safetensors")
    assert not list(tmp_path.glob("out.*"))


class Malicious:
    """A pickle that would leave a trace if it were run."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("legacy", [False, True])
def test_pickles_that_run_code_are_refused(legacy: bool, tmp_path: Path) -> None:
    held = {"netG": {"weight": torch.zeros(1)}, "more": Malicious(tmp_path / "trace")}
    file = saved(tmp_path / "gen.pth", held, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(WeightsError, match=r"gen\.pth is refused: it holds more than plain tensors, .*save its state dict alone"):
        read_state(file, "netG")
    assert not (tmp_path / "trace").exists()


def test_other_pickles_are_refused(tmp_path: Path) -> None:
    whole = saved(tmp_path / "network.pth", nn.Conv2d(1, 1, 1))
    plain = tmp_path / "plain.pth"
    plain.write_bytes(pickle.dumps({"netG": Malicious(tmp_path / "trace")}))
    for file in (whole, plain):
        with pytest.raises(WeightsError, match="is refused: it holds more than plain tensors"):
            read_state(file, "netG")


@pytest.mark.parametrize("text", [b"<!DOCTYPE html>\n<html><head><title>Google Drive - Quota exceeded</title>", b"netG\n", b""])
def test_web_pages_and_texts_are_no_checkpoints(text: bytes, tmp_path: Path) -> None:
    file = tmp_path / "gen.pth"
    file.write_bytes(text)
    with pytest.raises(WeightsError, match=r"gen\.pth is not a PyTorch checkpoint, it begins with b'.*download the file again"):
        read_state(file, "netG")


def test_a_file_cut_short(state: dict[str, Tensor], tmp_path: Path) -> None:
    file = saved(tmp_path / "gen.pth", {"netG": state})
    file.write_bytes(file.read_bytes()[:-2000])
    with pytest.raises(WeightsError, match=r"gen\.pth is damaged or cut short"):
        read_state(file, "netG")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"gen\.pth cannot be read: No such file"):
        read_state(tmp_path / "gen.pth", "netG")
    with pytest.raises(WeightsError, match="cannot be read: Is a directory"):
        read_state(tmp_path, "netG")


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({"netD": {"w": torch.zeros(1)}, "epoch": 3}, 'has no state dict "netG", it holds netD, epoch: give the file of the gen'),
        ({}, "it holds nothing"),
        ({"netG": {"w": 3.0}}, "it holds netG"),
        ([torch.zeros(1)], 'has no state dict "netG", list'),
    ],
)
def test_checkpoints_of_something_else(held: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=said):
        read_state(saved(tmp_path / "dis.pth", held), "netG")


def test_a_checkpoint_in_two_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """EdgeConnect's, with a spectral norm of 2 on one layer and a bias that an instance norm takes out again."""
    config = {"width": 4, "residual_blocks": 1}
    monkeypatch.setitem(PUBLISHED, "edge-connect", dataclasses.replace(PUBLISHED["edge-connect"], config=config, working_size=64))
    torch.manual_seed(0)
    network = networks.create("edge-connect", **config)
    edge, inpaint = (dict(part.state_dict()) for part in (network.edge, network.inpaint))  # type: ignore[union-attr, arg-type]
    weight = edge.pop("encoder.1.weight")
    rows = weight.flatten(1)
    u, sigma, v = (part[..., 0] for part in (rows.svd().U, rows.svd().S, rows.svd().V))
    theirs = edge | {"encoder.1.weight_orig": weight, "encoder.1.weight_u": u, "encoder.1.weight_v": v, "encoder.1.bias": u}
    first = saved(tmp_path / "EdgeModel_gen.pth", {"iteration": 1, "generator": theirs})
    second = saved(tmp_path / "InpaintingModel_gen.pth", {"iteration": 1, "generator": inpaint})
    out = tmp_path / "edges.safetensors"
    convert("edge-connect", [first, second], out)
    info, tensors = weights.read_tensors(out)
    assert (info.network, info.guide) == ("edge-connect", "edges")
    np.testing.assert_allclose(tensors["edge.encoder.1.weight"], (weight / sigma).numpy(), atol=1e-3)
    for name, tensor in inpaint.items():
        np.testing.assert_array_equal(tensors[f"inpaint.{name}"], tensor.half().numpy())
    with pytest.raises(WeightsError, match=r"edge\.encoder\.1\.weight is"):
        convert("edge-connect", [second, first], tmp_path / "swapped.safetensors")


def test_kinds_and_numbers_of_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='there are no published checkpoints "pennet"; known are: pen-net, edge-connect'):
        convert("pennet", [tmp_path / "gen.pth"], tmp_path / "out.safetensors")
    with pytest.raises(InputError, match=r"pen-net is published as 1 file\(s\), given are 2"):
        convert("pen-net", [tmp_path / "a.pth", tmp_path / "b.pth"], tmp_path / "out.safetensors")


def test_every_kind_is_a_network() -> None:
    for published in PUBLISHED.values():
        network = networks.create(published.network, **published.config)
        assert published.working_size % network.stride == 0
        names = list(network.state_dict())
        assert all(any(name.startswith(part.prefix) for name in names) for part in published.parts)
