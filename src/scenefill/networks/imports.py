"""Checkpoints that the authors of other systems published, as weights that run here: `scenefill models import KIND FILE`.

Nothing but plain tensors is ever unpickled. A checkpoint must hold the tensors of our network, no more and no fewer.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError, WeightsError
from ..models import weights
from . import create
from .edgeconnect import from_published
from .interface import as_float16, described, load_into


@dataclass(frozen=True)
class Part:
    """One file of a checkpoint."""

    key: str
    """Under which the file keeps its state dict."""
    prefix: str = ""
    """What stands before the names of its tensors in our network."""
    translate: Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]] = dict
    """Its names and tensors -> ours, without the prefix."""


@dataclass(frozen=True)
class Published:
    """A system whose published checkpoints are known here."""

    network: str
    config: Mapping[str, Any]
    """That of the authors' network."""
    parts: tuple[Part, ...]
    """Its files, in the order in which they are given."""
    working_size: int
    """Side in pixels of the pictures that the authors trained on."""
    licence: str


PUBLISHED = {
    "pen-net": Published(
        network="pen-net",
        config={"cnum": 32, "reference": True},
        parts=(Part("netG"),),
        working_size=256,
        licence="MIT (researchmm/PEN-Net-for-Inpainting)",
    ),
    "edge-connect": Published(
        network="edge-connect",
        config={"width": 64, "residual_blocks": 8},
        parts=(
            Part("generator", "edge.", from_published),  # EdgeModel_gen.pth
            Part("generator", "inpaint.", from_published),  # InpaintingModel_gen.pth
        ),
        working_size=256,
        licence="CC BY-NC 4.0 (knazeri/edge-connect)",
    ),
}
"""By the KIND of the command line."""


def convert(kind: str, files: Sequence[Path], out: Path) -> None:
    """Writes the weights file `out`, in place of one that stands, from the files of a published checkpoint.

    Raises InputError for an unknown kind or a wrong number of files, WeightsError for files that are no checkpoint of it,
    OutputError where it cannot write.
    """
    if kind not in PUBLISHED:
        raise InputError(f'there are no published checkpoints "{kind}"; known are: {", ".join(PUBLISHED)}')
    published = PUBLISHED[kind]
    if len(files) != len(published.parts):
        raise InputError(f"{kind} is published as {len(published.parts)} file(s), given are {len(files)}")
    tensors: dict[str, Tensor] = {}
    for file, part in zip(files, published.parts, strict=True):
        tensors |= {part.prefix + name: tensor for name, tensor in part.translate(read_state(file, part.key)).items()}
    network = create(published.network, **published.config)
    arrays = as_float16(tensors)
    load_into(network, arrays, " and ".join(map(str, files)))
    info = described(
        network,
        published.network,
        published.config,
        working_size=published.working_size,
        trained_on=(),
        images_seen=0,
        licence=published.licence,
        notes=f"the authors' weights, imported from {', '.join(file.name for file in files)}",
    )
    weights.save(out, arrays, info)


def read_state(path: Path, key: str) -> dict[str, Tensor]:
    """The state dict under `key` in a PyTorch checkpoint, without the "module." that parallel training leaves before names.

    Raises WeightsError for a file that cannot be read, is no checkpoint, or holds anything but plain tensors and values.
    """
    try:
        with path.open("rb") as file:
            begin = file.read(40)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}") from None
    if not begin.startswith((b"PK", b"\x80")):  # a zip archive, or a pickle as before PyTorch 1.6
        raise WeightsError(
            f"{path} is not a PyTorch checkpoint, it begins with {begin!r}: it may be a web page saved under that name; "
            "download the file again"
        )
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises many kinds
        if begin.startswith(b"\x80") or (isinstance(error, pickle.UnpicklingError) and zipfile.is_zipfile(path)):
            raise WeightsError(
                f"{path} is refused: it holds more than plain tensors, and reading such a pickle may run code; "
                "save its state dict alone"
            ) from None
        raise WeightsError(f"{path} is damaged or cut short, or not a checkpoint of weights ({error}); copy it again") from None
    state = held.get(key) if isinstance(held, dict) else None
    if not isinstance(state, dict) or not all(isinstance(tensor, Tensor) for tensor in state.values()):
        found = f"it holds {', '.join(map(str, list(held)[:5])) or 'nothing'}" if isinstance(held, dict) else type(held).__name__
        raise WeightsError(f'{path} has no state dict "{key}", {found}: give the file of the generator')
    parallel = all(name.startswith("module.") for name in state)
    return {name.removeprefix("module.") if parallel else name: tensor for name, tensor in state.items()}
