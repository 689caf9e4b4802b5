"""scenefill check-data: what is wrong with a data set, before a training finds out."""

from __future__ import annotations

import dataclasses
import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from . import options

EXAMPLE = options.example("scenefill check-data my-photos/ --labels street --sheet sheet.png")


def check_data(
    data: Annotated[
        str, typer.Argument(metavar="DIR|SET:SPLIT", help="Folder with images/, labels/ and masks/, or a public set.")
    ],
    labels: options.LabelSetName = "street",
    root: options.DataRoot = Path("data"),
    sheet: Annotated[Path | None, typer.Option(metavar="PNG", help="Draw photos and their maps side by side.")] = None,
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
) -> None:
    """Say what is wrong with a folder of photos, maps and masks.

    Reads every file. Finds files without a partner, wrong sizes, ids or colours that the label set does not have, maps that were
    resized with interpolation or saved as JPEG, 0/255 maps, and masks of the wrong polarity. Of a public set, such as
    camvid:train or nvidia-masks:test, it says too whether all of its files are there, and its licence. Ends with 1 where training
    would fail.
    """
    from .. import labels as label_sets
    from ..data import catalogue, check, public
    from ..errors import InputError
    from ..pictures import images as image_files
    from .progress import counted

    folder, licence = Path(data), ""
    with counted("reading") as progress:
        if ":" in data and not folder.is_dir():
            name, _, split = data.partition(":")
            about = catalogue.known(name)
            licence, expected = f"; licence: {about.licence}", about.counts.get(split)
            if about.holds == "masks":
                report = check.check_masks(public.masks(data, root), expected, progress=progress)
                draw = None
            else:
                photos = public.open(name, root, split)
                report = check.check_set(photos, expected, progress=progress)
                draw = partial(check.contact_sheet_of_set, photos)
        else:
            images, maps, masks = (folder / part for part in ("images", "labels", "masks"))
            coded = (images, maps if maps.is_dir() else None, label_sets.get(labels))
            report = check.check(*coded, masks if masks.is_dir() else None, progress=progress)
            draw = partial(check.contact_sheet, *coded)
    if sheet is not None:
        if draw is None:
            raise InputError(f"{data} holds no photos to draw: leave --sheet out")
        image_files.write_rgb(draw(), sheet, overwrite=overwrite)
    if as_json:
        typer.echo(json.dumps({**dataclasses.asdict(report), "ok": report.ok}, indent=2))
    else:
        typer.echo(f"{data}: {report.photos} photos, {report.maps} label maps, {report.masks} masks{licence}")
        total = sum(report.pixels.values())
        for name, count in report.pixels.items():
            typer.echo(f"  {name:24} {count / total:6.1%} of the pixels")
        for finding in report.findings:
            typer.echo(f"{finding.severity}: {finding.sentence}")
    if not report.ok:
        raise typer.Exit(1)
