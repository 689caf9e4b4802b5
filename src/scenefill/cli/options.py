"""What several verbs share: their common options, how text becomes values, and what has to be there before they begin."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal

import typer

from ..errors import ImageError, InputError, MissingExtraError, OutputError

if TYPE_CHECKING:
    from ..pictures.images import Picture

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


def prefix(text: str) -> str:
    """ "/scenefill/" -> "/scenefill". Raises InputError for what cannot stand before the paths of a service."""
    if not re.fullmatch(r"(/[\w.~-]+)*/?", text) or text.startswith("/api"):
        raise InputError(f'--root-path takes a path such as /scenefill, which does not begin with /api, not "{text}"')
    return text.rstrip("/")


def point(text: str) -> tuple[int, int]:
    """ "310,220" -> (310, 220), x and y. Raises InputError for anything else."""
    match = re.fullmatch(r"(\d+),(\d+)", text.replace(" ", ""))
    if match is None:
        raise InputError(f'"{text}" is not a point: write X,Y in pixels from the top left, such as 310,220')
    return int(match[1]), int(match[2])


Model = Annotated[
    str, typer.Option("--model", "-m", metavar="NAME", help="A model that `scenefill models list` names, or a path.")
]
Photo = Annotated[Path, typer.Argument(metavar="IMAGE", help="The photo, as docs/formats.md lists them; - for standard input.")]
Page = Annotated[int | None, typer.Option(min=1, metavar="N", help="Which page or frame, of a file that has several.")]
Format = Annotated[
    Literal["png", "jpeg", "webp", "tiff", "bmp", "gif", "avif", "heif"] | None,
    typer.Option("--format", help="Of standard output.", show_default="the photo's"),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that stand already.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Processor threads to compute with.", show_default="one per core")]
Runtime = Annotated[
    Literal["auto", "onnxruntime", "openvino"],
    typer.Option(metavar="NAME", help="onnxruntime, openvino, or auto: the first at fp32, the second at bf16; -v says why."),
]
Precision = Annotated[
    Literal["fp32", "bf16"],
    typer.Option(metavar="KIND", help="fp32, or bf16: by OpenVINO, faster on processors that have it, and a little different."),
]
Device = Annotated[
    Literal["cpu", "cuda", "coreml", "directml"],
    typer.Option(metavar="NAME", help="cpu, or what the installed ONNX Runtime has besides: cuda, coreml or directml."),
]
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
        if path is not None and not piped(path):
            images.check_output(path, overwrite=overwrite)


def check_installed(*modules: str, extra: str, what: str) -> None:
    """Raises MissingExtraError where a module cannot be imported; `what` needs it, `extra` brings it."""
    try:
        for name in modules:
            importlib.import_module(name)
    except ImportError:
        raise MissingExtraError(what, extra) from None


def about(file: object, sentence: str) -> str:
    """What is said of a file, with its name once."""
    return sentence if str(file) in sentence else f"{file}: {sentence}"


# ---------------------------------------------------------------------------------------------------------------------- pipes


def piped(path: Path | None) -> bool:
    """Whether "-" was given: standard input or output."""
    return str(path) == "-"


def check_pipes(*inputs: Path | None, out: Path, kind: str | None = None) -> None:
    """Raises InputError where two inputs are standard input, or a format is named for a file, whose suffix decides."""
    if sum(map(piped, inputs)) > 1:
        raise InputError("standard input (-) holds one file: give the other one a name")
    if kind and not piped(out):
        raise InputError(f"--format is for standard output (-o -): the suffix of {out} decides on its format")


def given(path: Path) -> Path | BinaryIO:
    """The file, or what comes from standard input. Raises ImageError where nothing can come."""
    if not piped(path):
        return path
    if sys.stdin.isatty():
        raise ImageError("- is standard input, which is a terminal here: pipe a picture into it (< photo.jpg)")
    file = io.BytesIO(sys.stdin.buffer.read())
    file.name = "standard input"
    return file


def deliver(picture: Picture, out: Path, kind: str | None, *, overwrite: bool) -> None:
    """Writes a picture to its file, whose name is then printed, or to standard output and nothing else there."""
    from ..pictures import images

    if not piped(out):
        images.write(picture, out, overwrite=overwrite)
        typer.echo(out)
        return
    own = picture.format if picture.format in images.EXTENSIONS.values() else "PNG"
    emit(images.encode(picture, kind.upper() if kind else str(own)))


def emit(data: bytes) -> None:
    """Raises OutputError where standard output takes no more."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        with contextlib.suppress(OSError):  # or Python complains once more when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"standard output cannot be written: {error.strerror}") from None
