"""The configs of configs/tiny, made small enough for a test, and their tasks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from lightning_fabric import Fabric

from scenefill.data.batches import Batch
from scenefill.data.stream import Stream
from scenefill.training import config as configs
from scenefill.training.sections import TrainConfig
from scenefill.training.task import Task

TINY = Path(__file__).parents[1] / "configs" / "tiny"
T = TypeVar("T", bound=Task)


def tiny_config(name: str, photos: Path, *overrides: str) -> TrainConfig:
    """configs/tiny/NAME.toml on a folder of photos, for six of them."""
    small = ["data.workers=1", "run.threads=1", "run.batch_size=2", "run.images=6", "run.log_every=2"]
    return configs.load(TINY / f"{name}.toml", [f'data.sources=["{photos}"]', *small, *overrides])


def set_up(kind: Callable[[TrainConfig], T], config: TrainConfig) -> T:
    """A task as a run begins with it, always the same."""
    torch.manual_seed(0)
    made = kind(config)
    made.setup(Fabric(accelerator="cpu", devices=1))
    return made


def in_play(kind: Callable[[TrainConfig], T], config: TrainConfig) -> tuple[T, Batch]:
    """A task that is set up, its discriminator in evaluation mode so that each call is the same, and a first batch."""
    made = set_up(kind, config)
    made.networks["discriminator"].eval()
    return made, Stream(config.data, None, 2, seed=0).batch(0)
