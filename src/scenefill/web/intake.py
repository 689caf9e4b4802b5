"""What comes in: pictures of a bounded size that stay in memory, options that are checked."""

from __future__ import annotations

import io
import logging
from typing import Annotated, Literal, TypeVar

import numpy as np
from fastapi import File, Form, HTTPException, UploadFile
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.formparsers import MultiPartParser

from ..errors import LabelError
from ..filling.detail import Detail
from ..filling.inpainter import Inpainter
from ..filling.removal import Intent
from ..labels import LabelMap, LabelSet
from ..pictures import images, masks
from ..pictures.images import Picture
from ..pictures.masks import Mask
from .frame import sentence
from .settings import Settings

LARGEST_SIDE = 768
"""Largest working size that may be asked for: time and memory of a network grow with its square."""
MultiPartParser.spool_max_size = 2**63 - 1  # otherwise Starlette writes uploads above one megabyte to disk
logging.getLogger("python_multipart").setLevel(logging.ERROR)  # its warnings say what a malformed request is answered with


# ----------------------------------------------------------------------------------------------------------------- pictures


class Upload(io.BytesIO):
    """A file that was uploaded: its bytes, and the name that errors call it by."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


async def received(file: UploadFile, what: str) -> Upload:
    """An uploaded file. Its name is cut to what a person would recognise; what: its name where it has none."""
    name = (file.filename or "").replace("\\", "/").rpartition("/")[2]
    return Upload(await file.read(), name[-100:] or what)


async def given(file: UploadFile | None, what: str) -> Upload | None:
    """`received`, for a file that may be left out."""
    return await received(file, what) if file else None


def picture(file: Upload, settings: Settings) -> Picture:
    """A photo. Raises ImageError, and HTTPException 413 for more pixels than the service takes."""
    _check_pixels(file, settings)
    return images.read(file)


def mask(file: Upload, settings: Settings, *, invert: bool = False) -> Mask:
    """A hole mask. Raises MaskError, and HTTPException 413."""
    _check_pixels(file, settings)
    return masks.read(file, invert=invert)


def label_map(file: Upload, label_set: LabelSet, settings: Settings) -> LabelMap:
    """A label map in a label set. Raises LabelError, and HTTPException 413."""
    _check_pixels(file, settings)
    return images.read_labels(file, label_set)


def _check_pixels(file: Upload, settings: Settings) -> None:
    height, width = images.dimensions(file)
    if height * width > settings.max_pixels:
        raise HTTPException(
            413,
            f"{file.name} has {height * width / 1e6:.3g} million pixels ({width}x{height}), "
            f"this service takes {settings.max_pixels / 1e6:g} million: send a smaller picture",
        )


def grey(array: Mask | LabelMap) -> bytes:
    """A mask or a map as 8-bit grey PNG: 255 = hole, or ids."""
    values = array.astype(np.uint8) * np.uint8(255) if array.dtype == bool else array.astype(np.uint8)
    return images.encode(images.read(values), "PNG")


# ------------------------------------------------------------------------------------------------------------------ options

ClassName = Annotated[str, Field(max_length=100)]
Classes = Annotated[list[ClassName], Field(max_length=300)]
ModelName = Annotated[str | None, Field(max_length=200, description="A name that GET /api/v1/models lists; null: the default.")]
Pixels = Annotated[int, Field(ge=0, le=1000)]
Growth = Annotated[
    Pixels | Literal["auto"],
    Field(
        union_mode="left_to_right",
        description='The hole is made larger all round by so many pixels, or "auto": by what belongs to the things removed.',
    ),
]
Point = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]
Points = Annotated[list[Point], Field(max_length=100)]
Texture = Annotated[Detail, Field(description="Texture of the known surroundings for what a network leaves blurred.")]
Format = Literal["png", "jpeg", "webp", "tiff", "bmp", "gif", "avif", "heif"]


class Options(BaseModel):
    """Options as JSON; one that does not exist is refused."""

    model_config = ConfigDict(extra="forbid")

    model: ModelName = None


class SegmentOptions(Options):
    """Of POST /segment."""

    size: Annotated[int | None, Field(ge=1, le=LARGEST_SIDE, description="Side at which the model works.")] = None


class FillOptions(Options):
    """What every fill can be told."""

    forbid: Annotated[Classes, Field(description="Classes that may not appear in the hole.")] = []
    intent: Annotated[
        Intent,
        Field(description="remove: what lies under the mask is not put there again; restore: it has no influence on anything."),
    ] = "remove"
    grow: Growth = "auto"
    feather: Annotated[Pixels, Field(description="The fill fades into the photo over so many pixels.")] = 0
    detail: Texture = "auto"


class InpaintOptions(FillOptions):
    """Of POST /inpaint."""

    at: Annotated[Points, Field(description="Remove the things at these pixels [x, y], in place of a mask.")] = []
    invert_mask: Annotated[bool, Field(description="Black is the hole.")] = False
    resize_mask: Annotated[bool, Field(description="Stretch a mask of another size.")] = False
    size: Annotated[int | None, Field(ge=1, le=LARGEST_SIDE, description="Side at which the model works.")] = None
    format: Annotated[Format | None, Field(description="Of the answer; null: that of the photo.")] = None


class EraseOptions(Options):
    """Of POST /erase."""

    what: Annotated[Classes, Field(min_length=1, description="Classes to remove.")]
    grow: Annotated[Pixels, Field(description="What was found is made larger all round by so many pixels.")] = 6
    feather: Pixels = 0
    detail: Texture = "auto"
    format: Format | None = None


O = TypeVar("O", bound=BaseModel)  # noqa: E741

Photo = Annotated[UploadFile, File(description="PNG, JPEG, WebP, TIFF, AVIF, BMP or GIF, 8 or 16 bit; HEIC with the extra heif")]
MaskFile = Annotated[
    UploadFile | None,
    File(description="white is the hole, or one colour on black or on transparency; two values of any kind: the higher one"),
]
LabelFile = Annotated[UploadFile | None, File(description="label map of the photo's size: 8-bit ids, 255 = the model decides")]
EdgesFile = Annotated[
    UploadFile | None, File(description="white strokes on black: where edges shall be, for a model led by them")
]
OptionsText = Annotated[str, Form(description="JSON", max_length=20_000)]


def options(text: str, kind: type[O]) -> O:
    """Options from the JSON text of a form field. Raises HTTPException 422 with the first thing that is wrong."""
    try:
        return kind.model_validate_json(text or "{}")
    except ValidationError as error:
        raise HTTPException(422, "options: " + sentence(error.errors())) from None


def label_set_of(fill: Inpainter) -> LabelSet:
    """The label set of a model. Raises LabelError for one without semantics."""
    if fill.labels is None:
        raise LabelError(f"{fill.backend.name} knows no classes: take a network with semantics")
    return fill.labels
