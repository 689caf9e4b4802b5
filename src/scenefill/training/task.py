"""What the loop needs to know of a system: its networks, one run of the generator per step, and a loss for each phase."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn

from ..data.batches import Batch
from ..networks.interface import Network, Prediction

Terms = dict[str, Tensor]
"""Named scalar losses, already weighted; the loop backs through their sum and logs each."""


@dataclass(frozen=True)
class Phase:
    """One optimiser step: "discriminator" first, then "generator"."""

    name: str
    network: nn.Module
    """Whose parameters the step changes."""
    loss: Callable[[Batch, Prediction], Terms]
    """Called once per step; the prediction is detached in every phase but the generator's."""


class Task(Protocol):
    """A system to be trained. `setup` is called once, with Lightning's Fabric, before anything else."""

    generator: Network
    networks: Mapping[str, nn.Module]
    """Phase name -> the network that it trains; "generator" is among them."""

    def setup(self, fabric: Any) -> None:
        """Moves the networks to the device and wraps those that run under autograd across processes."""

    def forward(self, batch: Batch) -> Prediction:
        """The generator's answer to a batch, once per step."""

    def phases(self, images_seen: int) -> list[Phase]:
        """The phases of this step, in order."""
