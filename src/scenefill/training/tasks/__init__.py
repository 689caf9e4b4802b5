"""The tasks, by the network that they train."""

from __future__ import annotations

from typing import Any

from ...errors import ConfigError
from ..sections import TrainConfig
from ..task import Task
from .contextencoder import ContextEncoding
from .edgeconnect import EdgeGuidedInpainting
from .gatedconv import FreeFormInpainting
from .globallocal import ThreeStageCompletion
from .pennet import PyramidInpainting
from .semantic import SemanticInpainting
from .spgnet import SegmentationGuidedInpainting

TASKS: dict[str, Any] = {
    "sge-net": SemanticInpainting,
    "pen-net": PyramidInpainting,
    "edge-connect": EdgeGuidedInpainting,
    "gated-conv": FreeFormInpainting,
    "global-local": ThreeStageCompletion,
    "context-encoder": ContextEncoding,
    "spg-net": SegmentationGuidedInpainting,
}
"""Network name -> a class that is a Task and is made of a TrainConfig."""


def create(config: TrainConfig) -> Task:
    """The task of a config, with fresh networks. Raises ConfigError for a network that cannot be trained."""
    name = config.network["name"]
    if name not in TASKS:
        raise ConfigError(f'there is no training task for network "{name}"; known are: {", ".join(TASKS)}')
    task: Task = TASKS[name](config)
    return task
