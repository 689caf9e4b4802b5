"""scenefill check-data: what is wrong with a data set, before a training finds out."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from . import options

EXAMPLE = options.example("scenefill check-data my-photos/ --labels street --sheet sheet.png")


def check_data(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Holds images/ and, where there are any, labels/ and masks/.")],
    labels: options.LabelSetName = "street",
    sheet: Annotated[Path | None, typer.Option(metavar="PNG", help="Draw photos and their maps side by side.")] = None,
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
) -> None:
    """Say what is wrong with a folder of photos, maps and masks.

    Reads every file. Finds files without a partner, wrong sizes, ids or colours that the label set does not have, maps that were
    resized with interpolation or saved as JPEG, 0/255 maps, and masks of the wrong polarity. Ends with 1 where training would
    fail.
    """
    from .. import labels as label_sets
    from ..data import check
    from ..pictures import images as image_files
    from .progress import counted

    photos, maps, masks = (folder / name for name in ("images", "labels", "masks"))
    label_set = label_sets.get(labels)
    with counted("reading") as progress:
        report = check.check(
            photos, maps if maps.is_dir() else None, label_set, masks if masks.is_dir() else None, progress=progress
        )
    if sheet is not None:
        pairs = check.contact_sheet(photos, maps if maps.is_dir() else None, label_set)
        image_files.write_rgb(pairs, sheet, overwrite=overwrite)
    if as_json:
        typer.echo(json.dumps({**dataclasses.asdict(report), "ok": report.ok}, indent=2))
    else:
        typer.echo(f"{folder}: {report.photos} photos, {report.maps} label maps, {report.masks} masks")
        total = sum(report.pixels.values())
        for name, count in report.pixels.items():
            typer.echo(f"  {name:24} {count / total:6.1%} of the pixels")
        for finding in report.findings:
            typer.echo(f"{finding.severity}: {finding.sentence}")
    if not report.ok:
        raise typer.Exit(1)
