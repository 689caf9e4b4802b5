"""scenefill segment: the label map of a photo, or of every photo of a folder."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ImageError, InputError, OutputError
from . import options

if TYPE_CHECKING:
    from ..filling.inpainter import Inpainter
    from ..labels import LabelMap
    from ..pictures.images import Picture

EXAMPLE = options.example(
    "scenefill segment street.jpg -o map.png --overlay look.png",
    "scenefill segment my-photos/images -o my-photos/labels --sure 0.7",
)


def segment(
    image: Annotated[
        Path,
        typer.Argument(
            metavar="IMAGE", help="The photo, as docs/formats.md lists them, - for standard input; or a folder of photos."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="MAP", help="Palette PNG of class ids, - for a pipe; a folder of them for a folder."),
    ],
    model: options.Model = options.DEFAULT_MODEL,
    sure: Annotated[float, typer.Option(min=0, max=1, help="Pixels whose confidence is below this stay unknown, id 255.")] = 0.0,
    overlay: Annotated[
        Path | None, typer.Option(metavar="PICTURE", help="Write the photo with the classes' colours over it.")
    ] = None,
    runtime: options.Runtime = "auto",
    precision: options.Precision = "fp32",
    device: options.Device = "cpu",
    page: options.Page = None,
    overwrite: options.Overwrite = False,
) -> None:
    """Write the label map of a photo, or of every photo of a folder.

    Of a folder, each map gets its photo's name, and what stands already is skipped: with --sure, labels to train with for photos
    that nobody has labelled. A photo that fails does not stop the others; the exit code is then 1.
    """
    import scenefill

    from ..pictures import images
    from .progress import working

    load = partial(scenefill.load, model, runtime=runtime, precision=precision, device=device)
    if image.is_dir():
        if overlay or page:
            option = "--overlay" if overlay else "--page"
            raise InputError(f"{option} is for one photo, {image} is a folder: name a photo, or leave it out")
        _folder(image, out, load, sure, overwrite)
        return
    options.check_outputs(out, overlay, overwrite=overwrite)
    with working(f"segmenting {image}"):
        fill = load()
        picture = images.read(options.given(image), page=page)
        labels = _labels(fill, picture, sure)
        assert fill.labels is not None, "segment had raised LabelError"
        if options.piped(out):
            options.emit(images.encode_labels(labels, fill.labels))
        else:
            images.write_labels(labels, fill.labels, out, overwrite=overwrite)
            typer.echo(out)
        if overlay:
            images.write_rgb(picture.rgb8() // 2 + fill.labels.colourise(labels) // 2, overlay, overwrite=overwrite)


def _labels(fill: Inpainter, picture: Picture, sure: float) -> LabelMap:
    import numpy as np

    from ..labels import UNKNOWN

    labels, confidence = fill.segment(picture)
    return np.asarray(np.where(confidence < sure, np.uint8(UNKNOWN), labels), np.uint8)


def _folder(folder: Path, out: Path, load: Callable[[], Inpainter], sure: float, overwrite: bool) -> None:
    from ..pictures import folders, images
    from .progress import tracked

    if out.resolve().is_relative_to(folder.resolve()):
        raise OutputError(f"the maps cannot lie in {out}, among the photos of {folder}: give another folder")
    photos = folders.by_name(folder).values()
    maps = {photo: (out / photo.relative_to(folder)).with_suffix(".png") for photo in photos}
    fill = load()
    failed = 0
    waiting = {photo: path for photo, path in maps.items() if overwrite or not path.exists()}
    for photo, path in tracked(waiting.items(), "segmenting", total=len(waiting)):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            labels = _labels(fill, images.read(photo), sure)
            assert fill.labels is not None, "segment had raised LabelError"
            images.write_labels(labels, fill.labels, path, overwrite=overwrite)
        except (ImageError, OSError, OutputError) as error:  # what is wrong with one photo or its map alone
            failed += 1
            typer.echo(f"scenefill: {options.about(photo, str(error))}", err=True)
    typer.echo(f"{len(waiting) - failed} done, {len(maps) - len(waiting)} skipped, {failed} failed: {out}")
    if failed:
        raise typer.Exit(1)
