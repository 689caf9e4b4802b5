"""From trained weights to what everybody else runs: NAME.safetensors with its description, NAME.onnx, the graph alone.

The graph names its weights, each a float16 initializer without data followed by a Cast to float32; `runtime.OnnxBackend` binds
them by name to the tensors of the weights file, so that one file of weights serves torch and ONNX Runtime.
Nothing is kept unless both give the same pictures at sizes that were not traced.
"""

from __future__ import annotations

import dataclasses
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import OutputError, ScenefillError, WeightsError
from ..models import sample, weights
from ..models.runtime import OnnxBackend

if TYPE_CHECKING:
    from .interface import Network

TRACED = (4, 6)
"""Height and width, in strides, at which the graph is traced."""
COMPARED = ((8, 10), (16, 16), (17, 25))
"""Those at which it is compared, in strides of at most `LARGE` pixels; for larger strides in such, rounded up."""
LARGE = 16
MEAN_DIFFERENCE = 1e-4
CLOSE, SHARE_CLOSE = 1e-3, 0.99
"""SCEM's threshold flips near-ties: so many of the values must be that close, a few may differ."""


@dataclass(frozen=True)
class Agreement:
    """How far ONNX Runtime is from torch, over all compared sizes."""

    mean: float
    """Largest of the mean absolute differences of image and logits."""
    share_close: float
    """Smallest share of the values within `CLOSE`."""

    @property
    def holds(self) -> bool:
        return self.mean < MEAN_DIFFERENCE and self.share_close >= SHARE_CLOSE


def export(source: Path, out: Path, *, overwrite: bool = False, **changes: Any) -> Agreement:
    """Writes `out` (NAME.safetensors) and NAME.onnx from a weights file or a run directory.

    changes: fields of the description (`weights.Info`) to set, such as temperature, metrics, notes.
    Raises WeightsError for a source that cannot be read, OutputError where `out` stands already or cannot be written,
    ScenefillError when ONNX Runtime and torch disagree; nothing is written then.
    """
    from .backend import read

    source = find_weights(source)
    info, network = read(source)
    graph_path = out.with_suffix(".onnx")
    if not overwrite and (standing := [p for p in (out, graph_path) if p.exists()]):
        raise OutputError(f"{standing[0]} stands already; give another name or --overwrite")
    if out.suffix != ".safetensors":
        raise OutputError(f"{out}: the name of a weights file ends in .safetensors")
    _, tensors = weights.read_tensors(source)
    info = dataclasses.replace(info, **changes)
    try:
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as folder:
            trial = Path(folder) / out.name
            info = weights.save(trial, tensors, info)
            trial.with_suffix(".onnx").write_bytes(graph(network, tensors, info.tensors_sha256))
            agreement = compare(network, OnnxBackend.open(trial))
            if not agreement.holds:
                raise ScenefillError(
                    f"{source} was not exported: ONNX Runtime differs from torch by {agreement.mean:.2g} in the mean, "
                    f"{agreement.share_close:.2%} of the values are within {CLOSE}"
                )
            trial.with_suffix(".onnx").replace(graph_path)
            trial.replace(out)
    except OSError as error:
        if isinstance(error, ScenefillError):
            raise
        raise OutputError(f"cannot write {out}: {error.strerror}") from error
    return agreement


def find_weights(source: Path) -> Path:
    """The generator's weights file of a run directory, or `source` itself where it is a file. Raises WeightsError."""
    if not source.is_dir():
        return source
    found = [p for p in sorted((source / "weights").glob("*.safetensors")) if not p.stem.endswith("discriminator")]
    if len(found) != 1:
        raise WeightsError(f"{source} is not a run directory: it has {len(found)} weights files in {source / 'weights'}, not one")
    return found[0]


def graph(network: Network, tensors: Mapping[str, NDArray[Any]], tensors_sha256: str) -> bytes:
    """The network as an ONNX file without its weights; height, width and batch size are free.

    tensors: float16 weights by name; only names and shapes are used.
    """
    import copy

    import torch

    traced = copy.deepcopy(network)
    with torch.no_grad():
        for tensor in traced.state_dict().values():  # those of equal values, such as fresh biases, would be merged into one
            if tensor.is_floating_point():
                tensor.normal_()

    (traced_size,) = _sizes(network, (TRACED,))
    traced_with = [torch.from_numpy(a) for a in sample.question(network, 2, *traced_size, seed=0)]
    names = ["image", "mask", *(("hints", "forbid") if network.labels else ()), *(("guide",) if network.guide else ())]
    asked = dict(zip(("image", "mask", "hints", "forbid", "guide"), traced_with, strict=False))

    class Filled(torch.nn.Module):
        """What is left of a Prediction for those who only fill; without labels, hints and forbid are no inputs."""

        def __init__(self) -> None:
            super().__init__()
            self.network = traced

        def forward(self, *given: Any) -> Any:
            prediction = self.network(**asked | dict(zip(names, given, strict=True)))
            return (prediction.image,) if prediction.logits is None else (prediction.image, prediction.logits)

    batch = torch.export.Dim("batch", min=1, max=64)
    height, width = (network.stride * torch.export.Dim(side, min=1, max=1024) for side in ("h", "w"))
    only_batch = {0: batch}
    plane = only_batch if network.fixed_size else only_batch | {2: height, 3: width}
    shapes = dict.fromkeys(("image", "mask", "guide"), plane)
    shapes |= {"hints": only_batch if network.fixed_size else only_batch | {1: height, 2: width}, "forbid": only_batch}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        program = torch.onnx.export(
            Filled().eval(),
            tuple(asked[name] for name in names),
            dynamo=True,
            dynamic_shapes=(tuple(shapes[name] for name in names),),
            input_names=names,
            output_names=["picture", "logits"] if network.labels else ["picture"],
            verbose=False,
        )
    assert program is not None
    return _without_weights(program.model_proto, tensors, tensors_sha256)


def _without_weights(model: Any, tensors: Mapping[str, NDArray[Any]], tensors_sha256: str) -> bytes:
    """Each of `tensors` becomes an external float16 initializer of its name, followed by a Cast.

    So do those that only train, such as the heads of coarser scales: the graph has a place for all of the weights file.
    """
    from onnx import TensorProto, helper

    kept = [initializer for initializer in model.graph.initializer if initializer.name.removeprefix("network.") not in tensors]
    casts = []
    for name, tensor in tensors.items():
        outside = TensorProto(name=name, data_type=TensorProto.FLOAT16, dims=list(tensor.shape))
        outside.data_location = TensorProto.EXTERNAL
        outside.external_data.add(key="location", value="weights")  # bound by name when the session opens; there is no such file
        kept.append(outside)
        casts.append(helper.make_node("Cast", [name], [f"network.{name}.float32"], to=TensorProto.FLOAT))
    for node in model.graph.node:
        for i, given in enumerate(node.input):
            if (name := given.removeprefix("network.")) in tensors:
                node.input[i] = f"network.{name}.float32"
    nodes = [*casts, *model.graph.node]
    for field, content in (("initializer", kept), ("node", nodes), ("value_info", [])):
        copies = [type(item).FromString(item.SerializeToString()) for item in content]
        model.graph.ClearField(field)
        getattr(model.graph, field).extend(copies)
    for node in model.graph.node:  # where each was traced from: of no use to a reader, and half the file
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    model.ClearField("metadata_props")
    helper.set_model_props(model, {"tensors_sha256": tensors_sha256})
    data: bytes = model.SerializeToString()
    return data


def compare(network: Network, exported: OnnxBackend) -> Agreement:
    """Both on random pictures with holes, hints and forbidden classes, at sizes that were not traced."""
    from .backend import TorchBackend

    live = TorchBackend(network, name="live", working_size=exported.working_size or network.stride)
    step = min(LARGE, network.stride)
    compared = tuple((-(-height * step // network.stride), -(-width * step // network.stride)) for height, width in COMPARED)
    means, shares = [], []
    for seed, (height, width) in enumerate(_sizes(network, compared)):
        asked = sample.question(network, 1 + seed % 2, height, width, seed=1 + seed)
        for ours, theirs in zip(live.run(*asked), exported.run(*asked), strict=True):
            if ours is not None and theirs is not None:
                difference = np.abs(ours - theirs)
                means.append(float(difference.mean()))
                shares.append(float((difference < CLOSE).mean()))
    return Agreement(max(means), min(shares))


def _sizes(network: Network, sizes: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """Heights and widths in strides; a network of one size has no other."""
    return sizes if network.fixed_size is None else ((network.fixed_size // network.stride,) * 2,)
