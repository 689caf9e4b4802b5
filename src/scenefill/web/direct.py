"""The stateless half of the interface, for scripts: pictures in, one picture out, the same bytes as the command line writes."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel

from ..filling.notices import warnings_kept
from ..filling.result import Result
from ..labels import LabelSet
from ..models import registry
from ..pictures import images
from ..pictures.images import Picture
from . import intake
from .intake import EdgesFile, EraseOptions, InpaintOptions, LabelFile, MaskFile, OptionsText, Photo, SegmentOptions
from .pool import Job
from .service import Service

MEDIA = {kind: f"image/{kind.lower()}" for kind in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF")} | {"HEIF": "image/heic"}
"""Format of a file -> what HTTP calls it."""


class Problem(BaseModel):
    """Every answer that is not a success."""

    detail: str
    """One sentence: what was given, what was expected, what to do."""


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": what}
    for status, what in (
        (400, "The request is malformed."),
        (401, "The token is missing."),
        (403, "The request comes from a page of another site, or names another host."),
        (408, "It arrives too slowly."),
        (413, "Too many bytes or pixels."),
        (415, "Another content type is expected."),
        (422, "Something in it cannot be used."),
        (429, "The queue is full."),
        (503, "It took too long, or the service is busy or stopping."),
    )
}
CANCELLED: dict[int | str, dict[str, Any]] = {409: {"model": Problem, "description": "It was cancelled."}}


def pictures(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """What the description of the interface says of an answer that is a picture."""
    content = {MEDIA[kind]: {"schema": {"type": "string", "format": "binary"}} for kind in kinds or MEDIA}
    return {200: {"content": content, "description": "The picture."}, **CANCELLED}


def kind_of(picture: Picture, asked: str | None = None) -> str:
    """The format of an answer: the one asked for, else that of the photo."""
    return asked.upper() if asked and asked != "original" else picture.format or "PNG"


def service_of(request: Request) -> Service:
    """The service that a request goes to."""
    service: Service = request.app.state.service
    return service


ServiceOf = Annotated[Service, Depends(service_of)]


def multipart(request: Request) -> None:
    """Raises HTTPException 415 where a body is not a form with files."""
    _want(request, "multipart/form-data")


def as_json(request: Request) -> None:
    """Raises HTTPException 415 where a body is not JSON."""
    _want(request, "application/json")


def _want(request: Request, kind: str) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != kind:
        raise HTTPException(415, f"{request.url.path} takes {kind}, given is {given or 'no content type'}")


router = APIRouter(prefix="/api/v1", responses=PROBLEMS, tags=["scripts"])


@router.post("/inpaint", response_class=Response, responses=pictures(), dependencies=[Depends(multipart)])
async def inpaint(
    request: Request,
    service: ServiceOf,
    image: Photo,
    mask: MaskFile = None,
    labels: LabelFile = None,
    edges: EdgesFile = None,
    options: OptionsText = "{}",
) -> Response:
    """Fill the holes of a photo; options are those of `scenefill inpaint`."""
    chosen = intake.options(options, InpaintOptions)
    photo, hole = await intake.received(image, "the photo"), await intake.given(mask, "the mask")
    if bool(chosen.at) == bool(hole):
        what = "the hole is said twice, by it and by at" if hole else "it is missing, and at names no things"
        raise HTTPException(422, f"mask: {what}; give one of the two")
    wanted, strokes = await intake.given(labels, "the label map"), await intake.given(edges, "the drawing")

    def work(job: Job[Response]) -> Response:
        fill = service.models.get(chosen.model)
        picture = intake.picture(photo, service.settings)
        if hole:
            mask = intake.mask(hole, service.settings, invert=chosen.invert_mask)
        else:
            mask = fill.select(picture, chosen.at, size=chosen.size)
        hints = intake.label_map(wanted, intake.label_set_of(fill), service.settings) if wanted else None
        edges = intake.mask(strokes, service.settings) if strokes else None
        with warnings_kept() as said, service.filling(fill.backend.name):
            result = fill(
                picture,
                mask,
                labels=hints,
                edges=edges,
                forbid=chosen.forbid,
                intent=chosen.intent,
                grow=chosen.grow,
                feather=chosen.feather,
                resize_mask=chosen.resize_mask,
                size=chosen.size,
                detail=chosen.detail,
                progress=job.progress,
            )
        return _picture(result, chosen.format, fill.backend.name, said)

    return await service.answer(request, service.fills, service.submit(service.fills, work))


@router.post("/erase", response_class=Response, responses=pictures(), dependencies=[Depends(multipart)])
async def erase(request: Request, service: ServiceOf, image: Photo, options: OptionsText = "{}") -> Response:
    """Find everything of some classes in a photo and remove it."""
    chosen = intake.options(options, EraseOptions)
    photo = await intake.received(image, "the photo")

    def work(job: Job[Response]) -> Response:
        fill = service.models.get(chosen.model)
        picture = intake.picture(photo, service.settings)
        with warnings_kept() as said, service.filling(fill.backend.name):
            result = fill.erase(
                picture, chosen.what, grow=chosen.grow, feather=chosen.feather, detail=chosen.detail, progress=job.progress
            )
        return _picture(result, chosen.format, fill.backend.name, said)

    return await service.answer(request, service.fills, service.submit(service.fills, work))


@router.post("/segment", response_class=Response, responses=pictures("PNG"), dependencies=[Depends(multipart)])
async def segment(request: Request, service: ServiceOf, image: Photo, options: OptionsText = "{}") -> Response:
    """The label map of a photo: palette PNG of class ids."""
    chosen = intake.options(options, SegmentOptions)
    photo = await intake.received(image, "the photo")

    def work(job: Job[Response]) -> Response:
        fill = service.models.get(chosen.model)
        found, _ = fill.segment(intake.picture(photo, service.settings), size=chosen.size)
        body = images.encode_labels(found, intake.label_set_of(fill))
        return Response(body, media_type="image/png", headers={"X-Scenefill-Model": quote(fill.backend.name)})

    return await service.answer(request, service.fills, service.submit(service.fills, work))


def _picture(result: Result, asked: str | None, model: str, said: list[str]) -> Response:
    kind = kind_of(result.picture, asked)
    headers = {"X-Scenefill-Model": quote(model)}
    if said:
        headers["X-Scenefill-Warnings"] = json.dumps(said)
    return Response(images.encode(result.picture, kind), media_type=MEDIA[kind], headers=headers)


# -------------------------------------------------------------------------------------------------------------- what there is


class LabelClass(BaseModel):
    """One class of a label set."""

    id: int
    name: str
    colour: tuple[int, int, int]


class Classes(BaseModel):
    """A label set."""

    name: str
    classes: list[LabelClass]
    aliases: dict[str, str]
    """Other names that requests may use -> class name."""

    @classmethod
    def of(cls, label_set: LabelSet) -> Classes:
        named = zip(label_set.classes, label_set.colours, strict=True)
        classes = [LabelClass(id=number, name=name, colour=colour) for number, (name, colour) in enumerate(named)]
        return cls(name=label_set.name, classes=classes, aliases=dict(label_set.aliases))


class ModelCard(BaseModel):
    """A model that requests may name."""

    name: str
    kind: str
    purpose: str
    labels: Classes | None
    default: bool


class Health(BaseModel):
    """That the service is there, and what it takes."""

    status: str
    version: str
    max_bytes: int
    max_pixels: int


@router.get("/models", dependencies=[])
def models(service: ServiceOf) -> list[ModelCard]:
    """The models that requests may name."""
    cards = {
        model.name: ModelCard(
            name=model.name,
            kind=model.kind,
            purpose=model.purpose,
            labels=Classes.of(model.info.labels) if model.info and model.info.labels else None,
            default=model.name == service.models.default,
        )
        for model in registry.list_models()
        if model.info or model.kind == "classical"
    }
    if service.models.default not in cards:
        own = service.models.get().labels
        name, purpose = service.models.default, "the weights file that this service was started with"
        cards[name] = ModelCard(name=name, kind="network", purpose=purpose, labels=Classes.of(own) if own else None, default=True)
    return list(cards.values())


@router.get("/health")
def health(service: ServiceOf) -> Health:
    """Whether the service is there; needs no token."""
    import scenefill

    limits = service.settings
    return Health(status="ok", version=scenefill.__version__, max_bytes=limits.max_bytes, max_pixels=limits.max_pixels)


@router.get(
    "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}, "description": "Prometheus text."}}
)
def metrics(service: ServiceOf) -> Response:
    """Counts, times and sizes in Prometheus' text format; also at /metrics."""
    return Response(service.meters.text(), media_type="text/plain; version=0.0.4")
