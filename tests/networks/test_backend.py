"""A live network behind the contract of an exported one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from networks.contract import question, write

from scenefill import networks
from scenefill.errors import InputError, WeightsError
from scenefill.models import weights
from scenefill.networks.backend import TorchBackend, read

CONFIG = {"label_set": "street", "widths": [4, 8], "cim_dilations": [1], "spade_hidden": [4], "keep_percent": [50, 0]}


@pytest.fixture
def backend() -> TorchBackend:
    return TorchBackend(networks.create("sge-net", **CONFIG), name="live", working_size=32, temperature=1.5)


def test_arrays_in_arrays_out(backend: TorchBackend) -> None:
    asked = question(backend.network, 6, 8)
    answer = backend.run(*(part.numpy() for part in asked))
    with torch.no_grad():
        expected = backend.network.eval()(*asked)
    assert answer.logits is not None
    assert answer.image.dtype == answer.logits.dtype == np.float32
    np.testing.assert_allclose(answer.image, expected.image.numpy(), atol=1e-6)
    np.testing.assert_allclose(answer.logits, expected.logits.numpy(), atol=1e-6)


def test_it_says_what_it_is(backend: TorchBackend) -> None:
    assert (backend.name, backend.working_size, backend.stride, backend.temperature) == ("live", 32, 2, 1.5)
    assert backend.labels is not None
    assert backend.labels.name == "street"


@pytest.mark.parametrize("training", [True, False])
def test_a_network_in_training_stays_in_training(backend: TorchBackend, training: bool) -> None:
    backend.network.train(training)
    backend.run(*(part.numpy() for part in question(backend.network, 4, 4)))
    assert backend.network.training == training


def test_views_are_taken(backend: TorchBackend) -> None:
    image, mask, hints, forbid = (part.numpy() for part in question(backend.network, 4, 4))
    mirrored = backend.run(image[..., ::-1], mask[..., ::-1], hints[..., ::-1], forbid)
    copied = backend.run(*(np.ascontiguousarray(a[..., ::-1]) for a in (image, mask, hints)), forbid)
    np.testing.assert_array_equal(mirrored.image, copied.image)


def test_a_size_that_does_not_fit_is_refused(backend: TorchBackend) -> None:
    with pytest.raises(InputError, match="this network takes multiples of 2, the input is 5x8: pad it"):
        backend.run(*(part.numpy() for part in question(backend.network, 5, 8)))


def test_tensors_of_another_network_are_refused(backend: TorchBackend, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    write(backend.network, "sge-net", CONFIG | {"widths": [4, 12]}, path)
    with pytest.raises(WeightsError, match=rf"{path} does not fit this network: .* is \(8, .*\) and must be \(12, "):
        read(path)


def test_a_damaged_file_is_refused(backend: TorchBackend, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    write(backend.network, "sge-net", CONFIG, path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="damaged"):
        read(path)


def test_weights_name_their_network(backend: TorchBackend, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    write(backend.network, "sge-net", CONFIG, path)
    assert weights.read_info(path).config == CONFIG
