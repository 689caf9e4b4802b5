"""scenefill train: learn from a folder of photos, as a TOML file says."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import options

if TYPE_CHECKING:
    from ..training.sections import RunConfig

EXAMPLE = options.example("scenefill train configs/tiny/sge-net.toml data.sources='[\"my-photos\"]' --out runs/mine")

TELLING_STEP = 20
"""The step after which a run says how long it will take: by then the pace is steady."""


def train(
    config: Annotated[Path, typer.Argument(help="TOML config of the run, such as configs/tiny/sge-net.toml.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="Values to change, as run.images=1000 data.size=128.")] = None,
    out: Annotated[Path | None, typer.Option(help="Run directory (default: runs/ and the config's name).")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in that directory.")] = False,
    init: Annotated[Path | None, typer.Option(help="Weights file (.safetensors) to start from.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Build everything, measure a few steps, keep nothing.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    devices: Annotated[
        int, typer.Option(envvar="LOCAL_WORLD_SIZE", show_envvar=False, help="How many of them (processes, for cpu).")
    ] = 1,  # torchrun sets the variable
) -> None:
    """Train a network on a folder of photos."""
    options.check_installed("lightning_fabric", "torch", extra="train", what="training")
    import json

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from ..evaluation.live import validation
    from ..training import config as configs
    from ..training import run as runs

    directory = out or Path("runs") / config.stem
    begun = runs.begun(directory) if resume or runs.restarts() else None
    if runs.restarts() and begun is not None:
        resume, init = True, None
    settings = configs.load(config, overrides or (), begun=begun)
    if dry_run:
        typer.echo(json.dumps(runs.dry_run(settings, device), indent=1))
        return
    typer.echo("precision {}: {}".format(*runs.arithmetic(settings.run, device)), err=True)
    steps = count(1)

    def show(images: int, rate: float) -> None:
        bar.update(job, completed=images, rate=rate)
        if next(steps) == TELLING_STEP:
            bar.console.print(_forecast(settings.run, images, rate))

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("images, {task.fields[rate]:.1f}/s,"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True, highlight=False)) as bar:
        job = bar.add_task("", total=settings.run.images, rate=0.0)
        path = runs.run(
            settings,
            directory,
            resume=resume,
            init=init,
            validate=validation(settings),
            show=show,
            accelerator=device,
            devices=devices,
        )
    typer.echo(f"weights: {path}\nsamples, log: {directory}")


def _forecast(run: RunConfig, images: int, rate: float) -> str:
    """How long what is left of a run will take at a pace of `rate` images per second."""
    minutes = (run.images - images) / rate / 60
    if run.minutes:
        minutes = min(minutes, run.minutes)
    return f"{rate:.1f} images/s: about {int(minutes) // 60} h {int(minutes) % 60:02d} min to go"
