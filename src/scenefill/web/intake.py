"""What comes in: bodies of a bounded size that stay in memory, pictures of a bounded size, options that are checked."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import time
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
from .guard import App, Message, Receive, Scope, Send, answer
from .settings import Settings

LARGEST_SIDE = 768
"""Largest working size that may be asked for: time and memory of a network grow with its square."""
DRAINED = 4
"""A body that is too large is received up to so many times the limit, since browsers show no answer before they have sent it."""
PIECE = 4096
"""Bytes of a body that must arrive within the service's patience."""

MultiPartParser.spool_max_size = 2**63 - 1  # otherwise Starlette writes uploads above one megabyte to disk
logging.getLogger("python_multipart").setLevel(logging.ERROR)  # its warnings say what a malformed request is answered with


class Timely:
    """A body that is given up where its next piece takes too long."""

    def __init__(self, receive: Receive, patience: float) -> None:
        self._receive = receive
        self._patience = patience
        self._since = time.monotonic()
        self._seen = 0
        self._more = True

    async def __call__(self) -> Message:
        """What arrives next. Raises HTTPException 408."""
        if not self._more:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), max(0.01, self._since + self._patience - time.monotonic()))
        except TimeoutError:
            seconds = f"{self._patience:g} seconds"
            raise HTTPException(408, f"nothing, or next to nothing, has arrived for {seconds}: send it again") from None
        self._seen += len(message.get("body", b""))
        self._more = bool(message.get("more_body"))
        if self._seen >= PIECE:
            self._since, self._seen = time.monotonic(), 0
        return message


class Intake:
    """An ASGI layer that bounds the bytes of one body, its time, and the bytes of all that are arriving at a time."""

    def __init__(self, app: App, settings: Settings) -> None:
        self._app = app
        self._most = settings.max_bytes
        self._most_arriving = settings.max_bytes_arriving
        self._patience = settings.patience
        self.arriving = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        declared = dict(scope["headers"]).get(b"content-length", b"")
        length = int(declared) if declared.isdigit() else 0
        if length > self._most:
            return await answer(self._last(receive, send), 413, self._too_large(length))
        if self.arriving + length > self._most_arriving:
            return await answer(
                send, 503, "the service is receiving many photos already: try again soon", [(b"retry-after", b"2")]
            )
        held, seen = length, 0
        self.arriving += held
        timely = Timely(receive, self._patience)

        async def counted() -> Message:
            nonlocal held, seen
            message = await timely()
            seen += len(message.get("body", b""))
            if seen > self._most:
                raise HTTPException(413, self._too_large(seen))
            if seen > held:
                self.arriving += seen - held
                held = seen
            return message

        async def sent(message: Message) -> None:
            await (self._last(receive, send) if seen > self._most else send)(message)

        try:
            await self._app(scope, counted, sent)
        finally:
            self.arriving -= held

    def _last(self, receive: Receive, send: Send) -> Send:
        """Sends an answer, and takes in what is left of the body before the connection is closed."""

        async def last(message: Message) -> None:
            if message["type"] == "http.response.start" or message.get("more_body"):
                return await send(message)
            await send({**message, "more_body": True})
            await self._drain(receive)
            await send({"type": "http.response.body", "body": b""})

        return last

    async def _drain(self, receive: Receive) -> None:
        most = DRAINED * self._most
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                while most > 0:
                    message = await receive()
                    most -= len(message.get("body", b""))
                    if message["type"] == "http.disconnect" or not message.get("more_body"):
                        return

    def _too_large(self, length: int) -> str:
        given, most = f"{length / 2**20:.0f} MiB or more", f"{self._most / 2**20:.0f} MiB"
        return f"the request has {given}, this service takes {most}: send a smaller file"


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


_NO_PLACES = ("body", "query", "path", "header", "constrained-int", "int", "literal['auto']")
"""What pydantic says of where something is wrong, and nobody has written."""


def sentence(errors: object) -> str:
    """The first of pydantic's errors as one sentence."""
    first = list(errors)[0] if isinstance(errors, list | tuple) and errors else {}  # noqa: RUF015
    place = ".".join(str(part) for part in first.get("loc", ()) if part not in _NO_PLACES)
    given = json.dumps(first.get("input"), default=str, ensure_ascii=False)
    shown = f", given is {given}" if given != "null" and len(given) <= 100 else ""
    return f"{place}: {first.get('msg', 'cannot be used')}{shown}".removeprefix(": ")


def label_set_of(fill: Inpainter) -> LabelSet:
    """The label set of a model. Raises LabelError for one without semantics."""
    if fill.labels is None:
        raise LabelError(f"{fill.backend.name} knows no classes: take a network with semantics")
    return fill.labels
