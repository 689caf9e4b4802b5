"""What several verbs share: their common options, how text becomes values, and what has to be there before they begin."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..errors import InputError, MissingExtraError

DEFAULT_MODEL = "sge-net-street"


def names(text: str) -> list[str]:
    """ "car, pedestrian" -> ["car", "pedestrian"]; library rooms say which names there are."""
    return [name.strip() for name in text.split(",") if name.strip()]


def size(text: str) -> tuple[int, int]:
    """ "640x480" (width x height) or "256" (a square) -> (height, width). Raises InputError for anything else."""
    match = re.fullmatch(r"([1-9]\d*)(?:x([1-9]\d*))?", text)
    if match is None:
        raise InputError(f'"{text}" is not a size: write WIDTHxHEIGHT, such as 640x480, or one number for a square')
    return int(match[2] or match[1]), int(match[1])


def growth(text: str) -> int | Literal["auto"]:
    """ "auto" or a number of pixels. Raises InputError for anything else."""
    if text == "auto":
        return "auto"
    if not text.isdecimal():
        raise InputError(f'--grow takes a number of pixels, or "auto", not "{text}"')
    return int(text)


def point(text: str) -> tuple[int, int]:
    """ "310,220" -> (310, 220), x and y. Raises InputError for anything else."""
    match = re.fullmatch(r"(\d+),(\d+)", text.replace(" ", ""))
    if match is None:
        raise InputError(f'"{text}" is not a point: write X,Y in pixels from the top left, such as 310,220')
    return int(match[1]), int(match[2])


Model = Annotated[
    str, typer.Option("--model", "-m", metavar="NAME", help="A model that `scenefill models list` names, or a path.")
]
Photo = Annotated[Path, typer.Argument(metavar="IMAGE", help="The photo: PNG, JPEG, WebP or TIFF, 8 or 16 bit.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that stand already.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Processor threads to compute with.", show_default="one per core")]
InvertMask = Annotated[bool, typer.Option("--invert-mask", help="Black is the hole, not white.")]
ResizeMask = Annotated[bool, typer.Option("--resize-mask", help="Stretch a mask of another size to the photo's.")]
Grow = Annotated[
    str,
    typer.Option(
        metavar="PIXELS|auto",
        help="Make the hole larger all round; auto: over rim, shadow and forgotten parts of the things that are removed.",
    ),
]
Restore = Annotated[
    bool, typer.Option("--restore", help="Mend scratches or lost areas: what lies under the mask has no influence.")
]
Feather = Annotated[
    int, typer.Option(min=0, metavar="PIXELS", help="Blend the fill into the photo over this width outside the hole.")
]
Detail = Annotated[
    Literal["auto", "exemplars", "patchmatch", "none"],
    typer.Option(metavar="HOW", help="Texture from around for what is blurred: auto, exemplars, patchmatch or none."),
]
Forbid = Annotated[str, typer.Option(metavar="CLASSES", help="Classes that may not appear in the hole: car,pedestrian.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same masks.")]
LabelSetName = Annotated[
    str, typer.Option(metavar="SET|TOML", help="The label set that the maps are coded in, or the file of your own.")
]
DataRoot = Annotated[Path, typer.Option("--root", metavar="DIR", envvar="SCENEFILL_DATA", help="Holds the public sets.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def example(*lines: str) -> str:
    """The end of a verb's help."""
    return "\b\nExample:\n  " + "\n  ".join(lines)


def check_outputs(*paths: Path | None, overwrite: bool) -> None:
    """Raises OutputError for a path that could not be written: before the work, not after it."""
    from ..pictures import images

    for path in paths:
        if path is not None:
            images.check_output(path, overwrite=overwrite)


def check_installed(*modules: str, extra: str, what: str) -> None:
    """Raises MissingExtraError where a module cannot be imported; `what` needs it, `extra` brings it."""
    try:
        for name in modules:
            importlib.import_module(name)
    except ImportError:
        raise MissingExtraError(what, extra) from None
