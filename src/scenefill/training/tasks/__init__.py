"""The tasks, by the network that they train."""

from __future__ import annotations

from typing import Any

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
    "pen-net": PyramidInpainting,
    "edge-connect": EdgeGuidedInpainting,
    "gated-conv": FreeFormInpainting,
    "global-local": ThreeStageCompletion,
    "context-encoder": ContextEncoding,
    "spg-net": SegmentationGuidedInpainting,
}
"""Network name -> a class that is a Task and is made of a TrainConfig; the others are trained as SGE-Net is."""


def kind(network: str) -> Any:
    """The task that trains a network, by the network's name."""
    return TASKS.get(network, SemanticInpainting)


def create(config: TrainConfig) -> Task:
    """The task of a config, with fresh networks. Raises ConfigError for a network that there is not."""
    task: Task = kind(config.network["name"])(config)
    return task
