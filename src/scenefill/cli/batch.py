"""scenefill batch: folders of photos and masks."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from . import options

EXAMPLE = options.example("scenefill batch photos/ masks/ filled/ --resume")

Masks = Annotated[
    Path,
    typer.Argument(
        metavar="MASKS",
        help="One mask for all, or a folder of NAME.png or NAME_mask001.png, ... per photo, in its subfolder or any.",
    ),
]


def batch(
    photos: Annotated[Path, typer.Argument(metavar="IMAGES", help="Folder of photos, searched through.")],
    masks: Masks,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the filled photos, under the photos' names.")],
    model: options.Model = options.DEFAULT_MODEL,
    workers: Annotated[int, typer.Option(min=1, help="Photos to work on at a time.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Skip what stands already, and go on with the report.")] = False,
    glob: Annotated[str, typer.Option(metavar="PATTERN", help="Which files of IMAGES are meant.")] = "**/*",
    forbid: options.Forbid = "",
    feather: options.Feather = 0,
    restore: options.Restore = False,
    grow: options.Grow = "auto",
    invert_mask: options.InvertMask = False,
    resize_mask: options.ResizeMask = False,
    detail: options.Detail = "auto",
    runtime: options.Runtime = "auto",
    precision: options.Precision = "fp32",
    device: options.Device = "cpu",
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
) -> None:
    """Fill every photo of a folder.

    OUT/report.jsonl gets a line for each file. One that fails, or has no partner, does not stop the others; the exit code is then
    1. Stopped (Ctrl-C, SIGTERM), it finishes the photos that it has begun; --resume does the others.
    """
    import scenefill

    from ..filling import batch as batches
    from .progress import tracked

    jobs = batches.pair(photos, masks, out, glob=glob)
    fill = partial(
        scenefill.load(model, runtime=runtime, precision=precision, device=device).fill,
        forbid=options.names(forbid),
        feather=feather,
        intent="restore" if restore else "remove",
        grow=options.growth(grow),
        invert_mask=invert_mask,
        resize_mask=resize_mask,
        detail=detail,
    )
    records = []
    running = batches.run(fill, jobs, out, workers=workers, resume=resume, overwrite=overwrite)
    for record in tracked(running, "filling", total=len(jobs)):
        records.append(record)
        if record.status == "failed":
            typer.echo(f"scenefill: {options.about(record.image or record.mask, record.error or '')}", err=True)
    counts = Counter(record.status for record in records)
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(record) for record in records], indent=2))
    else:
        typer.echo(f"{counts['done']} done, {counts['skipped']} skipped, {counts['failed']} failed: {out / batches.REPORT}")
    if counts["failed"]:
        raise typer.Exit(1)
