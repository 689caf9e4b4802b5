"""Models that are small enough to know their answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from scenefill import labels
from scenefill.models import weights
from scenefill.models.runtime import Answer, Flags, Floats, Ids

STREET = labels.get("street")
PALETTE = np.array(STREET.colours, np.uint8)
COLOURS = PALETTE / np.float32(127.5) - 1


def scene(height: int = 40, width: int = 60) -> NDArray[np.uint8]:
    """A label map: sky over road, with a car."""
    labels = np.zeros((height, width), np.uint8)
    labels[height // 2 :] = STREET.id("road")
    labels[height // 2 + 2 : height // 2 + 10, 20:32] = STREET.id("car")
    return labels


class Painter:
    """Sees in every known pixel the `street` class with the nearest colour, and paints holes in the colour of a class.

    That class is the hinted one, else the first of `fallback` that is not forbidden. Its scores are 6 against 0 for what it sees,
    2 against 0 for the first of `fallback` in a hole. `asked` keeps what it was given.
    """

    name = "painter"
    labels = STREET
    temperature = 2.0
    known_map = False
    guide = None

    def __init__(
        self, working_size: int = 32, stride: int = 16, fallback: tuple[str, ...] = ("building", *STREET.classes)
    ) -> None:
        self.working_size = working_size
        self.stride = stride
        self.fallback = fallback
        self.asked: list[tuple[Floats, Floats, Ids, Flags]] = []

    def run(self, image: Floats, mask: Floats, hints: Ids, forbid: Flags, guide: Floats | None = None) -> Answer:
        batch, _, height, width = image.shape
        assert height % self.stride == 0
        assert width % self.stride == 0
        assert (image.dtype, mask.dtype, hints.dtype, forbid.dtype) == (np.float32, np.float32, np.int64, np.bool_)
        assert mask.shape == (batch, 1, height, width)
        assert hints.shape == (batch, height, width)
        assert forbid.shape == (batch, len(STREET))
        assert np.abs(image).max() <= 1
        self.asked.append((image, mask, hints, forbid))

        hole = mask[:, 0] > 0
        seen = ((image.transpose(0, 2, 3, 1)[..., None, :] - COLOURS) ** 2).sum(-1).argmin(-1)
        default = [next(i for i in STREET.ids(self.fallback) if not flags[i]) for flags in forbid]
        painted = np.where(hints == labels.UNKNOWN, np.array(default)[:, None, None], hints)
        picture = np.where(hole[:, None], COLOURS[painted].transpose(0, 3, 1, 2), image)
        own = np.where(hole, STREET.id(self.fallback[0]), seen)
        scores = (own[:, None] == np.arange(len(STREET))[:, None, None]) * np.where(hole, 2, 6)[:, None]
        return Answer(picture.astype(np.float32), scores.astype(np.float32))


class Grey:
    """Fills holes with one value, from -1 to 1, and knows no classes."""

    name = "grey"
    labels = None
    temperature = 1.0
    known_map = False
    guide: str | None = None

    def __init__(self, value: float = 0.0, working_size: int | None = 32, stride: int = 16) -> None:
        self.value = value
        self.working_size = working_size
        self.stride = stride

    def run(self, image: Floats, mask: Floats, hints: Ids, forbid: Flags, guide: Floats | None = None) -> Answer:
        assert forbid.shape == (len(image), 0)
        return Answer(np.full_like(image, self.value), None)


class Draughtsman(Grey):
    """Is led by edges, and fills a hole with those that it is to believe, white on black."""

    name = "draughtsman"
    guide = "edges"

    def run(self, image: Floats, mask: Floats, hints: Ids, forbid: Flags, guide: Floats | None = None) -> Answer:
        assert guide is not None
        assert guide.shape == (len(image), 2, *image.shape[2:])
        return Answer(np.broadcast_to(2 * guide[:, :1] * guide[:, 1:] - 1, image.shape).astype(np.float32), None)


def write_network(folder: Path, name: str = "tiny", *, semantics: bool = True, seed: int = 0) -> Path:
    """A weights file and its graph, in the layout of an export. Returns the path of the weights file.

    The hole takes one colour, "colour" (3, 1, 1), in [-1, 1]; hints and forbidden classes, wherever they are, make it lighter by
    0.25. Scores are a 1x1 convolution, "head" (8, 3, 1, 1), of the picture whose hole was blanked.
    """
    rng = np.random.default_rng(seed)
    tensors = {
        "colour": rng.uniform(-0.5, 0.5, (3, 1, 1)).astype(np.float16),
        "head": rng.normal(0, 1, (len(STREET), 3, 1, 1)).astype(np.float16),
    }
    if not semantics:
        del tensors["head"]
    info = weights.Info(
        network="tiny", config={}, label_set="street" if semantics else None, working_size=64, stride=8, temperature=1.5,
        trained_on=("nothing",), images_seen=0, metrics={}, licence="CC0-1.0",
    )  # fmt: skip
    info = weights.save(folder / f"{name}.safetensors", tensors, info)

    graph = helper.make_graph(
        [helper.make_node(op, given.split(), [out], **attributes) for op, given, out, attributes in _nodes(semantics)],
        name,
        inputs=[helper.make_tensor_value_info(*value) for value in _INPUTS[: 4 if semantics else 2]],
        outputs=[helper.make_tensor_value_info(*value) for value in _OUTPUTS[: 2 if semantics else 1]],
        initializer=[
            helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]),
            helper.make_tensor("quarter", TensorProto.FLOAT, [], [0.25]),
            helper.make_tensor("unknown", TensorProto.INT64, [], [labels.UNKNOWN]),
            *(_external(name, tensor) for name, tensor in tensors.items()),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {"tensors_sha256": info.tensors_sha256})
    (folder / f"{name}.onnx").write_bytes(model.SerializeToString())
    return folder / f"{name}.safetensors"


_INPUTS = (
    ("image", TensorProto.FLOAT, ["b", 3, "h", "w"]),
    ("mask", TensorProto.FLOAT, ["b", 1, "h", "w"]),
    ("hints", TensorProto.INT64, ["b", "h", "w"]),
    ("forbid", TensorProto.BOOL, ["b", len(STREET)]),
)
_OUTPUTS = (
    ("picture", TensorProto.FLOAT, ["b", 3, "h", "w"]),
    ("logits", TensorProto.FLOAT, ["b", len(STREET), "h", "w"]),
)


def _nodes(semantics: bool) -> list[tuple[str, str, str, dict[str, int]]]:
    """(operator, inputs, output, attributes) of each."""
    single = {"to": TensorProto.FLOAT}
    fill = [
        ("Cast", "colour", "colour.f32", single),
        ("Sub", "one mask", "known", {}),
        ("Mul", "image known", "blanked", {}),
        ("Mul", "paint mask", "painted", {}),
        ("Add", "blanked painted", "picture", {}),
    ]
    if not semantics:
        return [*fill[:3], ("Identity", "colour.f32", "paint", {}), *fill[3:]]
    steer = [
        ("Less", "hints unknown", "hinted", {}),
        ("Cast", "hinted", "hinted.f32", single),
        ("ReduceMax", "hinted.f32", "any_hint", {"keepdims": 0}),
        ("Cast", "forbid", "forbid.f32", single),
        ("ReduceMax", "forbid.f32", "any_forbid", {"keepdims": 0}),
        ("Max", "any_hint any_forbid", "steered", {}),
        ("Mul", "steered quarter", "lighter", {}),
        ("Add", "colour.f32 lighter", "paint", {}),
        ("Cast", "head", "head.f32", single),
        ("Conv", "blanked head.f32", "logits", {}),
    ]
    return [*fill[:3], *steer, *fill[3:]]


def _external(name: str, tensor: NDArray[np.float16]) -> TensorProto:
    """An initializer whose values are elsewhere: only its name, type and shape stand in the graph."""
    proto = TensorProto(name=name, data_type=TensorProto.FLOAT16, dims=tensor.shape, data_location=TensorProto.EXTERNAL)
    proto.external_data.add(key="location", value="bound by name")
    return proto
