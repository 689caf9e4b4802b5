"""Backend: arrays in, arrays out. What the Inpainter asks of a model, and the exported network on ONNX Runtime that answers."""

from __future__ import annotations

import ctypes
import os
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, WeightsError
from ..labels import LabelSet
from . import weights

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Answer(NamedTuple):
    """What a backend makes of a picture with holes."""

    image: Floats
    """(B, 3, H, W) RGB in [-1, 1]: the whole picture, not composited."""
    logits: Floats | None
    """(B, K, H, W) class scores before hints and forbidden classes; None where a model has no semantics."""


class Backend(Protocol):
    """A model that fills holes: an exported network, a live torch network, or a classical method."""

    @property
    def name(self) -> str:
        """What `scenefill.load` calls it."""

    @property
    def labels(self) -> LabelSet | None:
        """The classes of its scores, or None for a model without semantics."""

    @property
    def working_size(self) -> int | None:
        """Side in pixels of the pictures it works best on; None for a method that takes any size as it is."""

    @property
    def stride(self) -> int:
        """Height and width handed to `run` are multiples of this."""

    @property
    def temperature(self) -> float:
        """What scores are divided by so that their softmax is a calibrated confidence."""

    @property
    def known_map(self) -> bool:
        """Whether it counts on hints outside the hole: the map of what is known."""

    @property
    def guide(self) -> str | None:
        """Name in `guides.GUIDES` of what else `run` is given, or None."""

    def run(self, image: Floats, mask: Floats, hints: Ids, forbid: Flags, guide: Floats | None = None) -> Answer:
        """Fill the holes of a batch.

        image: (B, 3, H, W) RGB in [-1, 1]; what lies inside a hole has no influence.   mask: (B, 1, H, W), 1 = hole.
        hints: (B, H, W) class ids, 255 = "you decide".   forbid: (B, K), True = may not appear in the hole (K = 0: no labels).
        guide: (B, 2, H, W), for a backend that names one: its values, and 1 where they are to be believed.
        """


Runtime = Literal["auto", "onnxruntime", "openvino"]
Precision = Literal["fp32", "bf16"]
Device = Literal["cpu", "cuda", "coreml", "directml"]

PROVIDERS = {"cuda": "CUDAExecutionProvider", "coreml": "CoreMLExecutionProvider", "directml": "DmlExecutionProvider"}
"""Device -> what ONNX Runtime calls that which computes on it; some of its builds have it and others do not."""


@dataclass(frozen=True)
class Computing:
    """With what a network is computed."""

    runtime: Runtime = "auto"
    precision: Precision = "fp32"
    device: Device = "cpu"
    threads: int | None = None
    """Of the processor; None leaves it to the runtime (one per core)."""


class Exported:
    """An exported network: what is the same whatever computes it. A runtime is a subclass with `_start` and `_compute`.

    NAME.onnx is the graph alone. Its inputs are named as the arguments of `run`: without hints and forbid for a network without
    semantics, with guide for one that names it. Its outputs are those of Answer, in that order. Its initializers are external
    and are bound by name to the tensors of NAME.safetensors, no more and no fewer; its metadata holds their hash as
    "tensors_sha256".

    Copied, pickled or taken along by `fork`, it opens its files again: a runtime's threads live in the process that made them.
    """

    runtime: ClassVar[Runtime]

    def __init__(self, path: Path, info: weights.Info, running: Any, computing: Computing) -> None:
        self.name = path.stem
        self.labels = info.labels
        self.working_size: int | None = info.working_size
        self.stride = info.stride
        self.temperature = info.temperature
        self.known_map = info.known_map
        self.guide = info.guide
        self.computing = computing
        self._path = path
        self._running: Any = running
        _ALIVE.add(self)

    @classmethod
    def open(cls, path: str | Path, *, threads: int | None = None, precision: Precision = "fp32", device: Device = "cpu") -> Self:
        """The network in NAME.safetensors, with NAME.onnx beside it.

        threads, precision, device: see Computing; `choice.decide` says which of them go together.
        Raises WeightsError where a file is missing or damaged, or where the two do not belong together.
        """
        path, computing = Path(path), Computing(cls.runtime, precision, device, threads)
        info, tensors = weights.read_tensors(path)
        graph = path.with_suffix(".onnx")
        if not graph.is_file():
            raise WeightsError(f"{graph}, the graph that belongs to {path.name}, is missing: keep the two files side by side")
        return cls(path, info, cls._start(graph, info, tensors, computing), computing)

    @classmethod
    def _start(cls, graph: Path, info: weights.Info, tensors: weights.Tensors, computing: Computing) -> Any:
        """What the runtime has made of the files, ready to compute. Raises WeightsError."""
        raise NotImplementedError

    def _compute(self, feed: dict[str, NDArray[Any]]) -> Sequence[Floats]:
        """The outputs for these inputs; may be called by several threads at a time."""
        raise NotImplementedError

    def __reduce__(self) -> tuple[object, ...]:
        return _reopened, (type(self), self._path, self.computing)

    @property
    def _ready(self) -> Any:
        if self._running is None:
            self._running = _reopened(type(self), self._path, self.computing)._running
        return self._running

    def run(self, image: Floats, mask: Floats, hints: Ids, forbid: Flags, guide: Floats | None = None) -> Answer:
        """See Backend."""
        feed: dict[str, NDArray[Any]] = {"image": image, "mask": mask} | ({} if guide is None else {"guide": guide})
        if self.labels is None:
            (picture,) = self._compute(feed)
            return Answer(picture, None)
        picture, logits = self._compute(feed | {"hints": hints, "forbid": forbid})
        return Answer(picture, logits)


class OnnxBackend(Exported):
    """An exported network on ONNX Runtime: on any processor, and on the devices that its build knows."""

    runtime = "onnxruntime"

    @classmethod
    def _start(cls, graph: Path, info: weights.Info, tensors: weights.Tensors, computing: Computing) -> InferenceSession:
        return bound(graph, info, tensors, computing.threads, computing.device)

    def _compute(self, feed: dict[str, NDArray[Any]]) -> Sequence[Floats]:
        outputs: Sequence[Floats] = self._ready.run(None, feed)
        return outputs


_ALIVE: weakref.WeakSet[Exported] = weakref.WeakSet()


def _leave_behind() -> None:
    """In a child of `fork`: what the parent had running is forgotten, and never freed, since that would wait for its threads."""
    for backend in list(_ALIVE):
        if backend._running is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(backend._running))
            backend._running = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_behind)


def _reopened(kind: type[Exported], path: Path, computing: Computing) -> Exported:
    return kind.open(path, threads=computing.threads, precision=computing.precision, device=computing.device)


def bound(
    graph: Path,
    info: weights.Info,
    tensors: weights.Tensors,
    threads: int | None = None,
    device: Device = "cpu",
    whole: Path | None = None,
) -> InferenceSession:
    """`opened`, once it is sure that the graph was exported with these weights. Raises WeightsError where it was not."""
    session = opened(graph, tensors, threads, device, whole)
    if session.get_modelmeta().custom_metadata_map.get("tensors_sha256") != info.tensors_sha256:
        raise WeightsError(f"{graph} was exported with other weights than {graph.stem}.safetensors: export both again")
    return session


def opened(
    graph: Path, tensors: weights.Tensors, threads: int | None, device: Device = "cpu", whole: Path | None = None
) -> InferenceSession:
    """A graph whose initializers are these tensors, on ONNX Runtime. Raises WeightsError where they do not fit together.

    whole: a file to write: the graph as it is, with the tensors inside, for other runtimes.
    Raises InputError where ONNX Runtime cannot start the device.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # from 1.32 on it reports its use, and complains where there is no home
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 3  # errors; its warnings are about the graph, which a user cannot change
    options.enable_mem_pattern = device != "directml"  # which takes no pattern
    if whole:
        options.optimized_model_filepath = str(whole)
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(tensor) for tensor in tensors.values()]
    options.add_external_initializers(list(tensors), values)
    wanted = [PROVIDERS[device]] if device in PROVIDERS else []
    try:
        session = onnxruntime.InferenceSession(graph, options, providers=[*wanted, "CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions have no base class of their own
        raise WeightsError(f"{graph} is damaged or does not belong to {graph.stem}.safetensors ({error})") from None
    if not set(wanted) <= set(session.get_providers()):
        raise InputError(f"ONNX Runtime could not start {device}: see what it says above, or compute on the cpu")
    return session
