"""scenefill experiment: a table or a figure of a paper, from what it takes to train its models to what of its claims shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from . import options

if TYPE_CHECKING:
    from ..experiments.plan import Experiment
    from ..experiments.run import Runner, Watch

EXAMPLE = options.example(
    "scenefill experiment experiments/table4.toml",
    "scenefill experiment experiments/table3.toml --dry-run",
)


def experiment(
    file: Annotated[Path, typer.Argument(metavar="TOML", help="The experiment, such as experiments/table3.toml.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Folder for the results.", show_default="results/NAME")
    ] = None,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Keeps trainings and measurements, for all experiments.")] = Path(
        "runs/experiments"
    ),
    budget: Annotated[
        Literal["full", "tiny"], typer.Option(help="tiny: seconds instead of hours, to see that everything runs; needs --photos.")
    ] = "full",
    photos: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Train and measure on this folder (images/, labels/) instead.")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="So many photos of each data set.", show_default="the file's")] = None,
    root: options.DataRoot = Path("data"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what is missing and how long it will take; do nothing.")
    ] = False,
    device: Annotated[str, typer.Option(help="For training: auto, cpu, cuda or mps.")] = "auto",
    overwrite: options.Overwrite = False,
) -> None:
    """Repeat a table or a figure of a paper.

    Trains what is missing, going on where it was broken off; a training is made anew only if its config or the source of its
    network has changed. Measures every model on the same holes, and writes results.md, results.json, results.csv, the cases, and
    index.html, one page with its pictures inside: our numbers with intervals, which of the paper's statements they show, and,
    set apart, the numbers that the paper prints.
    """
    options.check_installed("torch", "torchmetrics", "lightning_fabric", extra="train", what="scenefill experiment")
    from ..errors import ConfigError
    from ..experiments import plan
    from ..experiments.run import Runner

    if budget == "tiny" and photos is None:
        raise ConfigError("--budget tiny needs a small folder of photos: --photos DIR with images/ and labels/")
    wanted = plan.placed(plan.load(file), file.parent)
    if photos is not None:
        wanted = plan.tiny(wanted, photos) if budget == "tiny" else plan.on(wanted, photos)
    if count is not None:
        wanted = plan.fewer(wanted, count)
    runner = Runner(wanted, runs, root, device=device, watch=_watch())
    typer.echo(_plan(runner, wanted), err=True)
    if dry_run:
        _forecast(runner, device)
        return
    folder = out or Path("results") / file.stem
    outcome = runner.run(folder, overwrite=overwrite)
    for verdict in outcome.verdicts:
        typer.echo(f"{verdict.answer}: {verdict.claim.says} ({verdict.cases})")
    typer.echo(f"{folder / 'results.md'}; with pictures: {folder / 'index.html'}")


def _plan(runner: Runner, wanted: Experiment) -> str:
    """What is there and what is not."""
    missing, trainings = runner.missing, {one.directory for one in runner.trainings.values()}
    images = sum(one.images for one in missing)
    fills = sum(len(cases) for cases in runner.cases) * len(wanted.models)
    return (
        f"{wanted.title}: {len(trainings)} trainings, {len(missing)} of them missing ({images:,} images); "
        f"{fills:,} fills in {len(runner.cases)} kinds of cases"
    )


def _forecast(runner: Runner, device: str) -> None:
    """How long each missing training will take on this machine, from a few steps of each."""
    from ..training import run as runs

    hours = 0.0
    for training in runner.missing:
        needed = sum(runs.dry_run(stage, device)["hours"] for stage in training.stages)
        hours += needed
        typer.echo(f"{training.title}: {training.images:,} images, about {needed:.1f} h")
    typer.echo(f"in all about {hours:.1f} h")


def _watch() -> Watch:
    """Bars for a person; for a log, a line when a step begins and one with the time that is left."""
    import time

    from ..experiments.run import Watch
    from .progress import counted, tracked

    def said(sentence: str) -> None:
        typer.echo(sentence, err=True)

    def trained(training: Any) -> Callable[[int, int, float], None]:
        bar = counted(training.title)
        move = bar.__enter__()
        told = [time.monotonic()]

        def show(done: int, total: int, rate: float) -> None:
            move(done, total)
            if time.monotonic() - told[-1] > 60:
                told.append(time.monotonic())
                said(f"{training.title}: {done:,} of {total:,} images, {rate:.1f}/s, {(total - done) / rate / 60:.0f} min to go")
            if done >= total:
                bar.__exit__(None, None, None)

        return show

    def measured(title: str, cases: Any) -> Iterator[Any]:
        said(f"measuring {title}: {len(cases)} cases of {cases.dataset.name}, {cases.masks} holes")
        return tracked(cases, title)

    return Watch(said, trained, measured)
