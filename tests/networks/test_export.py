"""Export: two files that agree and belong together, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from networks.contract import question, write

from scenefill import networks
from scenefill.errors import OutputError, ScenefillError, WeightsError
from scenefill.models import sample, weights
from scenefill.models.runtime import OnnxBackend
from scenefill.networks import backend
from scenefill.networks import export as exporter
from scenefill.networks.export import Agreement, export, find_weights, graph
from scenefill.networks.interface import as_float16

CONFIG = {"label_set": "street", "widths": [4, 8], "cim_dilations": [1], "spade_hidden": [4], "keep_percent": [50, 0]}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file with fresh values: many of its tensors are equal, which must not become one in the graph."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("source") / "net.safetensors"
    write(networks.create("sge-net", **CONFIG), "sge-net", CONFIG, path)
    return path


@pytest.fixture(scope="module")
def exported(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Agreement]:
    out = tmp_path_factory.mktemp("exported") / "mine.safetensors"
    return out, export(source, out, temperature=1.7, notes="for a test", metrics={"a": 1.0})


@pytest.fixture
def quick(exported: tuple[Path, Agreement], monkeypatch: pytest.MonkeyPatch) -> None:
    """The graph is the one that was made before."""
    made = exported[0].with_suffix(".onnx").read_bytes()
    monkeypatch.setattr(exporter, "graph", lambda *_: made)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_two_files_that_agree(source: Path, exported: tuple[Path, Agreement]) -> None:
    out, agreement = exported
    assert names(out.parent) == ["mine.onnx", "mine.safetensors"]
    assert agreement.holds
    assert agreement.mean < 1e-5
    info, tensors = weights.read_tensors(out)
    before, given = weights.read_tensors(source)
    assert (info.temperature, info.notes, info.metrics) == (1.7, "for a test", {"a": 1.0})
    assert (info.network, info.config, info.tensors_sha256) == (before.network, before.config, before.tensors_sha256)
    assert all((tensors[name] == given[name]).all() for name in given)


def test_the_graph_holds_no_weights(exported: tuple[Path, Agreement]) -> None:
    info, tensors = weights.read_tensors(exported[0])
    model = onnx.load(exported[0].with_suffix(".onnx"), load_external_data=False)
    outside = {i.name: i for i in model.graph.initializer if i.data_location == onnx.TensorProto.EXTERNAL}
    assert set(outside) == set(tensors)
    for name, initializer in outside.items():
        assert initializer.data_type == onnx.TensorProto.FLOAT16
        assert tuple(initializer.dims) == tensors[name].shape
    inside = [np.prod(i.dims) for i in model.graph.initializer if i.name not in outside]
    assert max(inside) <= 16, "constants of the computation alone"
    assert {p.key: p.value for p in model.metadata_props} == {"tensors_sha256": info.tensors_sha256}
    assert [i.name for i in model.graph.input] == ["image", "mask", "hints", "forbid"]
    assert not any(node.doc_string or node.metadata_props for node in model.graph.node)


def test_other_weights_are_bound_to_a_graph_by_name(exported: tuple[Path, Agreement], tmp_path: Path) -> None:
    """The graph knows no value of the network that it was made from."""
    torch.manual_seed(1)
    other = networks.create("sge-net", **CONFIG).eval()
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    info = write(other, "sge-net", CONFIG, tmp_path / "other.safetensors")
    model = onnx.load(exported[0].with_suffix(".onnx"), load_external_data=False)
    model.metadata_props[0].value = info.tensors_sha256
    (tmp_path / "other.onnx").write_bytes(model.SerializeToString())
    _, rounded = backend.read(tmp_path / "other.safetensors")
    assert exporter.compare(rounded, OnnxBackend.open(tmp_path / "other.safetensors", threads=1)).holds


def test_the_network_is_left_as_it_was(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, network = backend.read(source)
    before = as_float16(network.state_dict())

    class StopError(Exception):
        pass

    def stop(*_: Any, **__: Any) -> None:
        raise StopError

    monkeypatch.setattr(torch.onnx, "export", stop)
    with pytest.raises(StopError):
        graph(network, before, "")
    assert all((before[name] == tensor.half().numpy()).all() for name, tensor in network.state_dict().items())


@pytest.mark.parametrize(
    ("mean", "share", "holds"),
    [(5e-5, 1.0, True), (5e-5, 0.99, True), (2e-4, 1.0, False), (5e-5, 0.98, False), (np.nan, 1.0, False)],
)
def test_what_agreement_is(mean: float, share: float, holds: bool) -> None:
    assert Agreement(mean, share).holds == holds


def test_disagreement_is_found(exported: tuple[Path, Agreement]) -> None:
    _, network = backend.read(exported[0])
    session = OnnxBackend.open(exported[0], threads=1)
    with torch.no_grad():
        network.get_submodule("image_head.0").bias += 0.01
    agreement = exporter.compare(network, session)
    assert not agreement.holds
    assert 1e-3 < agreement.mean < 1e-2


@pytest.mark.usefixtures("quick")
def test_nothing_is_kept_where_torch_and_onnx_runtime_disagree(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporter, "compare", lambda *_: Agreement(0.27, 0.5))
    with pytest.raises(ScenefillError, match=r"was not exported: .* differs from torch by 0\.27 in the mean, 50\.00% of the"):
        export(source, tmp_path / "new.safetensors")
    assert names(tmp_path) == []


@pytest.mark.usefixtures("quick")
def test_files_that_stand_are_left_alone_unless_told(source: Path, tmp_path: Path) -> None:
    for standing in ("new.safetensors", "new.onnx"):
        (tmp_path / standing).write_text("mine")
        with pytest.raises(OutputError, match=f"{standing} stands already; give another name or --overwrite"):
            export(source, tmp_path / "new.safetensors")
        assert names(tmp_path) == [standing]
        assert (tmp_path / standing).read_text() == "mine"
        export(source, tmp_path / "new.safetensors", overwrite=True)
        OnnxBackend.open(tmp_path / "new.safetensors")
        for path in tmp_path.iterdir():
            path.unlink()


@pytest.mark.usefixtures("quick")
def test_a_failed_overwrite_keeps_the_old_pair(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(source, tmp_path / "new.safetensors", notes="old")
    monkeypatch.setattr(exporter, "compare", lambda *_: Agreement(0.27, 0.5))
    with pytest.raises(ScenefillError):
        export(source, tmp_path / "new.safetensors", overwrite=True, notes="new")
    assert weights.read_info(tmp_path / "new.safetensors").notes == "old"
    assert names(tmp_path) == ["new.onnx", "new.safetensors"]


def test_names_and_places_that_cannot_be(source: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"net\.onnx: the name of a weights file ends in \.safetensors"):
        export(source, tmp_path / "net.onnx")
    with pytest.raises(OutputError, match=r"cannot write .*/none/net\.safetensors: No such file or directory"):
        export(source, tmp_path / "none" / "net.safetensors")
    assert names(tmp_path) == []


def test_sources_that_cannot_be_read(source: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.safetensors"
    data = source.read_bytes()
    damaged.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    (tmp_path / "cut.safetensors").write_bytes(data[:1000])
    for path in (damaged, tmp_path / "cut.safetensors", tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(WeightsError, match=str(path)):
            export(path, tmp_path / "out.safetensors")
    assert names(tmp_path) == ["cut.safetensors", "damaged.safetensors"]


def test_the_generator_of_a_run_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "weights"
    folder.mkdir(parents=True)
    with pytest.raises(
        WeightsError, match=rf"{tmp_path}/run is not a run directory: it has 0 weights files in {folder}, not one"
    ):
        find_weights(tmp_path / "run")
    for name in ("discriminator", "sge-net"):
        (folder / f"{name}.safetensors").touch()
    assert find_weights(tmp_path / "run") == folder / "sge-net.safetensors"
    assert find_weights(folder / "discriminator.safetensors") == folder / "discriminator.safetensors"
    (folder / "other.safetensors").touch()
    with pytest.raises(WeightsError, match="it has 2 weights files"):
        find_weights(tmp_path / "run")


def test_what_is_compared_has_a_hole_hints_and_forbidden_classes() -> None:
    network = networks.create("sge-net", **CONFIG)
    image, mask, hints, forbid = sample.question(network, 2, 8, 10, seed=0)
    assert [part.dtype for part in (image, mask, hints, forbid)] == [np.float32, np.float32, np.int64, bool]
    asked = question(network, 16, 20)
    assert [part.shape for part in (image, mask, hints, forbid)] == [tuple(part.shape) for part in asked]
    assert 0 < mask.mean() < 1
    assert (hints != 255).any()
    assert forbid.any()
