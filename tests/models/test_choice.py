"""Which runtime computes: what is asked for and what the machine has decide, and what it lacks is said in a sentence."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from fakes import write_network

from scenefill.errors import InputError, MissingExtraError
from scenefill.filling import inpainter, questions
from scenefill.models import choice, openvino
from scenefill.models.runtime import Computing


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenVINO on a processor with bf16, and ONNX Runtime with CUDA."""
    monkeypatch.setattr(choice, "openvino_installed", lambda: True)
    monkeypatch.setattr(openvino, "has_bf16", lambda: True)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("asked", "runtime", "why"),
    [
        (Computing(), "onnxruntime", "at fp32 it starts soonest"),
        (Computing("onnxruntime"), "onnxruntime", "asked for"),
        (Computing("openvino"), "openvino", "asked for"),
        (Computing(precision="bf16"), "openvino", "bf16"),
        (Computing("openvino", "bf16"), "openvino", "bf16"),
        (Computing(device="cuda"), "onnxruntime", "reaches cuda"),
        (Computing("onnxruntime", device="cuda"), "onnxruntime", "reaches cuda"),
    ],
)
def test_who_computes(asked: Computing, runtime: str, why: str) -> None:
    kind, said = choice.decide(asked)
    assert kind.runtime == runtime
    assert why in said


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (Computing("onnxruntime", "bf16"), "bf16 needs the runtime openvino, or auto"),
        (Computing("openvino", device="cuda"), "cuda is reached through ONNX Runtime, at fp32"),
        (Computing(precision="bf16", device="cuda"), "cuda is reached through ONNX Runtime, at fp32"),
        (Computing(device="coreml"), "the ONNX Runtime that is installed has no coreml: .*, or compute on the cpu"),
        (Computing(device="directml"), "install onnxruntime-directml in its place, on Windows, or"),
        (Computing("tensorrt"), 'there is no runtime "tensorrt"; there are: auto, onnxruntime, openvino'),  # type: ignore[arg-type]
        (Computing(precision="int8"), 'there is no precision "int8"; there are: fp32, bf16'),  # type: ignore[arg-type]
        (Computing(device="tpu"), 'there is no device "tpu"; there are: cpu, cuda, coreml, directml'),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_refused(asked: Computing, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        choice.decide(asked)


def test_a_processor_without_bf16_is_told(installed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino, "has_bf16", lambda: False)
    with pytest.raises(InputError, match="this processor has no instructions for bf16"):
        choice.decide(Computing(precision="bf16"))


@pytest.mark.parametrize("asked", [Computing("openvino"), Computing(precision="bf16")])
def test_without_the_extra_it_is_named(asked: Computing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "openvino_installed", lambda: False)
    with pytest.raises(MissingExtraError, match=r'needs the extra "openvino": run  pip install "scenefill\[openvino\]"'):
        choice.decide(asked)
    assert choice.decide(Computing())[0].runtime == "onnxruntime"


def test_the_log_says_which_and_why(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        inpainter.load(write_network(tmp_path), threads=1)
    assert "tiny runs on ONNX Runtime at fp32 on the cpu: at fp32 it starts soonest" in caplog.text


def test_a_classical_method_has_nothing_to_choose() -> None:
    assert inpainter.load("telea", precision="bf16", device="coreml").backend.name == "telea"


def test_spg_net_asks_its_segmenter_on_the_same_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    fill = inpainter.load("spg-net-street", threads=1, runtime="onnxruntime")
    asked = []
    monkeypatch.setattr(questions, "open_backend", lambda name, computing: asked.append(computing) or fill.backend)
    fill(np.zeros((64, 64, 3), np.uint8), np.eye(64, dtype=bool), detail="none")
    assert asked == [Computing("onnxruntime", threads=1)]
