"""A training run as one TOML file: typed, strict, complete.

    [network]  name = "sge-net"  ...fields of the network's own config
    [data]     what is trained on (data.stream.DataConfig)
    [loss]     weights of the loss terms, named as in the paper (`Loss` of the network's task)
    [discriminator]
    [optimiser]
    [run]      how long, how often to log, what to validate on

Any value can be overridden from the command line: `run.images=1000 data.size=128 data.masks.centre=0.2`.

A label set of one's own, named by its TOML file, is read along with the config and is a part of it from then on.
"""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from .. import labels as label_sets
from ..errors import ConfigError
from ..networks import NETWORKS
from . import tasks
from .sections import TrainConfig

_LABEL_SETS = (("network", "label_set"), ("data", "folder_label_set"))
"""Where a config names label sets."""


def load(path: str | Path, overrides: Iterable[str] = (), *, begun: Mapping[str, Any] | None = None) -> TrainConfig:
    """Reads a TOML config. A label set's file is looked for from the config's folder, an override's from the working directory.

    begun: the plain values of a run that shall go on: it keeps the label sets it began with, whatever became of their files.
    Raises ConfigError for unknown keys, wrong types and clashing values, naming the key; LabelError for a label set.
    """
    try:
        values = tomllib.loads(Path(path).read_text())
    except OSError as error:
        raise ConfigError(f"config {path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # of TOML, and of UTF-8; brackets in brackets without end
        raise ConfigError(f"config {path} is not valid TOML: {error}") from error
    for section, key in _label_files(values):
        values[section][key] = str(Path(path).parent / values[section][key])
    for override in overrides:
        _override(values, override)
    for section, key in _label_files(values):
        if isinstance(whole := (begun or {}).get(section, {}).get(key), dict):
            values[section][key] = whole
    return parse(values)


def parse(values: dict[str, Any]) -> TrainConfig:
    """The same from nested plain values, as a checkpoint holds them."""
    for section, key in _label_files(values):
        own = label_sets.portable(label_sets.get(values[section][key]))
        values = {**values, section: {**values[section], key: own}}
    config: TrainConfig = _typed(TrainConfig, values, "")
    name = config.network["name"]
    if name in NETWORKS:
        _typed(NETWORKS[name].Config, {key: value for key, value in config.network.items() if key != "name"}, "network.")
        task = tasks.kind(name)
        loss = _typed(task.Loss, config.loss, "loss.")
        discriminator = _typed(task.Discriminator, config.discriminator, "discriminator.")
        config = dataclasses.replace(config, loss=loss, discriminator=discriminator)
    return config


def plain(config: Any) -> dict[str, Any]:
    """A config as nested plain values (for TOML, JSON, checkpoints); `parse` takes them back."""
    plain_values: dict[str, Any] = dataclasses.asdict(config)
    return plain_values


def _label_files(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Section and key of the label sets that are named by their files."""
    for section, key in _LABEL_SETS:
        if isinstance(keys := values.get(section), dict) and label_sets.is_file(keys.get(key)):
            yield section, key


def _override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals:
        raise ConfigError(f'override "{override}" is not of the form key=value, such as run.images=1000')
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        value = text  # a plain word
    *path, last = key.strip().split(".")
    for part in path:
        values = values.setdefault(part, {})
        if not isinstance(values, dict):
            raise ConfigError(f'override "{override}": {part} is a value, it has no keys of its own')
    values[last] = value


def _typed(kind: Any, value: Any, where: str) -> Any:
    """`value` as the annotated type, or a ConfigError that names the place."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        hints = typing.get_type_hints(kind)
        if unknown := sorted(set(value) - set(hints)):
            raise ConfigError(f'unknown key "{where}{unknown[0]}"; known are: {", ".join(sorted(hints))}')
        return kind(**{key: _typed(hints[key], v, f"{where}{key}.") for key, v in value.items()})  # type: ignore[operator]
    if origin is tuple and isinstance(value, list | tuple):
        if arguments[-1] is not Ellipsis and len(value) != len(arguments):
            raise ConfigError(f"{where[:-1]} takes {len(arguments)} values, given are {len(value)}")
        return tuple(_typed(arguments[0], v, where) for v in value)
    if origin is dict and isinstance(value, dict):
        return {key: _typed(arguments[1], v, f"{where}{key}.") for key, v in value.items()}
    if origin is types.UnionType:
        for each in arguments:
            if isinstance(value, typing.get_origin(each) or each):
                return _typed(each, value, where)
    if origin is Literal and value in arguments:
        return value
    if kind is Any or (isinstance(kind, type) and not isinstance(kind, types.GenericAlias) and type(value) is kind):
        return value
    if kind is float and type(value) is int:
        return float(value)
    wanted = f"one of {', '.join(map(repr, arguments))}" if origin is Literal else f"of type {getattr(kind, '__name__', kind)}"
    raise ConfigError(f"{where[:-1]} must be {wanted}, given is {value!r}")


def typed(kind: type, values: dict[str, Any]) -> Any:
    """Nested plain values as a frozen dataclass, as strictly as a config is read. Raises ConfigError that names the key."""
    return _typed(kind, values, "")
