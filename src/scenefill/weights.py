"""Weights: one safetensors file per network, described in its own header; where to find it, and whether it is what it says.

`NAME.safetensors` holds the parameters as float16. Its header metadata has one key, "scenefill", with `Info` as JSON.
`NAME.onnx` beside it is the graph alone (see runtime.py). No pickle is ever read from a weights file.

Public files of others that training and evaluation may use (VGG-16 and the like) are kept in a cache: $SCENEFILL_CACHE, else
$XDG_CACHE_HOME/scenefill, else ~/.cache/scenefill.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import math
import os
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import OutputError, WeightsError
from .files import replacing

FORMAT = 1
_KEY = "scenefill"
_SUFFIX = ".safetensors"

Tensors = dict[str, NDArray[Any]]

CLASSICAL = {
    "telea": "OpenCV's fast marching method (Telea 2004): thin scratches and small spots, no weights",
    "navier-stokes": "OpenCV's fluid dynamics method (Bertalmio et al. 2001): thin scratches and small spots, no weights",
    "patchmatch": "patches of what is known, from coarse to fine (Barnes et al. 2009): textures and large holes, no weights",
}
"""The models without weights, each with what it is good for. classical.py implements them."""


@dataclass(frozen=True)
class Info:
    """What a weights file says of itself."""

    network: str
    """What `scenefill.networks.create` calls it, such as "sge-net"."""
    config: dict[str, Any]
    """The keyword arguments it was created with."""
    label_set: str | None
    """Name of the label set of its scores, or None for a network without semantics."""
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

    @classmethod
    def from_json(cls, text: str) -> Info:
        """Raises WeightsError for another format, a missing or an unknown field, and sizes that no network has."""
        try:
            fields = json.loads(text)
            if fields.get("format") != FORMAT:
                raise WeightsError(f"weights of format {fields.get('format')}, this scenefill reads format {FORMAT}: update it")
            info = cls(**{**fields, "trained_on": tuple(fields["trained_on"])})
            if info.stride < 1 or info.working_size < info.stride or info.working_size % info.stride or not info.temperature > 0:
                raise WeightsError(
                    f"weights with working size {info.working_size}, stride {info.stride} and temperature {info.temperature}: "
                    "the working size must be a multiple of the stride, the temperature above 0"
                )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise WeightsError(f"weights with a description that cannot be read ({error})") from None
        return info


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
            file.write(to_bytes(contiguous, {_KEY: json.dumps(dataclasses.asdict(info), ensure_ascii=False)}))
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


@dataclass(frozen=True)
class Model:
    """A model that `scenefill.load` knows by name."""

    name: str
    kind: str
    """ "network" or "classical"."""
    info: Info | None
    path: Path | None
    purpose: str


def builtin_dir() -> Path:
    """Where the weights lie that ship with the package."""
    return Path(__file__).parent / "builtin"


def cache_dir() -> Path:
    """Where downloaded and imported files are kept."""
    if own := os.environ.get("SCENEFILL_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "scenefill"


def placed_file(name: str) -> Path:
    """A file that a user puts in place: in $SCENEFILL_DATA/weights, in $SCENEFILL_DATA, or in the cache.

    Raises WeightsError that says where it belongs.
    """
    folders = [cache_dir()]
    if data := os.environ.get("SCENEFILL_DATA"):
        folders = [Path(data) / "weights", Path(data), *folders]
    for folder in folders:
        if (path := folder / name).is_file():
            return path
    raise WeightsError(f"{name} was not found: put it into {cache_dir()}, or name its folder in SCENEFILL_DATA")


def _networks() -> dict[str, Path]:
    """Weights by name: the built in ones, then those in the cache."""
    folders = (builtin_dir(), cache_dir() / "models")
    return {path.stem: path for folder in reversed(folders) for path in sorted(folder.glob("*" + _SUFFIX))}


def find(name_or_path: str | Path) -> Path:
    """The weights file of a built in or cached network, or the path itself. Raises WeightsError that lists what there is."""
    path, networks = Path(name_or_path), _networks()
    if str(name_or_path) in networks:
        return networks[str(name_or_path)]
    if path.is_file():
        return path
    if path.suffix or len(path.parts) > 1:
        raise WeightsError(f"there is no weights file {path}")
    names = [*networks, *CLASSICAL]
    near = difflib.get_close_matches(str(name_or_path), names, n=1)
    hint = f', did you mean "{near[0]}"?' if near else "."
    raise WeightsError(
        f'there is no model "{name_or_path}"{hint} There are: {", ".join(names)}; or give a path to a weights file'
    )


def list_models() -> tuple[Model, ...]:
    """Every model that `scenefill.load` knows by name; networks first. One that cannot be read says so as its purpose."""
    return (*_listed_networks(), *(Model(name, "classical", None, None, purpose) for name, purpose in CLASSICAL.items()))


def _listed_networks() -> Iterator[Model]:
    for name, path in _networks().items():
        try:
            info = read_info(path)
        except WeightsError as error:
            yield Model(name, "network", None, path, str(error))
            continue
        semantics = f'with the classes of "{info.label_set}"' if info.label_set else "without semantics"
        yield Model(name, "network", info, path, info.notes or f"{info.network} {semantics}")


def card(path: str | Path) -> str:
    """The model card of a weights file, in Markdown, made from what the file says of itself."""
    path = Path(path)
    info, count = read_info(path), parameter_count(path)
    facts = {
        "Network": info.network,
        "Parameters": f"{count:,} (float16, {path.stat().st_size / 2**20:.1f} MiB)",
        "Label set": info.label_set or "none: it fills without semantics",
        "Working size": f"{info.working_size} x {info.working_size} pixels, any multiple of {info.stride}",
        "Confidence temperature": f"{info.temperature:g}",
        "Trained on": ", ".join(info.trained_on) or "nothing",
        "Images seen": f"{info.images_seen:,}",
        "Licence": info.licence,
        "Hash of the tensors": f"`{info.tensors_sha256}`",
    }
    sections = [f"# {path.stem}", _table(("", ""), facts)]
    if info.notes:
        sections.insert(1, info.notes)
    if info.metrics:
        sections += ["## Metrics", _table(("metric", "value"), dict(_flat(info.metrics)))]
    if info.config:
        sections += ["## Config", _table(("argument", "value"), dict(_flat(info.config)))]
    sections += ["## Use", f'```python\nimport scenefill\n\nresult = scenefill.load("{path.stem}")("photo.jpg", "mask.png")\n```']
    return "\n\n".join(sections) + "\n"


def _table(head: tuple[str, str], rows: Mapping[str, str]) -> str:
    return "\n".join(f"| {left} | {right} |" for left, right in [head, ("---", "---"), *rows.items()])


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested names joined with " / ", numbers with four digits."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name} / ")
        else:
            yield prefix + name, f"{value:.4g}" if isinstance(value, float) else str(value)


# ------------------------------------------------------------------------------------------------------- public files of others


@dataclass(frozen=True)
class PublicFile:
    """A file that others publish and that cannot ship with scenefill."""

    url: str
    sha256: str
    size: int
    """Bytes."""
    licence: str

    @property
    def file_name(self) -> str:
        return self.url.rpartition("/")[2]


PUBLIC = {
    "vgg16": PublicFile(
        url="https://download.pytorch.org/models/vgg16-397923af.pth",
        sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        size=553_433_881,
        licence="BSD-3-Clause (torchvision)",
    ),
    "vgg19": PublicFile(
        url="https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
        sha256="dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
        size=574_673_361,
        licence="BSD-3-Clause (torchvision)",
    ),
    "alexnet": PublicFile(
        url="https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
        sha256="7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
        size=244_408_911,
        licence="BSD-3-Clause (torchvision)",
    ),
    "inception": PublicFile(
        url="https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
        sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        size=95_628_359,
        licence="Apache-2.0 (TensorFlow, converted by pytorch-fid)",
    ),
}


def public_file(name: str, *, offline: bool = False) -> Path:
    """A public file in the cache, its hash checked; downloaded where it is missing, unless `offline`.

    Raises WeightsError that names the file, its address and the folder to put it in.
    """
    file = _public(name)
    path = cache_dir() / file.file_name
    if not path.is_file():
        if offline:
            raise WeightsError(f"{file.file_name} is not in the cache. {_by_hand(name)}")
        return fetch(name)
    if _file_sha256(path) != file.sha256:
        raise WeightsError(f"{path} is damaged: its sha256 is not {file.sha256}. Remove it. {_by_hand(name)}")
    return path


def fetch(name: str, *, progress: Callable[[int, int], None] | None = None) -> Path:
    """Downloads a public file into the cache and checks its hash before it gets its name.

    progress: called with the bytes so far and the bytes in all.  Raises WeightsError where it cannot be had or is another file.
    """
    file = _public(name)
    path = cache_dir() / file.file_name
    digest, done = hashlib.sha256(), 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(file.url, timeout=30) as answer, replacing(path) as out:
            while chunk := answer.read(1 << 20):
                out.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                if progress:
                    progress(done, file.size)
            if digest.hexdigest() != file.sha256:
                raise WeightsError(f"what {file.url} sent is not {file.file_name} (its sha256 differs). {_by_hand(name)}")
    except (OSError, HTTPException) as error:
        raise WeightsError(f"{file.file_name} could not be fetched ({error}). {_by_hand(name)}") from None
    return path


def _public(name: str) -> PublicFile:
    if name not in PUBLIC:
        raise WeightsError(f'there is no public file "{name}"; known are: {", ".join(PUBLIC)}')
    return PUBLIC[name]


def _by_hand(name: str) -> str:
    file = PUBLIC[name]
    megabytes, place = file.size / 2**20, cache_dir() / file.file_name
    return f"Get {file.url} ({megabytes:.0f} MiB) with `scenefill models fetch {name}`, or put it at {place}"


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
