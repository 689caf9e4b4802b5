"""An exported network on OpenVINO: the extra "openvino". At bf16 it takes half the time on processors that have it.

What OpenVINO makes of a network takes longer than a fill, so it is kept in the cache: one file for each network, precision and
number of threads, made anew where the network, OpenVINO or the processor is another one. In it stands how far its fill of one
hole is from that of ONNX Runtime, which was measured when it was made.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import io
import json
import logging
import os
import tempfile
import threading
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ScenefillWarning, WeightsError
from ..pictures.files import replacing
from . import registry, sample, weights
from .runtime import Computing, Exported, Floats, bound

if TYPE_CHECKING:
    from openvino import CompiledModel, Core

_log = logging.getLogger(__name__)

PRECISIONS = {"fp32": "f32", "bf16": "bf16"}
TOLERANCE = 0.5
"""Levels of 255, in the mean over a hole, by which a fill may differ from that of ONNX Runtime without a warning."""


_OPENING = threading.Lock()
_COMPILED: dict[str, tuple[CompiledModel, float]] = {}
"""What this process has compiled, by `_made_for`. It is never freed: OpenVINO gives the threads of what was freed to whatever is
compiled next, which in a child of `fork` would wait for them without end."""


def _leave_behind() -> None:
    """In a child of `fork`: see `runtime._leave_behind`."""
    global _OPENING
    _OPENING = threading.Lock()
    for compiled, _ in _COMPILED.values():
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(compiled))
    _COMPILED.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_behind)


@cache
def core() -> Core:
    """OpenVINO, of which a process needs one."""
    import openvino

    return openvino.Core()


def has_bf16() -> bool:
    """Whether this processor has instructions for bf16."""
    return "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class OpenVinoBackend(Exported):
    """An exported network on OpenVINO, on the processor."""

    runtime = "openvino"

    @classmethod
    def _start(cls, graph: Path, info: weights.Info, tensors: weights.Tensors, computing: Computing) -> CompiledModel:
        threads = {} if computing.threads is None else {"INFERENCE_NUM_THREADS": computing.threads}
        config = {"INFERENCE_PRECISION_HINT": PRECISIONS[computing.precision], "PERFORMANCE_HINT": "LATENCY", **threads}
        made_for, kept = _made_for(graph, info, config), _cache_file(info, computing)
        with _OPENING:
            if made_for not in _COMPILED:
                found = _read(kept, made_for, config)
                if found is None:
                    found = _made(graph, info, tensors, config)
                    _keep(*found, kept, made_for)
                _COMPILED[made_for] = found
            compiled, levels = _COMPILED[made_for]
        _log.info("%s: a test hole is filled %.2f levels of 255 away from ONNX Runtime at fp32, in the mean", graph.stem, levels)
        if not levels <= TOLERANCE:
            text = (
                f"{graph.stem} at {computing.precision} fills a test hole {levels:.1f} levels of 255 away from fp32 in the mean"
            )
            warnings.warn(f"{text}, more than {TOLERANCE}: for its exact fills leave the precision at fp32", ScenefillWarning, 6)
        return compiled

    def _compute(self, feed: dict[str, NDArray[Any]]) -> Sequence[Floats]:
        return _answers(self._ready, feed)


def _made_for(graph: Path, info: weights.Info, config: dict[str, Any]) -> str:
    """What a compiled network was made for, as one hash: it is of no use for anything else."""
    import openvino

    device = [core().get_property("CPU", name) for name in ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")]
    graph_sha256 = hashlib.sha256(graph.read_bytes()).hexdigest()
    facts = [openvino.get_version(), *device, info.tensors_sha256, graph_sha256, config]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _cache_file(info: weights.Info, computing: Computing) -> Path:
    threads = computing.threads or "all"
    return registry.cache_dir() / "openvino" / f"{info.tensors_sha256[:16]}-{computing.precision}-{threads}.blob"


def _made(graph: Path, info: weights.Info, tensors: weights.Tensors, config: dict[str, Any]) -> tuple[CompiledModel, float]:
    """A network compiled, and how far it is from ONNX Runtime. Raises WeightsError."""
    with tempfile.TemporaryDirectory(prefix="scenefill-") as folder:
        whole = Path(folder) / "whole.onnx"
        session = bound(graph, info, tensors, whole=whole)
        try:
            compiled = core().compile_model(whole, "CPU", config)
        except RuntimeError as error:
            raise WeightsError(f"{graph} cannot be run by OpenVINO ({error})") from None
    side = info.working_size // info.stride
    names = ("image", "mask", "hints", "forbid", "guide") if info.labels else ("image", "mask", "", "", "guide")
    feed = {name: part for name, part in zip(names, sample.question(info, 1, side, side, seed=0), strict=False) if name}
    exact = session.run(None, feed)[0]
    hole = np.broadcast_to(feed["mask"] > 0, exact.shape)
    return compiled, 127.5 * float(np.abs(_answers(compiled, feed)[0] - exact)[hole].mean())


def _answers(compiled: CompiledModel, feed: dict[str, NDArray[Any]]) -> Sequence[Floats]:
    request = compiled.create_infer_request()  # one for each call: threads may come at the same time
    outputs = request.infer({name: np.ascontiguousarray(array) for name, array in feed.items()})
    return [outputs[index] for index in range(len(outputs))]


def _read(kept: Path, made_for: str, config: dict[str, Any]) -> tuple[CompiledModel, float] | None:
    """A compiled network from the cache; None where there is none that was made for this."""
    try:
        head, _, data = kept.read_bytes().partition(b"\n")
        found, _, levels = head.decode("ascii", "replace").partition(" ")
        if found == made_for:
            return core().import_model(io.BytesIO(data), "CPU", config), float(levels)
    except FileNotFoundError:
        return None
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: a file that OpenVINO does not take
        _log.info("%s is not used: %s", kept, error)
    return None


def _keep(compiled: CompiledModel, levels: float, kept: Path, made_for: str) -> None:
    """Puts a compiled network into the cache, where there is one that can be written."""
    with contextlib.suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with replacing(kept) as file:
            file.write(f"{made_for} {levels:.4f}\n".encode() + compiled.export_model().getvalue())
