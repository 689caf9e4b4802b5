"""A training run as one TOML file: typed, strict, complete.

    [network]  name = "sge-net"  ...fields of the network's own config
    [data]     what is trained on (data.stream.DataConfig)
    [loss]     weights of the loss terms, named as in the paper (`Loss` of the network's task)
    [discriminator]
    [optimiser]
    [run]      how long, how often to log, what to validate on

Any value can be overridden from the command line: `run.images=1000 data.size=128 data.masks.centre=0.2`.
"""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..data.stream import DataConfig
from ..errors import ConfigError
from ..networks import NETWORKS
from .tasks import TASKS


@dataclass(frozen=True)
class OptimiserConfig:
    """One for each phase."""

    lr: float = 2e-4
    discriminator_lr: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.99)
    warm_up: int = 0
    """Images over which the rate rises from 0."""
    decay_from: float = 1.0
    """Share of the run after which the rate falls, as a cosine, to `final` of itself."""
    final: float = 0.0
    clip: float = 0.0
    """Largest norm of the generator's gradient; 0: not clipped."""
    kind: Literal["adam", "adadelta", "sgd"] = "adam"
    """"adadelta" is that of Iizuka et al. 2017, with rates of 1; "sgd" is there to compare runs bit by bit across processes."""


@dataclass(frozen=True)
class RunConfig:
    """How long and how carefully. All counts are images seen, so that they hold for any batch size and number of processes."""

    images: int = 1_000_000
    batch_size: int = 8
    """Per process."""
    seed: int = 0
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    threads: int = 0
    """CPU threads of each process; 0: all."""
    ema: float = 0.999
    """Decay per step of the average of the generator's weights, which is what gets exported."""
    log_every: int = 800
    sample_every: int = 8_000
    checkpoint_every: int = 8_000
    validate_every: int = 0
    """0: never."""
    validation: tuple[str, ...] = ()
    """Sources (as data.sources) of the sample sheets and of the validation cases."""
    validation_cases: int = 32
    """Cases per source."""
    trained_on: tuple[str, ...] = ()
    """Names of the data, for the model card; empty: data.sources."""
    licence: str = ""
    """Licence of the weights, for the model card."""

    def __post_init__(self) -> None:
        if self.images < 1 or self.batch_size < 1:
            raise ConfigError(f"run.images and run.batch_size are 1 or more, given are {self.images} and {self.batch_size}")


@dataclass(frozen=True)
class TrainConfig:
    """Everything about a run."""

    network: dict[str, Any] = field(default_factory=dict)
    data: DataConfig = field(default_factory=DataConfig)
    loss: Any = field(default_factory=dict)
    """The `Loss` of the network's task; a table of its fields is made into one."""
    discriminator: Any = field(default_factory=dict)
    """The `Discriminator` of the network's task."""
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    run: RunConfig = field(default_factory=RunConfig)

    def __post_init__(self) -> None:
        if "name" not in self.network:
            raise ConfigError('network.name is missing; for instance name = "sge-net"')
        name = self.network["name"]
        if name in NETWORKS:
            own = {key: value for key, value in self.network.items() if key != "name"}
            _typed(NETWORKS[name].Config, own, "network.")
        if name in TASKS:
            for section, kind in (("loss", TASKS[name].Loss), ("discriminator", TASKS[name].Discriminator)):
                values = getattr(self, section)
                if not isinstance(values, kind):
                    object.__setattr__(self, section, _typed(kind, values, f"{section}."))


def load(path: str | Path, overrides: Iterable[str] = ()) -> TrainConfig:
    """Reads a TOML config. Raises ConfigError for unknown keys, wrong types and clashing values, naming the key."""
    try:
        values = tomllib.loads(Path(path).read_text())
    except OSError as error:
        raise ConfigError(f"config {path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # of TOML, and of UTF-8
        raise ConfigError(f"config {path} is not valid TOML: {error}") from error
    for override in overrides:
        _override(values, override)
    return parse(values)


def parse(values: dict[str, Any]) -> TrainConfig:
    """The same from nested plain values, as a checkpoint or a weights file holds them."""
    config: TrainConfig = _typed(TrainConfig, values, "")
    return config


def plain(config: Any) -> dict[str, Any]:
    """A config as nested plain values (for TOML, JSON, checkpoints); `parse` takes them back."""
    plain_values: dict[str, Any] = dataclasses.asdict(config)
    return plain_values


def _override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals:
        raise ConfigError(f'override "{override}" is not of the form key=value, such as run.images=1000')
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
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
    if origin is Literal and value in arguments:
        return value
    if kind is Any or (isinstance(kind, type) and not isinstance(kind, types.GenericAlias) and type(value) is kind):
        return value
    if kind is float and type(value) is int:
        return float(value)
    wanted = f"one of {', '.join(map(repr, arguments))}" if origin is Literal else f"of type {getattr(kind, '__name__', kind)}"
    raise ConfigError(f"{where[:-1]} must be {wanted}, given is {value!r}")
