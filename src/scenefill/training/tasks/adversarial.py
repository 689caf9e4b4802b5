"""A generator and the discriminator that it plays against: what the tasks of the compared systems do alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ... import networks
from ...data.batches import Batch
from ...networks.discriminators import Verdict
from ...networks.interface import Network, Prediction
from ..task import question

if TYPE_CHECKING:
    from ..config import TrainConfig


class AdversarialTask:
    """Runs a generator and one discriminator; a subclass says the phases, "discriminator" and "generator", and their losses."""

    def __init__(self, config: TrainConfig, discriminator: nn.Module) -> None:
        self.generator: Network = networks.create(**config.network)
        self.networks: Mapping[str, nn.Module] = {"generator": self.generator, "discriminator": discriminator}

    def setup(self, fabric: Any) -> None:
        """Wraps the networks for device, precision and data-parallel training."""
        self._run = {name: fabric.setup_module(network) for name, network in self.networks.items()}
        self._autocast = fabric.autocast

    def forward(self, batch: Batch) -> Prediction:
        """The generator's answer to a batch."""
        prediction: Prediction = self._run["generator"](*question(self.generator, batch))
        return prediction

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
        half = len(real[0])
        return (
            Verdict(verdict.score[:half], tuple(f[:half] for f in verdict.features)),
            Verdict(verdict.score[half:], tuple(f[half:] for f in verdict.features)),
        )


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
