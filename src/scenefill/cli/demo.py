"""scenefill demo: one fill, and everything that the model thought about it, on one sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options

EXAMPLE = options.example("scenefill demo examples/photos/red-car.jpg examples/masks/red-car.png --out demo/")


def demo(
    image: options.Photo,
    mask: Annotated[Path, typer.Argument(metavar="MASK", help="White is the hole.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the two pictures.")] = Path("demo"),
    model: options.Model = options.DEFAULT_MODEL,
    runtime: options.Runtime = "auto",
    precision: options.Precision = "fp32",
    device: options.Device = "cpu",
    overwrite: options.Overwrite = False,
) -> None:
    """Fill a photo and draw what the model saw on one sheet.

    The sheet shows input, fill, label map and trust map side by side.
    """
    import numpy as np

    import scenefill

    from ..pictures import images, sheets
    from .progress import working

    filled, sheet = out / f"{image.stem}-filled{image.suffix}", out / f"{image.stem}-sheet.png"
    out.mkdir(parents=True, exist_ok=True)
    options.check_outputs(filled, sheet, overwrite=overwrite)
    with working(f"filling {image}"):
        picture = images.read(image)
        fill = scenefill.load(model, runtime=runtime, precision=precision, device=device)
        result = fill(picture, mask)
        tinted = picture.rgb8()
        tinted[result.mask] = tinted[result.mask] // 3 + np.array((170, 0, 0), np.uint8)
        panels: list[sheets.Panel] = [
            ("input, the hole in red", tinted),
            (f"filled by {fill.backend.name}", result.picture.rgb8()),
        ]
        if fill.labels is not None and result.labels is not None and result.confidence is not None:
            panels += [
                ("map", fill.labels.colourise(result.labels)),
                ("trust: yellow certain, blue a guess", sheets.heat(result.confidence)),
                ("classes", sheets.legend(fill.labels)),
            ]
        result.save(filled, overwrite=overwrite)
        images.write_rgb(sheets.grid([panels]), sheet, overwrite=overwrite)
    typer.echo(filled)
    typer.echo(sheet)
