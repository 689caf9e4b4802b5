"""How hard each term of a training pulls: which of them shapes the pictures, and which the parameters.

    SCENEFILL_DATA=... python benchmarks/pulls.py configs/sge-net/street-256.toml --init runs/street-192/weights/...

Takes some batches as the training would, and prints for each term of the generator's loss, as it is weighed: its value, and the
norm of its gradient at the filled pixels of the picture and at all parameters of the generator. A term with a large value may
move nothing, and one that moves the parameters much may leave the picture alone: Adam divides by the sum of all.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from scenefill.cli.progress import tracked
from scenefill.data.stream import Stream
from scenefill.errors import ScenefillError
from scenefill.training import config as configs
from scenefill.training import run, tasks
from scenefill.training.sections import TrainConfig


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("overrides", nargs="*", help="key=value, as in `scenefill train`")
    parser.add_argument("--init", type=Path, help="weights file; its discriminator lies beside it")
    parser.add_argument("--batches", type=int, default=4)
    arguments = parser.parse_args()
    try:
        print(benchmark(configs.load(arguments.config, arguments.overrides), arguments.init, arguments.batches))
    except ScenefillError as error:
        parser.error(str(error))


def benchmark(config: TrainConfig, init: Path | None, batches: int) -> str:
    """One line per term, in Markdown."""
    torch.manual_seed(config.run.seed)
    task = tasks.create(config)
    if init:
        run.load_initial(task, init)
    fabric = Fabric(accelerator="cpu", devices=1)
    task.setup(fabric)
    stream = Stream(config.data, task.generator.labels, config.run.batch_size, config.run.seed)
    found: dict[str, list[list[float]]] = defaultdict(list)
    for number in tracked(range(batches), "batches"):
        batch = stream.batch(number)
        prediction = task.forward(batch)
        prediction.image.retain_grad()
        for name, value in task.phases(config.run.images)[-1].loss(batch, prediction).items():
            prediction.image.grad = None
            task.generator.zero_grad()
            fabric.backward(value, retain_graph=True)
            at_fill = [] if prediction.image.grad is None else [prediction.image.grad * batch.mask]
            at_parameters = [p.grad for p in task.generator.parameters() if p.grad is not None]
            found[name].append([value.item(), norm(at_fill), norm(at_parameters)])
    lines = ["| term | value | gradient at the fill | at the parameters |", "|---|---|---|---|"]
    for name, rows in found.items():
        lines.append(f"| {name} | {' | '.join(f'{mean:.2g}' for mean in np.mean(rows, axis=0))} |")
    return "\n".join(lines)


def norm(gradients: list[Tensor]) -> float:
    """Euclidean, of all together."""
    return sum(g.float().square().sum().item() for g in gradients) ** 0.5


if __name__ == "__main__":
    main()
