"""scenefill train: learn from a folder of photos, as a TOML file says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options

EXAMPLE = options.example("scenefill train configs/tiny/sge-net.toml data.sources='[\"my-photos\"]' --out runs/mine")


def train(
    config: Annotated[Path, typer.Argument(help="TOML config of the run, such as configs/tiny/sge-net.toml.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="Values to change, as run.images=1000 data.size=128.")] = None,
    out: Annotated[Path | None, typer.Option(help="Run directory (default: runs/ and the config's name).")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in that directory.")] = False,
    init: Annotated[Path | None, typer.Option(help="Weights file (.safetensors) to start from.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Build everything, try one batch, train nothing.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    devices: Annotated[
        int, typer.Option(envvar="LOCAL_WORLD_SIZE", show_envvar=False, help="How many of them (processes, for cpu).")
    ] = 1,  # torchrun sets the variable
) -> None:
    """Train a network on a folder of photos."""
    options.check_installed("lightning_fabric", "torch", extra="train", what="training")
    import json

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from ..evaluation.live import validation
    from ..training import config as configs
    from ..training import run as runs

    directory = out or Path("runs") / config.stem
    settings = configs.load(config, overrides or (), begun=runs.begun(directory) if resume else None)
    if dry_run:
        typer.echo(json.dumps(runs.dry_run(settings), indent=1))
        return
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("images, {task.fields[rate]:.1f}/s,"), TimeRemainingColumn())
    with Progress(*columns) as bar:
        job = bar.add_task("", total=settings.run.images, rate=0.0)
        path = runs.run(
            settings,
            directory,
            resume=resume,
            init=init,
            validate=validation(settings),
            show=lambda images, rate: bar.update(job, completed=images, rate=rate),
            accelerator=device,
            devices=devices,
        )
    typer.echo(f"weights: {path}\nsamples, log: {directory}")
