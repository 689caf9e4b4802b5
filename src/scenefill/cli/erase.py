"""scenefill erase: find things of some classes and remove them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options

EXAMPLE = options.example("scenefill erase street.jpg --what car,pedestrian -o empty.jpg")


def erase(
    image: options.Photo,
    what: Annotated[str, typer.Option(metavar="CLASSES", help="What to remove, such as car,pedestrian.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT", help="The photo without them. - for a pipe.")],
    model: options.Model = options.DEFAULT_MODEL,
    grow: Annotated[int, typer.Option(min=0, metavar="PIXELS", help="Make the hole larger all round, to catch shadows.")] = 6,
    detail: options.Detail = "auto",
    runtime: options.Runtime = "auto",
    precision: options.Precision = "fp32",
    device: options.Device = "cpu",
    save_mask: Annotated[Path | None, typer.Option(metavar="PNG", help="Write the hole that was filled.")] = None,
    page: options.Page = None,
    kind: options.Format = None,
    overwrite: options.Overwrite = False,
) -> None:
    """Find everything of some classes in a photo and remove it.

    The model marks those classes itself, and they may not appear in what it fills in.
    """
    import scenefill

    from ..pictures import images, masks
    from .progress import working

    options.check_pipes(image, out=out, kind=kind)
    options.check_outputs(out, save_mask, overwrite=overwrite)
    with working(f"erasing from {image}"):
        photo = images.read(options.given(image), page=page)
        fill = scenefill.load(model, runtime=runtime, precision=precision, device=device)
        result = fill.erase(photo, options.names(what), grow=grow, detail=detail)
        options.deliver(result.picture, out, kind, overwrite=overwrite)
        if save_mask:
            masks.write(result.mask, save_mask, overwrite=overwrite)
