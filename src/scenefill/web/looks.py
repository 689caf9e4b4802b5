"""What a model sees in an open photo: its label map, the thing under a click, and what a fill will take along."""

from __future__ import annotations

import io
import json
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import Field

from ..filling.inpainter import Inpainter
from ..filling.removal import Intent, Removal
from ..labels import LabelMap
from ..pictures import images, masks
from ..pictures.images import Picture
from . import intake
from .answers import PREFIX, Maps
from .direct import CANCELLED, PROBLEMS, ServiceOf, as_json, multipart, pictures
from .editor import NOT_THERE, Number
from .intake import Growth, MaskFile, Options, OptionsText, Point
from .pool import Job
from .service import Service
from .sessions import Semantics, Session

router = APIRouter(prefix=PREFIX, responses={**PROBLEMS, **NOT_THERE}, tags=["editor"])  # type: ignore[dict-item]

THINGS = "X-Scenefill-Things"
"""Header with names of classes, as a JSON list."""


class LookRequest(Options):
    """Of POST segment."""

    base: Number = None


class ExtentOptions(LookRequest):
    """Of POST extent."""

    intent: Intent = "remove"
    grow: Growth = "auto"


class SelectRequest(LookRequest):
    """Of POST select."""

    at: Annotated[Point, Field(description="[x, y] in pixels of the photo.")]


@router.post("/{session}/segment", dependencies=[Depends(as_json)], responses={**CANCELLED})
async def segment(request: Request, service: ServiceOf, session: str, wanted: LookRequest) -> Maps:
    """The label map of the whole picture."""
    opened = service.session(session)

    def work(job: Job[Semantics]) -> Semantics:
        fill = service.models.get(wanted.model)
        labels, confidence = fill.segment(service.picture(opened, wanted.base))
        opened.keep_look(fill.backend.name, wanted.base, labels)
        return Semantics(labels, confidence, intake.label_set_of(fill))

    seen = await service.answer(request, service.fills, service.submit(service.fills, work))
    service.sessions.trim()
    url = f"{service.address(session)}/maps/{opened.keep_map(seen)}"
    return Maps(labels_url=f"{url}/labels.png", confidence_url=f"{url}/confidence.png")


@router.get("/{session}/maps/{number}/{which}.png", response_class=Response, responses=pictures("PNG"))
def whole_map(service: ServiceOf, session: str, number: str, which: Literal["labels", "confidence"]) -> Response:
    """A map of a whole picture: 8-bit grey, class ids or confidence."""
    maps = service.session(session).maps
    if number not in maps:
        raise HTTPException(404, f"the photo has no map {number}, or it is no longer in memory: ask for it again")
    return Response(getattr(maps[number], which), media_type="image/png")


@router.post("/{session}/select", response_class=Response, dependencies=[Depends(as_json)], responses=pictures("PNG"))
async def select(request: Request, service: ServiceOf, session: str, wanted: SelectRequest) -> Response:
    """The thing at a pixel as a mask: white is the thing. Its class stands in the header X-Scenefill-Things."""
    opened = service.session(session)

    def work(job: Job[Response]) -> Response:
        fill = service.models.get(wanted.model)
        picture = service.picture(opened, wanted.base)
        known = _map(service, fill, opened, wanted.base, picture)
        mask = fill.select(picture, [wanted.at], known=known)
        return _mask(intake.grey(mask), (intake.label_set_of(fill).classes[known[wanted.at[::-1]]],))

    return await service.answer(request, service.fills, service.submit(service.fills, work))


@router.post("/{session}/extent", response_class=Response, dependencies=[Depends(multipart)], responses=pictures("PNG"))
async def extent(
    request: Request, service: ServiceOf, session: str, mask: MaskFile = None, options: OptionsText = "{}"
) -> Response:
    """What a fill will fill where this is the mask: white, and for a removal grown over what belongs to the things under it.

    The movable things that it takes away stand in the header X-Scenefill-Things.
    """
    chosen = intake.options(options, ExtentOptions)
    opened = service.session(session)
    hole = await intake.given(mask, "the mask")
    if hole is None:
        raise HTTPException(422, "a mask is missing: a PNG of the photo's size, white is the hole")

    def work(job: Job[Response]) -> Response:
        fill = service.models.get(chosen.model)
        mask = intake.mask(hole, service.settings)
        found = Removal(mask, ())
        if chosen.intent == "remove":
            found = fill.removal(service.picture(opened, chosen.base), mask)
        grown = masks.dilate(mask, chosen.grow) if chosen.grow != "auto" else found.mask
        return _mask(intake.grey(grown), found.things)

    return await service.answer(request, service.fills, service.submit(service.fills, work))


def _map(service: Service, fill: Inpainter, session: Session, base: str | None, picture: Picture) -> LabelMap:
    """What a model sees in a picture: known from a former look, or looked up now."""
    name = fill.backend.name
    known = session.looks.get((name, base))
    made = session.fills.get(base) if base is not None else None
    if known is None and made and made.model == name and made.semantics and made.semantics.state == "done":
        known = images.read(io.BytesIO(made.semantics.future.result().labels)).pixels[:, :, 0]
        session.keep_look(name, base, known)
    if known is None:
        known, _ = fill.segment(picture)
        session.keep_look(name, base, known)
        service.sessions.trim()
    return known


def _mask(body: bytes, things: tuple[str, ...]) -> Response:
    return Response(body, media_type="image/png", headers={THINGS: json.dumps(things)})
