"""scenefill inpaint: fill the holes of one photo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..errors import InputError
from . import options

EXAMPLE = options.example(
    "scenefill inpaint photo.jpg mask.png -o filled.jpg --forbid car,pedestrian",
    "scenefill inpaint cutout.png -o filled.png",
    "scenefill inpaint - mask.png -o - < photo.jpg > filled.jpg",
)


def inpaint(
    image: options.Photo,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="OUT", help="The filled photo; its suffix decides on the format. - for a pipe.")
    ],
    mask: Annotated[
        Path | None,
        typer.Argument(
            metavar="MASK",
            help="White is the hole, or one colour on black or on transparency. Left out: what is transparent in IMAGE.",
            show_default=False,
        ),
    ] = None,
    mask_from: Annotated[
        Literal["alpha"] | None, typer.Option("--mask", help="alpha: the hole is what is transparent in IMAGE.")
    ] = None,
    model: options.Model = options.DEFAULT_MODEL,
    labels: Annotated[
        Path | None, typer.Option(metavar="MAP", help="Label map of the photo: what shall be where; 255 leaves it to the model.")
    ] = None,
    forbid: options.Forbid = "",
    edges: Annotated[
        Path | None,
        typer.Option(
            metavar="DRAWING", help="White strokes on black, of the photo's size: where edges shall be, for a model led by them."
        ),
    ] = None,
    save_labels: Annotated[Path | None, typer.Option(metavar="PNG", help="Write the label map of the filled photo.")] = None,
    save_confidence: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Write how sure the model is of each pixel: 0 a guess, 255 certain.")
    ] = None,
    feather: options.Feather = 0,
    grow: options.Grow = 0,
    invert_mask: options.InvertMask = False,
    resize_mask: options.ResizeMask = False,
    size: Annotated[
        int | None, typer.Option(min=1, metavar="PIXELS", help="Side at which the model works.", show_default="its training size")
    ] = None,
    detail: options.Detail = "auto",
    page: options.Page = None,
    kind: options.Format = None,
    overwrite: options.Overwrite = False,
) -> None:
    """Fill the holes of a photo.

    The output has the photo's size, mode, bit depth, ICC profile and metadata. Pixels outside the hole stay as they are, to the
    bit, in PNG, TIFF, BMP and lossless WebP; docs/formats.md says what holds for JPEG, which is compressed again as it was, and
    for the others.
    """
    import scenefill

    from ..pictures import images
    from .progress import working

    if mask and mask_from:
        raise InputError(f"--mask alpha takes the hole from {image}: leave {mask} out, or the option")
    options.check_pipes(image, mask, out=out, kind=kind)
    options.check_outputs(out, save_labels, save_confidence, overwrite=overwrite)
    with working(f"filling {image}"):
        result = scenefill.load(model)(
            images.read(options.given(image), page=page),
            options.given(mask) if mask else None,
            labels=labels,
            forbid=options.names(forbid),
            edges=edges,
            grow=grow,
            feather=feather,
            invert_mask=invert_mask,
            resize_mask=resize_mask,
            size=size,
            detail=detail,
        )
        options.deliver(result.picture, out, kind, overwrite=overwrite)
        if save_labels:
            result.save_labels(save_labels, overwrite=overwrite)
        if save_confidence:
            result.save_confidence(save_confidence, overwrite=overwrite)
