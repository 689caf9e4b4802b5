"""scenefill inpaint: fill the holes of one photo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..errors import InputError
from . import options

if TYPE_CHECKING:
    from ..filling.inpainter import Inpainter
    from ..pictures.images import Picture

EXAMPLE = options.example(
    "scenefill inpaint photo.jpg mask.png -o filled.jpg --forbid car,pedestrian",
    "scenefill inpaint photo.jpg --at 310,220 -o filled.jpg",
    "scenefill inpaint cutout.png -o filled.png",
    "scenefill inpaint - mask.png -o - < photo.jpg > filled.jpg",
)

Out = Annotated[
    Path, typer.Option("--out", "-o", metavar="OUT", help="The filled photo; its suffix decides on the format. - for a pipe.")
]
Mask = Annotated[
    Path | None,
    typer.Argument(
        metavar="MASK",
        help="White is the hole, or one colour on black or on transparency. Left out: what is transparent in IMAGE.",
        show_default=False,
    ),
]
MaskFrom = Annotated[Literal["alpha"] | None, typer.Option("--mask", help="alpha: the hole is what is transparent in IMAGE.")]
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
    out: Out,
    mask: Mask = None,
    mask_from: MaskFrom = None,
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
    runtime: options.Runtime = "auto",
    precision: options.Precision = "fp32",
    device: options.Device = "cpu",
    page: options.Page = None,
    kind: options.Format = None,
    overwrite: options.Overwrite = False,
) -> None:
    """Fill the holes of a photo.

    What lies under the mask, or where --at points, is removed: movable things are not put there again, and the hole grows over
    what belongs to them; --restore mends instead.
    The output has the photo's size, mode, bit depth, ICC profile and metadata. Pixels outside the hole stay as they are, to the
    bit, in PNG, TIFF, BMP and lossless WebP; docs/formats.md says what holds for JPEG, which is compressed again as it was, and
    for the others.
    """
    import scenefill

    from ..pictures import images, masks
    from .progress import working

    _check(image, mask, mask_from, at)
    options.check_pipes(image, mask, out=out, kind=kind)
    options.check_outputs(out, save_mask, save_labels, save_confidence, overwrite=overwrite)
    wishes: dict[str, Any] = {"labels": labels, "forbid": options.names(forbid), "edges": edges, "size": size, "detail": detail}
    shape: dict[str, Any] = {"grow": options.growth(grow), "feather": feather}
    shape |= {"invert_mask": invert_mask, "resize_mask": resize_mask}
    with working(f"filling {image}"):
        fill = scenefill.load(model, runtime=runtime, precision=precision, device=device)
        picture = images.read(options.given(image), page=page)
        hole = _hole(fill, picture, mask, at, size)
        result = fill(picture, hole, intent="restore" if restore else "remove", **wishes, **shape)
        options.deliver(result.picture, out, kind, overwrite=overwrite)
        if save_mask:
            masks.write(result.mask, save_mask, overwrite=overwrite)
        if save_labels:
            result.save_labels(save_labels, overwrite=overwrite)
        if save_confidence:
            result.save_confidence(save_confidence, overwrite=overwrite)


def _check(image: Path, mask: Path | None, mask_from: str | None, at: list[str] | None) -> None:
    """Raises InputError where the hole is said in two ways."""
    if mask and mask_from:
        raise InputError(f"--mask alpha takes the hole from {image}: leave {mask} out, or the option")
    if at and (mask or mask_from):
        raise InputError("the hole is said twice: by a mask, and by --at; give one of the two")


def _hole(fill: Inpainter, picture: Picture, mask: Path | None, at: list[str] | None, size: int | None) -> Any:
    """What `Inpainter.fill` takes as a mask: None for what is transparent in the photo."""
    if at:
        return fill.select(picture, [options.point(each) for each in at], size=size)
    return options.given(mask) if mask else None
