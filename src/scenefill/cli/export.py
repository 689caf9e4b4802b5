"""scenefill export: trained weights as the two files that everybody else runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import ConfigError
from . import options

EXAMPLE = options.example("scenefill export runs/mine -o mine.safetensors --calibrate camvid:val")


def export(
    source: Annotated[Path, typer.Argument(help="Run directory, or a weights file.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="NAME.safetensors", help="NAME.onnx is written beside it.")],
    calibrate: Annotated[
        list[str] | None,
        typer.Option(metavar="DIR|SET:SPLIT", help="Fit the confidence's temperature on these photos; may be repeated."),
    ] = None,
    report: Annotated[
        list[Path] | None,
        typer.Option(metavar="REPORT.json", help="Put an evaluation's figures into the description; may be repeated."),
    ] = None,
    notes: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the weights are for: `scenefill models list` says it.")
    ] = None,
    root: options.DataRoot = Path("data"),
    overwrite: options.Overwrite = False,
) -> None:
    """Write a trained network as the two files that others run.

    They are kept only if ONNX Runtime and torch agree.
    """
    options.check_installed("onnxscript", "torch", extra="train", what="scenefill export")
    from ..evaluation.live import fit_temperature
    from ..evaluation.tables import summary
    from ..networks import export as exporter
    from ..networks.backend import read
    from ..networks.cost import cost

    info, network = read(exporter.find_weights(source))
    changes: dict[str, Any] = {"metrics": {**info.metrics, **cost(network, info.working_size)}}
    if calibrate:
        if network.labels is None:
            raise ConfigError(f"{source} has no semantics, so there is no confidence to calibrate")
        changes["temperature"] = fit_temperature(network, info.working_size, calibrate, root)
    for path in report or ():
        changes["metrics"] |= summary(path, out.stem)
    if notes is not None:
        changes["notes"] = notes
    agreement = exporter.export(source, out, overwrite=overwrite, **changes)
    typer.echo(
        f"{out}: temperature {changes.get('temperature', info.temperature):.3g}; ONNX Runtime against torch: "
        f"mean difference {agreement.mean:.1e}, {agreement.share_close:.2%} of the values within {exporter.CLOSE}"
    )
