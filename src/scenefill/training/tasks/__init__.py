"""The tasks, by the network that they train."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import ConfigError
from ..config import TrainConfig
from ..task import Task
from .semantic import SemanticInpainting

TASKS: dict[str, Callable[[TrainConfig], Task]] = {
    "sge-net": SemanticInpainting,
}


def create(config: TrainConfig) -> Task:
    """The task of a config, with fresh networks. Raises ConfigError for a network that cannot be trained."""
    name = config.network["name"]
    if name not in TASKS:
        raise ConfigError(f'there is no training task for network "{name}"; known are: {", ".join(TASKS)}')
    return TASKS[name](config)
