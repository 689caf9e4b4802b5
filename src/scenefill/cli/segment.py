"""scenefill segment: the label map of a photo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options

EXAMPLE = options.example("scenefill segment street.jpg -o map.png --overlay look.png")


def segment(
    image: options.Photo,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="MAP", help="Palette PNG of class ids.")],
    model: options.Model = options.DEFAULT_MODEL,
    overlay: Annotated[
        Path | None, typer.Option(metavar="PICTURE", help="Write the photo with the classes' colours over it.")
    ] = None,
    overwrite: options.Overwrite = False,
) -> None:
    """Write the label map of a photo."""
    import scenefill

    from .. import images
    from .progress import working

    options.check_outputs(out, overlay, overwrite=overwrite)
    with working(f"segmenting {image}"):
        picture = images.read(image)
        fill = scenefill.load(model)
        labels, _ = fill.segment(picture)
        assert fill.labels is not None, "segment had raised LabelError"
        images.write_labels(labels, fill.labels, out, overwrite=overwrite)
        if overlay:
            images.write_rgb(picture.rgb8() // 2 + fill.labels.colourise(labels) // 2, overlay, overwrite=overwrite)
    typer.echo(out)
