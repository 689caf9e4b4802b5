"""Which models there are by name: built in, in the cache, classical; and where files lie that a user puts in place.

The cache is $SCENEFILL_CACHE, else $XDG_CACHE_HOME/scenefill, else ~/.cache/scenefill.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import WeightsError
from .weights import SUFFIX, Info, read_info

CLASSICAL = {
    "telea": "OpenCV's fast marching method (Telea 2004): thin scratches and small spots, no weights",
    "navier-stokes": "OpenCV's fluid dynamics method (Bertalmio et al. 2001): thin scratches and small spots, no weights",
    "patchmatch": "patches of what is known, from coarse to fine (Barnes et al. 2009): textures and large holes, no weights",
}
"""The models without weights, each with what it is good for. classical.py implements them."""


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
    return Path(__file__).parents[1] / "builtin"


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
    return {path.stem: path for folder in reversed(folders) for path in sorted(folder.glob("*" + SUFFIX))}


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
        semantics = f'with the classes of "{info.labels.name}"' if info.labels else "without semantics"
        yield Model(name, "network", info, path, info.notes or f"{info.network} {semantics}")
