"""The command line. One module per verb: each reads its options and makes one call to the library.

Exit codes: 0 done; 1 some files of a batch failed, or a check found errors; 2 the user's mistake, said in one line; 130 Ctrl-C;
143 SIGTERM.
Nothing here, and no verb's module, imports a library room before its verb runs: `scenefill --help` answers at once.
"""

from __future__ import annotations

import logging
import signal
import sys
import warnings
from typing import Annotated, Any, TextIO

import typer
from typer.core import TyperGroup

from ..errors import ScenefillError, ScenefillWarning
from . import (
    batch,
    bench,
    check_data,
    demo,
    erase,
    evaluate,
    experiment,
    export,
    inpaint,
    masks,
    models,
    options,
    pack,
    segment,
    serve,
    study,
    train,
)


class _Verbs(TyperGroup):
    """Prints what a user got wrong as one line and ends with 2."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ScenefillError as error:
            typer.echo(f"scenefill: {error}", err=True)
            raise typer.Exit(2) from None


app = typer.Typer(cls=_Verbs, no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"scenefill {version('scenefill')}")
        raise typer.Exit


def _print_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """`warnings.showwarning` as one line, without the place in our code that it came from."""
    typer.echo(f"scenefill: {message}", err=True)


@app.callback(epilog=options.example("scenefill inpaint photo.jpg mask.png -o filled.jpg"))
def _scenefill(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Fill holes in photos of mixed scenes: what belongs there and how it looks are predicted together."""
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="scenefill: %(message)s")
    warnings.showwarning = _print_warning
    warnings.simplefilter("always", ScenefillWarning)


app.command("inpaint", epilog=inpaint.EXAMPLE)(inpaint.inpaint)
app.command("erase", epilog=erase.EXAMPLE)(erase.erase)
app.command("segment", epilog=segment.EXAMPLE)(segment.segment)
app.command("batch", epilog=batch.EXAMPLE)(batch.batch)
app.command("serve", epilog=serve.EXAMPLE)(serve.serve)
app.command("train", epilog=train.EXAMPLE)(train.train)
app.command("evaluate", epilog=evaluate.EXAMPLE)(evaluate.evaluate)
app.command("experiment", epilog=experiment.EXAMPLE)(experiment.experiment)
app.command("export", epilog=export.EXAMPLE)(export.export)
app.command("check-data", epilog=check_data.EXAMPLE)(check_data.check_data)
app.command("pack", epilog=pack.EXAMPLE)(pack.pack)
app.command("bench", epilog=bench.EXAMPLE)(bench.bench)
app.command("demo", epilog=demo.EXAMPLE)(demo.demo)
app.add_typer(models.app, name="models")
app.add_typer(masks.app, name="masks")
app.add_typer(study.app, name="study")


def main() -> None:
    """The console script. SIGTERM ends it as Ctrl-C does: half a file is put away, what a batch has begun is finished."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    app(prog_name="scenefill")
