"""scenefill inpaint: fill the holes of one photo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from . import options

EXAMPLE = options.example("scenefill inpaint photo.jpg mask.png -o filled.jpg --forbid car,pedestrian")

Mask = Annotated[
    Path | None,
    typer.Argument(metavar="[MASK]", help="White (128 and above) is the hole; in RGBA, what is opaque.", show_default=False),
]
At = Annotated[
    list[str] | None, typer.Option(metavar="X,Y", help="Remove the thing at this pixel, in place of a mask; may be repeated.")
]
Labels = Annotated[
    Path | None, typer.Option(metavar="MAP", help="Label map of the photo: what shall be where; 255 leaves it to the model.")
]
Edges = Annotated[
    Path | None,
    typer.Option(
        metavar="DRAWING", help="White strokes on black, of the photo's size: where edges shall be, for a model led by them."
    ),
]
SaveConfidence = Annotated[
    Path | None, typer.Option(metavar="PNG", help="Write how sure the model is of each pixel: 0 a guess, 255 certain.")
]
Size = Annotated[
    int | None, typer.Option(min=1, metavar="PIXELS", help="Side at which the model works.", show_default="its training size")
]


def inpaint(
    image: options.Photo,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT", help="The filled photo; its suffix decides on the format.")],
    mask: Mask = None,
    at: At = None,
    model: options.Model = options.DEFAULT_MODEL,
    labels: Labels = None,
    forbid: options.Forbid = "",
    edges: Edges = None,
    save_mask: Annotated[Path | None, typer.Option(metavar="PNG", help="Write what was filled: white is the hole.")] = None,
    save_labels: Annotated[Path | None, typer.Option(metavar="PNG", help="Write the label map of the filled photo.")] = None,
    save_confidence: SaveConfidence = None,
    feather: options.Feather = 0,
    restore: options.Restore = False,
    grow: options.Grow = "auto",
    invert_mask: options.InvertMask = False,
    resize_mask: options.ResizeMask = False,
    size: Size = None,
    detail: options.Detail = "auto",
    overwrite: options.Overwrite = False,
) -> None:
    """Fill the holes of a photo.

    What lies under the mask, or where --at points, is removed: movable things are not put there again, and the hole grows over
    what belongs to them; --restore mends instead.
    The output has the photo's size, mode, bit depth, ICC profile and EXIF data. Pixels outside the hole stay as they are, to the
    bit; in a JPEG about one in a hundred of them moves by a step, since it is compressed again (with the photo's own tables).
    """
    import scenefill

    from ..pictures import masks
    from .progress import working

    if (mask is None) == (not at):
        raise InputError("say what is to be filled by a mask, or by --at X,Y: one of the two")
    options.check_outputs(out, save_mask, save_labels, save_confidence, overwrite=overwrite)
    with working(f"filling {image}"):
        fill = scenefill.load(model)
        result = fill(
            image,
            mask or fill.select(image, [options.point(each) for each in at or ()], size=size),
            labels=labels,
            forbid=options.names(forbid),
            edges=edges,
            intent="restore" if restore else "remove",
            grow=options.growth(grow),
            feather=feather,
            invert_mask=invert_mask,
            resize_mask=resize_mask,
            size=size,
            detail=detail,
        )
        result.save(out, overwrite=overwrite)
        if save_mask:
            masks.write(result.mask, save_mask, overwrite=overwrite)
        if save_labels:
            result.save_labels(save_labels, overwrite=overwrite)
        if save_confidence:
            result.save_confidence(save_confidence, overwrite=overwrite)
    typer.echo(out)
