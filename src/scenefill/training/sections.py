"""The sections of a config, as types; `config` reads them.

Sections that depend on the network are those of its own file (`Config`) and of its task (`Loss`, `Discriminator`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ..data.stream import DataConfig
from ..errors import ConfigError


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
    minutes: float = 0.0
    """Ends the run after this time even if fewer images were seen, the learning rate falling accordingly; 0: no limit."""
    batch_size: int = 8
    """Per process."""
    seed: int = 0
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = "auto"
    """"auto": bf16-mixed where the processor or the GPU has instructions for it, else 32-true (`training.precision`)."""
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
        if self.minutes < 0:
            raise ConfigError(f"run.minutes is a time, or 0 for no limit; given is {self.minutes:g}")


@dataclass(frozen=True)
class TrainConfig:
    """Everything about a run."""

    network: dict[str, Any] = field(default_factory=dict)
    data: DataConfig = field(default_factory=DataConfig)
    loss: Any = field(default_factory=dict)
    """The `Loss` of the network's task."""
    discriminator: Any = field(default_factory=dict)
    """The `Discriminator` of the network's task."""
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    run: RunConfig = field(default_factory=RunConfig)

    def __post_init__(self) -> None:
        if "name" not in self.network:
            raise ConfigError('network.name is missing; for instance name = "sge-net"')
