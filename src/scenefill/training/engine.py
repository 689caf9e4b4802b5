"""The loop. It knows phases, images seen and files, and nothing of any one network."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ..data.batches import Batch
from ..data.stream import Stream, to_device
from ..errors import ScenefillError
from ..losses.together import together
from ..networks.interface import Network, Prediction
from .sections import OptimiserConfig, RunConfig
from .task import Phase, Task, Terms


@dataclass
class Progress:
    """All that a run has reached; `state` and `restore` carry it through a checkpoint."""

    task: Task
    average: Network
    """The generator with averaged weights (EMA)."""
    optimisers: dict[str, Any]
    images_seen: int = 0
    batches: int = 0
    """Batches taken from the stream: the position in the data."""
    sums: dict[str, float] = field(default_factory=dict)
    """Of the terms of the steps since they were last logged."""
    since: int = 0
    """How many steps that are."""
    extra: dict[str, Any] = field(default_factory=dict)

    def state(self) -> dict[str, Any]:
        """Plain values and tensors."""
        return {
            "networks": {name: network.state_dict() for name, network in self.task.networks.items()},
            "average": self.average.state_dict(),
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
            "images_seen": self.images_seen,
            "batches": self.batches,
            "sums": dict(self.sums),
            "since": self.since,
            "torch_rng": torch.get_rng_state(),
            **self.extra,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """The opposite of `state`."""
        for name, network in self.task.networks.items():
            network.load_state_dict(state["networks"][name])
        self.average.load_state_dict(state["average"])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        self.images_seen, self.batches = state["images_seen"], state["batches"]
        self.sums, self.since = dict(state.get("sums", {})), state.get("since", 0)
        torch.set_rng_state(state["torch_rng"])


@dataclass(frozen=True)
class Hooks:
    """What happens beside the optimisation, each called by the first process alone."""

    log: Callable[[int, dict[str, float]], None]
    """Images seen, means of the terms since the last call."""
    sample: Callable[[Progress], None]
    checkpoint: Callable[[Progress], None]
    validate: Callable[[Progress], None]
    progress: Callable[[int, float], None]
    """Images seen, images per second."""


def start(task: Task, fabric: Any, optimiser: OptimiserConfig) -> Progress:
    """Wraps the task's networks and gives each phase its optimiser.

    Their kernels lie channels last, as the batches do: a step of SGE-Net at 192 is 1.2 times as fast so.
    """
    for network in task.networks.values():
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    task.setup(fabric)
    optimisers = {}
    parts = parts_of(task.generator)
    for name, network in task.networks.items():
        lr = optimiser.lr if network in parts else optimiser.discriminator_lr
        kind: Any = {"adam": torch.optim.Adam, "adadelta": torch.optim.Adadelta, "sgd": torch.optim.SGD}[optimiser.kind]
        made = kind(network.parameters(), lr, **({"betas": optimiser.betas} if optimiser.kind == "adam" else {}))
        for group in made.param_groups:
            group["base_lr"] = lr
        optimisers[name] = fabric.setup_optimizers(made)
    return Progress(task, copy.deepcopy(task.generator).requires_grad_(False).eval(), optimisers)


def train(
    progress: Progress, stream: Stream, fabric: Any, run: RunConfig, optimiser: OptimiserConfig, hooks: Hooks | None
) -> Progress:
    """Trains until `run.images` have been seen, or for `run.minutes`. Raises ScenefillError when a loss is no longer finite.

    hooks: None in every process but the first.
    """
    task = progress.task
    parts = parts_of(task.generator)
    per_step = stream.batch_size * stream.world
    begun = clock = time.monotonic()
    taken = 0

    def share() -> float:
        """How much of the run is over."""
        minutes = (time.monotonic() - begun) / 60
        return max(progress.images_seen / run.images, minutes / run.minutes if run.minutes else 0.0)

    for batch in stream.batches(progress.batches):
        if (over := share()) >= 1:
            break
        batch = to_device(batch, fabric.device)
        rate = learning_rate(progress.images_seen, over, optimiser)
        for network in task.networks.values():
            network.requires_grad_(network in parts)
        prediction = task.forward(batch)
        for phase in task.phases(progress.images_seen):
            for name, value in _step(progress, phase, batch, prediction, fabric, rate, optimiser.clip).items():
                progress.sums[name] = progress.sums.get(name, 0.0) + value
        average_into(progress.average, task.generator, min(run.ema, (1 + progress.batches) / (10 + progress.batches)))
        before = progress.images_seen
        progress.images_seen += per_step
        progress.batches += 1
        progress.since += 1
        taken += 1

        def due(every: int, before: int = before) -> bool:
            return every > 0 and before // every != progress.images_seen // every

        if hooks is not None:
            seconds = time.monotonic() - clock
            pace = taken * per_step / seconds
            hooks.progress(progress.images_seen, pace)
            if due(run.log_every):
                means = {name: value / progress.since for name, value in progress.sums.items()}
                hooks.log(progress.images_seen, {**means, "lr": rate * optimiser.lr, "images_per_s": pace})
                progress.sums.clear()
                progress.since, taken, clock = 0, 0, time.monotonic()
            last = share() >= 1
            if due(run.sample_every) or last:
                hooks.sample(progress)
            if due(run.validate_every):
                hooks.validate(progress)
            if due(run.checkpoint_every) or last:  # the last of them: whoever goes on from it has lost nothing
                hooks.checkpoint(progress)
    return progress


def _step(
    progress: Progress, phase: Phase, batch: Batch, prediction: Prediction, fabric: Any, rate: float, clip: float
) -> dict[str, float]:
    """One step of a phase's optimiser. Returns the phase's terms, and the norm of the gradient where it is clipped.

    rate: factor of the configured learning rate.  clip: greatest norm of a gradient of the generator; 0: any.
    """
    task, step = progress.task, progress.optimisers[phase.name]
    generates = phase.network in parts_of(task.generator)
    for network in task.networks.values():
        network.requires_grad_(network is phase.network)
    with together():
        terms = phase.loss(batch, prediction if generates else prediction.detached())
    step.zero_grad(set_to_none=True)
    fabric.backward(_total(phase, terms, progress.images_seen))
    found = {name: value.item() for name, value in terms.items()}
    if clip and generates:
        found["grad_norm"] = nn.utils.clip_grad_norm_(phase.network.parameters(), clip).item()
    for group in step.param_groups:
        group["lr"] = group["base_lr"] * rate
    step.step()
    return found


def _total(phase: Phase, terms: Terms, images_seen: int) -> Tensor:
    """The sum of a phase's terms. Raises ScenefillError where it is no longer finite."""
    total = torch.stack(list(terms.values())).sum()
    if not math.isfinite(total.item()):
        raise ScenefillError(
            f"the loss of phase {phase.name} is {total.item()} after {images_seen} images "
            f"({', '.join(f'{k} {v.item():.3g}' for k, v in terms.items())}): "
            "resume from the last checkpoint with a lower optimiser.lr or with optimiser.clip = 1"
        )
    return total


def parts_of(generator: nn.Module) -> set[nn.Module]:
    """The generator and all that it consists of: a phase may train a part of it."""
    return set(generator.modules())


def learning_rate(seen: int, share: float, optimiser: OptimiserConfig) -> float:
    """Factor of the configured rate after `seen` images, a `share` of the run: rises, holds, falls as a cosine to `final`."""
    warm = min(1.0, (seen + 1) / optimiser.warm_up) if optimiser.warm_up else 1.0
    hold = optimiser.decay_from
    if share <= hold or hold >= 1:
        return warm
    fallen = 0.5 * (1 - math.cos(math.pi * min(1.0, (share - hold) / (1 - hold))))
    return warm * (1 - (1 - optimiser.final) * fallen)


@torch.no_grad()
def average_into(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Exponential moving average of the parameters; buffers are copied."""
    pairs = zip(average.parameters(), network.parameters(), strict=True)
    ours, theirs = (list[Tensor](column) for column in zip(*pairs, strict=True))
    torch._foreach_lerp_(ours, theirs, 1 - decay)
    for mine, other in zip(average.buffers(), network.buffers(), strict=True):
        mine.copy_(other)
