"""Which runtime computes a network. What was asked decides, and what this machine has; never a measurement at the start.

At fp32, "auto" is ONNX Runtime, wherever OpenVINO is installed or not: its fills are those that were measured and published, it
starts sooner, and OpenVINO is faster by a few percent only. At bf16 it is OpenVINO, which takes half the time there and which
nobody gets who has not asked for it, since fills differ from those at fp32.
"""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path
from typing import get_args

from ..errors import InputError, MissingExtraError
from .runtime import PROVIDERS, Computing, Device, Exported, OnnxBackend, Precision, Runtime

_log = logging.getLogger(__name__)

NAMES = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}
_BRINGS = {
    "cuda": "install onnxruntime-gpu in its place",
    "coreml": "that of macOS has it",
    "directml": "install onnxruntime-directml in its place, on Windows",
}


def decide(asked: Computing) -> tuple[type[Exported], str]:
    """The runtime, and why, in a few words.

    Raises InputError for what does not go together or what this machine lacks, MissingExtraError where OpenVINO is not installed.
    """
    _check_words(asked)
    if asked.device != "cpu":
        if asked.runtime == "openvino" or asked.precision != "fp32":
            raise InputError(
                f"{asked.device} is reached through ONNX Runtime, at fp32: leave out runtime and precision, or the device"
            )
        _check_device(asked.device)
        return OnnxBackend, f"it reaches {asked.device}"
    if asked.precision == "bf16":
        if asked.runtime == "onnxruntime":
            raise InputError("ONNX Runtime computes at fp32 on a processor: bf16 needs the runtime openvino, or auto")
        _check_bf16()
        return _openvino(), "it has bf16, which was asked for"
    if asked.runtime == "openvino":
        return _openvino(), "it was asked for"
    if asked.runtime == "onnxruntime":
        return OnnxBackend, "it was asked for"
    return OnnxBackend, "at fp32 it starts soonest; bf16 is OpenVINO's"


def open_network(path: Path, asked: Computing) -> Exported:
    """The network in a weights file on the runtime that `decide` names. Raises what `decide` raises, and WeightsError."""
    kind, why = decide(asked)
    _log.info("%s runs on %s at %s on the %s: %s", path.stem, NAMES[kind.runtime], asked.precision, asked.device, why)
    return kind.open(path, threads=asked.threads, precision=asked.precision, device=asked.device)


def openvino_installed() -> bool:
    """Whether the extra "openvino" is there."""
    return importlib.util.find_spec("openvino") is not None


def _check_words(asked: Computing) -> None:
    for field, known in (("runtime", get_args(Runtime)), ("precision", get_args(Precision)), ("device", get_args(Device))):
        if getattr(asked, field) not in known:
            raise InputError(f'there is no {field} "{getattr(asked, field)}"; there are: {", ".join(known)}')


def _check_device(device: str) -> None:
    import onnxruntime

    if PROVIDERS[device] not in onnxruntime.get_available_providers():
        raise InputError(f"the ONNX Runtime that is installed has no {device}: {_BRINGS[device]}, or compute on the cpu")


def _openvino() -> type[Exported]:
    if not openvino_installed():
        raise MissingExtraError("the runtime openvino", "openvino")
    from .openvino import OpenVinoBackend

    return OpenVinoBackend


def _check_bf16() -> None:
    if not openvino_installed():
        raise MissingExtraError("bf16, which is computed by OpenVINO,", "openvino")
    from .openvino import has_bf16

    if not has_bf16():
        raise InputError("this processor has no instructions for bf16, so it would only be slower: leave the precision at fp32")
