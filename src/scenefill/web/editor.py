"""The half of the interface that the editor uses: a photo is uploaded once, then only strokes and changed patches travel."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request, Response
from pydantic import Field

from ..errors import InputError
from ..filling.inpainter import Inpainter
from ..filling.notices import warnings_kept
from ..filling.result import Result
from ..labels import LabelMap
from ..pictures import images
from ..pictures.images import Picture
from ..pictures.masks import Mask
from . import intake, sessions
from .answers import PREFIX, JobState, Opened, Preview, SeenVariant, Variant
from .direct import CANCELLED, MEDIA, PROBLEMS, Problem, ServiceOf, as_json, kind_of, multipart, pictures
from .intake import Classes, EdgesFile, FillOptions, LabelFile, MaskFile, Options, OptionsText, Photo, Pixels, Texture, Upload
from .pool import Job
from .service import Service
from .sessions import Fill, FullError, Semantics, Session

PREVIEW = 4096
"""Longest side in pixels that a page is advised to show; browsers' canvases have their limits."""

NOT_THERE = {404: {"model": Problem, "description": "The photo, or what was made of it, is not in memory."}}

router = APIRouter(prefix=PREFIX, responses={**PROBLEMS, **NOT_THERE}, tags=["editor"])  # type: ignore[dict-item]

Number = Annotated[str | None, Field(max_length=20, description="The fill whose picture to go on from; null: the original.")]
JobName = Annotated[UUID | None, Header(alias="X-Job", description="The name by which the page asks about this fill.")]
Longest = Annotated[int | None, Query(ge=16, le=65536, description="Longest side in pixels.")]


class VariantOptions(FillOptions):
    """Of POST fills."""

    base: Number = None
    unsure: Annotated[
        float | None, Field(ge=0, le=1, description="Fill only where the base is less certain than this; needs a base.")
    ] = None


class EraseRequest(Options):
    """Of POST erase."""

    what: Annotated[Classes, Field(min_length=1, description="Classes to remove.")]
    base: Number = None
    grow: Pixels = 6
    feather: Pixels = 0
    detail: Texture = "auto"


# ------------------------------------------------------------------------------------------------------------------- a photo


@router.post("", status_code=201, dependencies=[Depends(multipart)], responses={**CANCELLED})
async def open_photo(
    request: Request, service: ServiceOf, image: Photo, mask: MaskFile = None, labels: LabelFile = None
) -> Opened:
    """Open a photo, with the mask and the label map (of the default model's classes) that were saved with it."""
    photo = await intake.received(image, "the photo")
    hole, wanted = await intake.given(mask, "the mask"), await intake.given(labels, "the label map")

    def work() -> Session:
        picture = intake.picture(photo, service.settings)
        size = picture.pixels.shape[:2]
        mask = intake.mask(hole, service.settings) if hole else None
        labels = intake.label_map(wanted, intake.label_set_of(service.models.get()), service.settings) if wanted else None
        _check_size("mask", mask, size)
        _check_size("label map", labels, size)
        return service.sessions.add(photo.name, picture, mask, labels)

    try:
        service.sessions.check()
        session = await service.shown(request, work)
    except FullError:
        most = f"the service holds {service.settings.sessions} photos, and all of them are in use: try again soon"
        raise HTTPException(503, most, {"Retry-After": "5"}) from None
    height, width = session.picture.pixels.shape[:2]
    columns, rows = sessions.shown_size((width, height), PREVIEW)
    return Opened(
        id=session.id, width=width, height=height, name=session.name, format=kind_of(session.picture).lower(),
        expires_in=service.settings.session_seconds, preview=Preview(width=columns, height=rows, scale=columns / width),
        mask_url=f"{service.address(session.id)}/mask.png" if session.mask is not None else None,
        labels_url=f"{service.address(session.id)}/labels.png" if session.labels is not None else None,
    )  # fmt: skip


@router.delete("/{session}", status_code=204)
def close_photo(service: ServiceOf, session: str) -> None:
    """Forget a photo and all that was made of it."""
    service.session(session)
    service.sessions.close(session)


@router.get("/{session}/photo", response_class=Response, responses=pictures("PNG", "JPEG"))
async def photo(request: Request, service: ServiceOf, session: str, max_side: Longest = None) -> Response:
    """The photo for display: 8 bits, upright."""
    return await _display(request, service, service.session(session), None, max_side)


@router.get("/{session}/mask.png", response_class=Response, responses=pictures("PNG"))
async def uploaded_mask(request: Request, service: ServiceOf, session: str) -> Response:
    """The mask that was opened with the photo."""
    return await _grey(request, service, service.session(session).mask, "mask")


@router.get("/{session}/labels.png", response_class=Response, responses=pictures("PNG"))
async def uploaded_labels(request: Request, service: ServiceOf, session: str) -> Response:
    """The label map that was opened with the photo."""
    return await _grey(request, service, service.session(session).labels, "label map")


# --------------------------------------------------------------------------------------------------------------------- fills


@router.post("/{session}/fills", dependencies=[Depends(multipart)], responses={**CANCELLED})
async def fill(
    request: Request, service: ServiceOf, session: str, mask: MaskFile = None, labels: LabelFile = None,
    edges: EdgesFile = None, options: OptionsText = "{}", x_job: JobName = None,
) -> Variant:  # fmt: skip
    """Fill a hole of the photo, or of a former fill."""
    chosen = intake.options(options, VariantOptions)
    opened = service.session(session)
    base = service.fill(session, chosen.base)[1] if chosen.base is not None else None
    if mask is None and (chosen.unsure is None or base is None):
        raise HTTPException(422, "a mask is missing: a PNG of the photo's size, white is the hole")
    if chosen.unsure is not None and (base is None or base.semantics is None):
        raise HTTPException(422, "unsure goes with a base that a network with semantics has filled")
    hole, wanted = await intake.given(mask, "the mask"), await intake.given(labels, "the label map")
    strokes = await intake.given(edges, "the drawing")
    seen = None
    if chosen.unsure is not None and base and base.semantics:
        seen = await service.wait(request, base.semantics.future)

    def draw(inpaint: Inpainter, picture: Picture, job: Job[str]) -> Result:
        where = _hole(hole, base, service)
        if seen and chosen.unsure is not None:
            confidence = images.read(io.BytesIO(seen.confidence)).pixels[:, :, 0]
            _check_size("mask", where, confidence.shape)
            where &= confidence < chosen.unsure * 255
        hints = intake.label_map(wanted, intake.label_set_of(inpaint), service.settings) if wanted else None
        edges = intake.mask(strokes, service.settings) if strokes else None
        return inpaint(
            picture,
            where,
            labels=hints,
            edges=edges,
            forbid=chosen.forbid,
            intent=chosen.intent,
            grow=0 if seen and chosen.grow == "auto" else chosen.grow,  # nothing but what is unsure
            feather=chosen.feather,
            detail=chosen.detail,
            progress=job.progress,
        )

    return await _variant(request, service, opened, chosen, chosen.feather, x_job, draw)


@router.post("/{session}/erase", dependencies=[Depends(as_json)], responses={**CANCELLED})
async def erase(request: Request, service: ServiceOf, session: str, wanted: EraseRequest, x_job: JobName = None) -> Variant:
    """Find everything of some classes and fill it; what was found is at mask_url."""
    opened = service.session(session)

    def draw(inpaint: Inpainter, picture: Picture, job: Job[str]) -> Result:
        return inpaint.erase(
            picture, wanted.what, grow=wanted.grow, feather=wanted.feather, detail=wanted.detail, progress=job.progress
        )

    return await _variant(request, service, opened, wanted, wanted.feather, x_job, draw)


@router.get("/{session}/jobs/{name}")
def job_state(service: ServiceOf, session: str, name: UUID) -> JobState:
    """How far a fill has come, by the name that its request gave as X-Job."""
    job = _job(service, session, name)
    return JobState(state=job.state, position=service.fills.position(job), crops_done=job.crops_done, crops=job.crops)


@router.delete("/{session}/jobs/{name}", status_code=204)
def cancel_job(service: ServiceOf, session: str, name: UUID) -> None:
    """Cancel a fill: its request is answered with 409."""
    service.fills.cancel(_job(service, session, name))


@router.get("/{session}/fills/{number}", responses={**CANCELLED})
async def variant(request: Request, service: ServiceOf, session: str, number: str) -> SeenVariant:
    """A fill with its mean confidence in the hole; waits until that is known."""
    _, made = service.fill(session, number)
    described = SeenVariant.of(service.address(session), made)
    if made.semantics:
        described.mean_confidence = (await service.wait(request, made.semantics.future)).in_hole
    return described


@router.delete("/{session}/fills/{number}", status_code=204, responses={409: {"model": Problem, "description": "It is needed."}})
def forget_fill(service: ServiceOf, session: str, number: str) -> None:
    """Forget a fill that no other goes on from."""
    opened, _ = service.fill(session, number)
    if any(other.base == number for other in list(opened.fills.values())):
        raise HTTPException(409, f"other fills go on from fill {number}: forget them first")
    opened.fills.pop(number, None)


@router.get("/{session}/fills/{number}/photo", response_class=Response, responses=pictures("PNG", "JPEG"))
async def filled_photo(request: Request, service: ServiceOf, session: str, number: str, max_side: Longest = None) -> Response:
    """The filled photo for display: 8 bits, upright."""
    opened, _ = service.fill(session, number)
    return await _display(request, service, opened, number, max_side)


@router.get("/{session}/fills/{number}/patches/{index}.png", response_class=Response, responses=pictures("PNG"))
async def patch(request: Request, service: ServiceOf, session: str, number: str, index: int) -> Response:
    """A rectangle that the fill changed, for display."""
    opened, made = service.fill(session, number)
    if not 0 <= index < len(made.patches):
        raise HTTPException(404, f"fill {number} has no patch {index}")
    return Response(await service.shown(request, lambda: opened.patch(made.patches[index])), media_type="image/png")


@router.get("/{session}/fills/{number}/mask.png", response_class=Response, responses=pictures("PNG"))
async def mask(request: Request, service: ServiceOf, session: str, number: str) -> Response:
    """What was filled: white is the hole."""
    return await _grey(request, service, service.fill(session, number)[1].mask, "mask")


@router.get("/{session}/fills/{number}/thumbnail.webp", response_class=Response, responses=pictures("WEBP"))
async def thumbnail(request: Request, service: ServiceOf, session: str, number: str) -> Response:
    """The filled photo, small."""
    opened, _ = service.fill(session, number)

    def draw() -> bytes:
        small = sessions.shown(service.picture(opened, number), sessions.THUMBNAIL)
        return images.encode(Picture(small.pixels, small.alpha, icc=small.icc, lossy_webp=True), "WEBP")

    return Response(await service.shown(request, draw), media_type="image/webp")


@router.get("/{session}/fills/{number}/save", response_class=Response, responses=pictures())
async def save(
    request: Request, service: ServiceOf, session: str, number: str,
    format: intake.Format | Literal["original"] = "original",  # noqa: A002
) -> Response:  # fmt: skip
    """The filled photo as a file: the bytes that the command line writes."""
    opened, _ = service.fill(session, number)
    kind = kind_of(opened.picture, format)
    body = await service.shown(request, lambda: images.encode(service.picture(opened, number), kind))
    name = quote(file_name(opened.name, kind))
    headers = {"Content-Disposition": f"attachment; filename*=utf-8''{name}"}
    return Response(body, media_type=MEDIA[kind], headers=headers)


@router.get("/{session}/fills/{number}/{which}.png", response_class=Response, responses=pictures("PNG"))
async def semantics(
    request: Request, service: ServiceOf, session: str, number: str, which: Literal["labels", "confidence", "labels-palette"]
) -> Response:
    """Of the filled photo: class ids in 8-bit grey, confidence in 8-bit grey (255 = certain), or class ids as a palette PNG."""
    _, made = service.fill(session, number)
    if made.semantics is None:
        raise HTTPException(404, f"{made.model} knows no classes, so there is no label map and no confidence")
    seen = await service.wait(request, made.semantics.future)
    body = {"labels": seen.labels, "confidence": seen.confidence, "labels-palette": seen.palette}[which]
    return Response(body, media_type="image/png")


# ---------------------------------------------------------------------------------------------------------- what they share


def file_name(name: str, kind: str) -> str:
    """What a browser calls the saved photo: with the photo's own extension where that is right."""
    path = PurePosixPath(name)
    own = images.EXTENSIONS.get(path.suffix.lower()) == kind
    suffix = path.suffix if own else next(suffix for suffix, other in images.EXTENSIONS.items() if other == kind)
    return f"{path.stem}-filled{suffix}"


def _check_size(what: str, array: Mask | LabelMap | None, size: tuple[int, ...]) -> None:
    if array is not None and array.shape != size:
        (rows, columns), (height, width) = array.shape, size
        raise InputError(f"the {what} is {columns}x{rows} and the photo {width}x{height} (width x height)")


def _hole(upload: Upload | None, base: Fill | None, service: Service) -> Mask:
    """The mask that was sent, or the hole of the base."""
    if upload is not None:
        return intake.mask(upload, service.settings)
    assert base is not None, "one of them was asked for"
    return base.mask


async def _variant(
    request: Request, service: Service, session: Session, chosen: VariantOptions | EraseRequest, margin: int, name: UUID | None,
    draw: Callable[[Inpainter, Picture, Job[str]], Result],
) -> Variant:  # fmt: skip
    """A fill: queued, drawn, kept in the session. What the model says of it is computed after the answer."""
    number = session.number()

    def work(job: Job[str]) -> str:
        inpaint = service.models.get(chosen.model)
        picture = service.picture(session, chosen.base)
        start = time.perf_counter()
        with warnings_kept() as said, service.filling(inpaint.backend.name):
            result = draw(inpaint, picture, job)
        made = Fill.of(number, chosen.base, inpaint.backend.name, time.perf_counter() - start, result, margin, said)
        if label_set := inpaint.labels:
            made.semantics = service.fills.submit(lambda job: Semantics.of(result, label_set), bounded=False)
        if not session.keep(made, service.settings.session_bytes):
            raise HTTPException(
                413, "this photo and its fills take more memory than the service gives: save it and open the result"
            )
        service.sessions.trim()
        return number

    job = service.submit(service.fills, work)
    if name is not None:
        session.watch(str(name), job)
    with service.sessions.asked(session):
        return Variant.of(service.address(session.id), session.fills[await service.answer(request, service.fills, job)])


async def _display(request: Request, service: Service, session: Session, number: str | None, longest: int | None) -> Response:
    kind = "JPEG" if session.picture.format == "JPEG" else "PNG"

    def draw() -> bytes:
        return images.encode(sessions.shown(service.picture(session, number), longest), kind)

    return Response(await service.shown(request, draw), media_type=MEDIA[kind])


async def _grey(request: Request, service: Service, array: Mask | LabelMap | None, what: str) -> Response:
    if array is None:
        raise HTTPException(404, f"no {what} was opened with this photo")
    return Response(await service.shown(request, lambda: intake.grey(array)), media_type="image/png")


def _job(service: Service, session: str, name: UUID) -> Job[str]:
    job = service.session(session).jobs.get(str(name))
    if job is None:
        raise HTTPException(404, f"there is no fill {name} of this photo")
    return job
