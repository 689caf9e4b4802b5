"""A generator and the discriminator that it plays against: what the tasks of the compared systems do alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ... import networks
from ...data.batches import Batch
from ...networks.discriminators import Verdict
from ...networks.interface import Network, Prediction
from ..sections import TrainConfig
from ..task import Phase, Terms, question


class AdversarialTask(ABC):
    """Runs a generator and one discriminator; a subclass says the losses of the two phases.

    discriminator: None trains the generator alone.
    """

    features: nn.Module | None = None
    """A frozen feature network, for a perceptual loss."""
    joins_at = 0
    """Images seen before the discriminator joins."""

    def __init__(self, config: TrainConfig, discriminator: nn.Module | None) -> None:
        self.generator: Network = networks.create(**config.network)
        self.networks: Mapping[str, nn.Module] = {"generator": self.generator}
        if discriminator is not None:
            self.networks = {**self.networks, "discriminator": discriminator}

    def setup(self, fabric: Any) -> None:
        """Wraps the networks for device, precision and data-parallel training."""
        self._run = {name: fabric.setup_module(network) for name, network in self.networks.items()}
        self._autocast = fabric.autocast
        if self.features is not None:
            self.features = fabric.to_device(self.features)

    def forward(self, batch: Batch) -> Prediction:
        """The generator's answer to a batch."""
        prediction: Prediction = self._run["generator"](*question(self.generator, batch))
        return prediction

    def phases(self, images_seen: int) -> list[Phase]:
        """Discriminator (once it has joined), then generator."""
        self._joined = "discriminator" in self.networks and images_seen >= self.joins_at
        generator = Phase("generator", self.generator, self._generator_terms)
        if not self._joined:
            return [generator]
        return [Phase("discriminator", self.networks["discriminator"], self._discriminator_terms), generator]

    @abstractmethod
    def _generator_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        """The losses of phase "generator"; those of the adversary if it has `_joined`."""

    @abstractmethod
    def _discriminator_terms(self, batch: Batch, prediction: Prediction) -> Terms:
        """The losses of phase "discriminator"."""

    def judge(self, real: tuple[Tensor, ...], fake: tuple[Tensor, ...], *, learning: bool) -> tuple[Verdict, Verdict]:
        """What the discriminator says of true and of filled pictures, given its arguments for either.

        Both pass it as one batch, so that normalisation over the batch treats them alike, in its own phase (`learning`) and in
        the generator's, where its parameters stand still.
        """
        both = tuple(torch.cat(pair) for pair in zip(real, fake, strict=True))
        if learning:
            verdict: Verdict = self._run["discriminator"](*both)
        else:
            with self._autocast():
                verdict = self.networks["discriminator"](*both)
        (of_real,), (of_fake,) = halves((verdict,))
        return of_real, of_fake


def halves(verdicts: Sequence[Verdict]) -> tuple[list[Verdict], list[Verdict]]:
    """What was said of the first and of the second half of a batch, at each scale."""

    def part(verdict: Verdict, number: int) -> Verdict:
        return Verdict(verdict.score.chunk(2)[number], tuple(f.chunk(2)[number] for f in verdict.features))

    return [part(v, 0) for v in verdicts], [part(v, 1) for v in verdicts]


def composite(picture: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """The network's picture inside the hole, the known pixels outside it; all (B, C, H, W), mask 1 = hole."""
    return picture * mask + truth * (1 - mask)


def around_hole(pictures: Tensor, mask: Tensor, side: int) -> Tensor:
    """(B, C, H, W) -> (B, C, side, side): of each picture, the square whose centre is that of its hole.

    mask: (B, 1, H, W), 1 = hole; the box around it counts, and without a hole the whole picture. At the border the square moves
    inwards.
    """
    rows, columns = (_stretch(mask.amax(dim=(1, across)), side) for across in (3, 2))
    each = torch.arange(len(pictures), device=pictures.device)[:, None, None]
    return pictures[each, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _stretch(touched: Tensor, side: int) -> Tensor:
    """(B, N), 1 where a row is touched -> (B, side): the indices of as many neighbouring rows around the middle of those."""
    length = touched.shape[1]
    first, last = touched.argmax(dim=1), length - 1 - touched.flip(1).argmax(dim=1)
    start = ((first + last + 1) // 2 - side // 2).clamp(0, length - side)
    return start[:, None] + torch.arange(side, device=touched.device)
