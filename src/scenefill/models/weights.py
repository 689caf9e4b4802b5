"""Weights: one safetensors file per network, described in its own header; where to find it, and whether it is what it says.

`NAME.safetensors` holds the parameters as float16. Its header metadata has one key, "scenefill", with `Info` as JSON.
`NAME.onnx` beside it is the graph alone (see runtime.py). No pickle is ever read from a weights file.

Public files of others that training and evaluation may use (VGG-16 and the like) are kept in a cache: $SCENEFILL_CACHE, else
$XDG_CACHE_HOME/scenefill, else ~/.cache/scenefill.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import labels as label_sets
from ..errors import LabelError, OutputError, WeightsError
from ..labels import LabelSet
from ..pictures.files import replacing

FORMAT = 1
_KEY = "scenefill"
_HASH = "sha256"
"""Field of the description with the hash of the others; files of before it was written have none."""
_LONGEST_HEADER = 10 * 2**20
"""Bytes; that of a network has some kilobytes, and a larger one is there to fill the memory."""
SUFFIX = ".safetensors"

_KINDS: dict[str, tuple[type, ...]] = {
    "network": (str,), "licence": (str,), "notes": (str,), "tensors_sha256": (str,), "guide": (str, type(None)),
    "working_size": (int,), "stride": (int,), "images_seen": (int,), "temperature": (int, float),
    "config": (dict,), "metrics": (dict,), "trained_on": (list,), "label_set": (str, dict, type(None)),
}  # fmt: skip
"""Fields of the description -> what they may be in JSON."""

Tensors = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Info:
    """What a weights file says of itself."""

    network: str
    """What `scenefill.networks.create` calls it, such as "sge-net"."""
    config: dict[str, Any]
    """The keyword arguments it was created with."""
    label_set: str | dict[str, Any] | None
    """The label set of its scores, as `labels.portable` has it: a name, or a user's own whole. None: without semantics."""
    working_size: int
    """Side in pixels of the pictures it was trained on."""
    stride: int
    """Height and width of its inputs are multiples of this."""
    temperature: float
    """What scores are divided by so that their softmax is a calibrated confidence."""
    trained_on: tuple[str, ...]
    images_seen: int
    metrics: dict[str, Any]
    licence: str
    tensors_sha256: str = ""
    """Of the tensors, see `tensors_sha256`; `save` fills it in."""
    notes: str = ""
    known_map: bool = False
    """Whether it counts on hints outside the hole: the map of what is known."""
    guide: str | None = None
    """Name in `guides.GUIDES` of what else its graph is given."""
    format: int = FORMAT

    @property
    def labels(self) -> LabelSet | None:
        """The classes of its scores, or None for a network without semantics."""
        return None if self.label_set is None else label_sets.get(self.label_set)

    @classmethod
    def from_json(cls, text: str) -> Info:
        """Raises WeightsError for another format, a missing or an unknown field, sizes that no network has, unknown classes."""
        try:
            fields = json.loads(text)
            if (digest := fields.pop(_HASH, None)) and digest != _hash(fields):
                raise WeightsError(
                    "weights whose description is damaged: it does not have the hash that it names; copy them again"
                )
            if fields.get("format") != FORMAT:
                raise WeightsError(f"weights of format {fields.get('format')}, this scenefill reads format {FORMAT}: update it")
            for name, kinds in _KINDS.items():
                if name in fields and (not isinstance(fields[name], kinds) or isinstance(fields[name], bool)):
                    raise WeightsError(f"weights whose {name} is {fields[name]!r:.60}, which no scenefill has written")
            info = cls(**{**fields, "trained_on": tuple(fields["trained_on"])})
            sizes = info.stride >= 1 and info.working_size >= info.stride and not info.working_size % info.stride
            if not sizes or not 0 < info.temperature < math.inf:
                raise WeightsError(
                    f"weights with working size {info.working_size}, stride {info.stride} and temperature {info.temperature}: "
                    "the working size must be a multiple of the stride, the temperature above 0"
                )
            if label_sets.is_file(info.label_set):
                raise WeightsError(f"weights whose classes are in another file, {info.label_set}: they must be whole")
            _ = info.labels
        except LabelError as error:
            raise WeightsError(f"weights whose classes cannot be read ({error})") from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise WeightsError(f"weights with a description that cannot be read ({error})") from None
        return info


def _hash(fields: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def tensors_sha256(tensors: Mapping[str, NDArray[Any]]) -> str:
    """Hash of names, dtypes, shapes and values, in the order of the names; the file's layout and header have no part in it."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}\0{tensor.dtype.name}\0{tensor.shape}\0".encode())
        digest.update(tensor.tobytes())
    return digest.hexdigest()


def save(path: str | Path, tensors: Mapping[str, NDArray[Any]], info: Info) -> Info:
    """Writes NAME.safetensors, in place of one that stands, and returns `info` with the tensors' hash.

    tensors: numpy arrays by name, floating ones float16.
    Raises WeightsError for wider floats, OutputError where it cannot write; what stood there is then untouched.
    """
    from safetensors.numpy import save as to_bytes

    wide = [name for name, tensor in tensors.items() if tensor.dtype.kind == "f" and tensor.dtype != np.float16]
    if wide:
        raise WeightsError(f"tensor {wide[0]} is {tensors[wide[0]].dtype}: weights files hold float16")
    path = Path(path)
    info = dataclasses.replace(info, tensors_sha256=tensors_sha256(tensors))
    contiguous = {name: np.ascontiguousarray(tensor).reshape(tensor.shape) for name, tensor in tensors.items()}
    try:
        with replacing(path) as file:
            fields = dataclasses.asdict(info)
            file.write(to_bytes(contiguous, {_KEY: json.dumps(fields | {_HASH: _hash(fields)}, ensure_ascii=False)}))
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None
    return info


def read_info(path: str | Path) -> Info:
    """What a weights file says of itself, from its header alone. Raises WeightsError where there is none."""
    with _opened(path) as file:
        return _info(path, file)


def read_tensors(path: str | Path) -> tuple[Info, Tensors]:
    """Description and tensors of a weights file. Raises WeightsError where the tensors are not those that were saved."""
    with _opened(path) as file:
        info = _info(path, file)
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a dict
    if tensors_sha256(tensors) != info.tensors_sha256:
        raise WeightsError(f"{path} is damaged: its tensors do not have the hash that its header names; copy it again")
    for name, tensor in tensors.items():
        if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
            raise WeightsError(f"{path} holds numbers that are not finite in {name}: the training that made it had diverged")
    return info, tensors


def blend(first: str | Path, second: str | Path, share: float) -> tuple[Info, Tensors]:
    """(1 - share) of the weights `first` and `share` of `second`, two of one network (Wang et al., ESRGAN, 2018, Sec. 3.4).

    Between a network and the one that it was trained from against an adversary, this trades sharpness for accuracy.
    The description is that of `first`, with a note. Raises WeightsError for networks that differ, or a share outside 0..1.
    """
    if not 0 <= share <= 1:
        raise WeightsError(f"the share of the second weights is 0 to 1, given is {share}")
    (info, ours), (other, theirs) = read_tensors(first), read_tensors(second)
    shapes = [{name: tensor.shape for name, tensor in tensors.items()} for tensors in (ours, theirs)]
    if shapes[0] != shapes[1] or info.config != other.config:
        raise WeightsError(f"{first} and {second} are not weights of the same network, so there is nothing between them")
    between = {
        name: ((1 - share) * tensor.astype(np.float32) + share * theirs[name].astype(np.float32)).astype(tensor.dtype)
        for name, tensor in ours.items()
    }
    note = f"{1 - share:.0%} of weights that had seen {info.images_seen:,} images, {share:.0%} of {other.images_seen:,}"
    return dataclasses.replace(info, notes=note), between


def parameter_count(path: str | Path) -> int:
    """How many numbers a weights file holds."""
    with _opened(path) as file:
        return sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118, not a dict


def _opened(path: str | Path) -> Any:
    """A safetensors file, open for reading; its header was checked against its length."""
    from safetensors import SafetensorError, safe_open

    try:
        with Path(path).open("rb") as file:
            header = int.from_bytes(file.read(8), "little")
        if header > _LONGEST_HEADER:
            most = _LONGEST_HEADER >> 20
            raise WeightsError(
                f"{path} is not a whole safetensors file (its header claims {header >> 20} MiB of at most {most}); copy it again"
            )
        return safe_open(path, framework="numpy")
    except FileNotFoundError:
        raise WeightsError(f"there is no weights file {path}") from None
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is not a whole safetensors file ({error}); copy it again") from None


def _info(path: str | Path, file: Any) -> Info:
    text = (file.metadata() or {}).get(_KEY)
    if text is None:
        raise WeightsError(f"{path} holds tensors but no scenefill description: it was not written by `scenefill export`")
    try:
        return Info.from_json(text)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None


# ---------------------------------------------------------------------------------------------------------------- the registry


# ------------------------------------------------------------------------------------------------------- public files of others
