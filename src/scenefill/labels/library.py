"""Where label sets are: those of the package by name, in sets/NAME.toml, a user's own in a TOML file anywhere."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import LabelError
from .labelset import LabelSet
from .tables import from_table, to_table

_FOLDER = Path(__file__).parent / "sets"


@cache
def available() -> tuple[str, ...]:
    """Names of the label sets that the package has."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def get(given: str | Path | Mapping[str, Any]) -> LabelSet:
    """A label set of the package by its name, a user's own by its TOML file, or one that is spelled out as a table.

    Raises LabelError for an unknown name, with the known ones, for a file that cannot be read, and as `tables.from_table` does.
    """
    if isinstance(given, Mapping):
        return from_table(given, "the label set")
    if is_file(given):
        return _own(Path(given))
    if given not in available():
        raise LabelError(
            f'there is no label set "{given}"; known are: {", ".join(available())}; or give a TOML file of your own classes'
        )
    return _builtin(str(given))


def is_file(given: object) -> bool:
    """Whether a label set is named by its file: a path, or text that ends in .toml."""
    return isinstance(given, Path) or (isinstance(given, str) and given.lower().endswith(".toml"))


def portable(label_set: LabelSet) -> str | dict[str, Any]:
    """What names a label set wherever scenefill runs: the name of one of the package, else the whole set as a table.

    `get` takes it back. Configs, checkpoints and weights files hold this, so that none of them needs a second file.
    """
    builtin = label_set.name in available() and _builtin(label_set.name) == label_set
    return label_set.name if builtin else to_table(label_set)


@cache
def _builtin(name: str) -> LabelSet:
    return _read(_FOLDER / f"{name}.toml")


def _own(path: Path) -> LabelSet:
    """Raises LabelError for other classes under a name of the package: whoever reads the name would think of the wrong ones."""
    label_set = _read(path)
    if label_set.name in available() and label_set != _builtin(label_set.name):
        raise LabelError(f'{path}: "{label_set.name}" is the name of a label set of scenefill: give yours another one')
    return label_set


def _read(path: Path) -> LabelSet:
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise LabelError(f"label set {path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # of TOML, and of UTF-8; brackets in brackets without end
        raise LabelError(f"label set {path} is not valid TOML: {error}") from None
    if "like" in values:
        like = values.pop("like")
        if like not in available():
            raise LabelError(f"{path}: like = {like!r} is no label set of scenefill; known are: {', '.join(available())}")
        values = to_table(_builtin(like)) | values
    return from_table(values, str(path))
