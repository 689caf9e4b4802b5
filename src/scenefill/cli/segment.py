"""scenefill segment: the label map of a photo, or of every photo of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import options

if TYPE_CHECKING:
    from ..filling.inpainter import Inpainter

EXAMPLE = options.example(
    "scenefill segment street.jpg -o map.png --overlay look.png",
    "scenefill segment my-photos/images -o my-photos/labels --sure 0.7",
)


def segment(
    image: Annotated[
        Path, typer.Argument(metavar="IMAGE", help="The photo: PNG, JPEG, WebP or TIFF, 8 or 16 bit; or a folder of photos.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="MAP", help="Palette PNG of class ids; a folder of them for a folder.")
    ],
    model: options.Model = options.DEFAULT_MODEL,
    sure: Annotated[float, typer.Option(min=0, max=1, help="Pixels whose confidence is below this stay unknown, id 255.")] = 0.0,
    overlay: Annotated[
        Path | None, typer.Option(metavar="PICTURE", help="Write the photo with the classes' colours over it.")
    ] = None,
    overwrite: options.Overwrite = False,
) -> None:
    """Write the label map of a photo, or of every photo of a folder.

    Of a folder, each map gets its photo's name, and what stands already is skipped: with --sure, labels to train with for photos
    that nobody has labelled. A photo that fails does not stop the others; the exit code is then 1.
    """
    import scenefill

    from ..errors import InputError
    from .progress import working

    if image.is_dir():
        if overlay:
            raise InputError(f"--overlay is for one photo, {image} is a folder: name a photo, or leave it out")
        maps = _pair(image, out)
        _segment_all(scenefill.load(model), maps, out, sure=sure, overwrite=overwrite)
        return
    options.check_outputs(out, overlay, overwrite=overwrite)
    with working(f"segmenting {image}"):
        _segment(scenefill.load(model), image, out, overlay, sure=sure, overwrite=overwrite)
    typer.echo(out)


def _pair(image: Path, out: Path) -> dict[Path, Path]:
    """Each photo of a folder and where its map goes."""
    from ..errors import OutputError
    from ..pictures import folders

    if out.resolve().is_relative_to(image.resolve()):
        raise OutputError(f"the maps cannot lie in {out}, among the photos of {image}: give another folder")
    return {photo: (out / photo.relative_to(image)).with_suffix(".png") for photo in folders.pictures(image).values()}


def _segment_all(fill: Inpainter, maps: dict[Path, Path], out: Path, *, sure: float, overwrite: bool) -> None:
    """A photo that fails is told and does not stop the others."""
    from ..errors import ImageError, OutputError
    from .progress import tracked

    failed = 0
    waiting = {photo: path for photo, path in maps.items() if overwrite or not path.exists()}
    for photo, path in tracked(waiting.items(), "segmenting", total=len(waiting)):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _segment(fill, photo, path, None, sure=sure, overwrite=overwrite)
        except (ImageError, OSError, OutputError) as error:  # what is wrong with one photo or its map alone
            failed += 1
            typer.echo(f"scenefill: {photo}: {error}", err=True)
    typer.echo(f"{len(waiting) - failed} done, {len(maps) - len(waiting)} skipped, {failed} failed: {out}")
    if failed:
        raise typer.Exit(1)


def _segment(fill: Inpainter, photo: Path, out: Path, overlay: Path | None, *, sure: float, overwrite: bool) -> None:
    """Writes the map of one photo and, where it is asked for, the look of it."""
    import numpy as np

    from ..labels import UNKNOWN
    from ..pictures import images

    picture = images.read(photo)
    labels, confidence = fill.segment(picture)
    labels = np.where(confidence < sure, np.uint8(UNKNOWN), labels)
    assert fill.labels is not None, "segment had raised LabelError"
    images.write_labels(labels, fill.labels, out, overwrite=overwrite)
    if overlay:
        images.write_rgb(picture.rgb8() // 2 + fill.labels.colourise(labels) // 2, overlay, overwrite=overwrite)
