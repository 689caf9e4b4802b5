"""What the loop needs to know of a system: its networks, one run of the generator per step, and a loss for each phase."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn

from ..data.batches import Batch
from ..labels import UNKNOWN
from ..models.guides import GUIDES
from ..networks.interface import Network, Prediction

Terms = dict[str, Tensor]
"""Named scalar losses, already weighted; the loop backs through their sum and logs each."""


@dataclass(frozen=True)
class Phase:
    """One optimiser step: those of discriminators first, then that of the generator or of its parts."""

    name: str
    network: nn.Module
    """Whose parameters the step changes."""
    loss: Callable[[Batch, Prediction], Terms]
    """Called once per step; the prediction is detached unless the phase trains the generator or a part of it."""


class Task(Protocol):
    """A system to be trained. `setup` is called once, with Lightning's Fabric, before anything else.

    Parts of a generator that train in one step have graphs of their own: what one hands to the other is detached.
    """

    Loss: ClassVar[type]
    """Frozen dataclass of the section [loss] of a config: weights and schedule of this system."""
    Discriminator: ClassVar[type]
    """Frozen dataclass of the section [discriminator]."""

    generator: Network
    networks: Mapping[str, nn.Module]
    """Phase name -> the network that it trains: the generator or parts of it, and discriminators."""

    def setup(self, fabric: Any) -> None:
        """Moves the networks to the device and wraps those that run under autograd across processes."""

    def forward(self, batch: Batch) -> Prediction:
        """The generator's answer to a batch, once per step."""

    def phases(self, images_seen: int) -> list[Phase]:
        """The phases of this step, in order."""


def question(network: Network, batch: Batch) -> tuple[Tensor, ...]:
    """The arguments of `network.forward` for a batch: a network that counts on a map of what is known, or on a guide, gets it."""
    hints = batch.hints
    if network.known_map and network.labels:
        known = torch.where(batch.labels < len(network.labels), batch.labels, UNKNOWN)
        hints = torch.where(batch.mask[:, 0] > 0, hints, known)
    asked = (batch.given, batch.mask, hints, batch.forbid)
    if network.guide is None:
        return asked
    made = GUIDES[network.guide](batch.given.cpu().numpy(), batch.mask.cpu().numpy())
    return (*asked, torch.from_numpy(made).to(batch.image.device))
