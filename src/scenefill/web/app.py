"""The FastAPI application."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse

import scenefill

from ..errors import ScenefillError
from . import direct, editor, intake, looks, reference
from .guard import App, Guard, Message, Receive, Scope, Send, answer
from .intake import Intake
from .meters import Metered
from .pages import Pages
from .service import Service
from .settings import Settings

_log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service with its editor. `app.state.service` is its state; call `app.state.service.stop(seconds)` when it ends."""
    settings = settings or Settings()
    app = FastAPI(
        title="scenefill",
        version=scenefill.__version__,
        description="Fills holes in photos of mixed scenes.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": settings.root_path}] if settings.root_path else None,
        generate_unique_id_function=lambda route: f"{route.tags[0]}-{route.name}" if route.tags else route.name,
    )
    app.state.service = service = Service(settings)
    app.include_router(direct.router)
    app.include_router(editor.router)
    app.include_router(looks.router)
    app.add_api_route("/metrics", direct.metrics, response_class=Response, include_in_schema=False)
    app.add_api_route("/docs", _docs, response_class=HTMLResponse, include_in_schema=False)
    app.router.default = Pages()

    app.add_exception_handler(ScenefillError, _cannot_be_used)
    app.add_exception_handler(405, _not_that_way)
    app.add_exception_handler(RequestValidationError, _malformed)

    app.add_middleware(Mistakes)
    app.add_middleware(Intake, settings=settings)
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(Metered, meters=service.meters)
    return app


def _docs(request: Request) -> HTMLResponse:
    return HTMLResponse(reference.page(request.app.openapi()))


def _cannot_be_used(request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, 422)


def _not_that_way(request: Request, error: Any) -> Response:
    allowed = error.headers["Allow"]
    return JSONResponse({"detail": f"{request.url.path} takes {allowed}, not {request.method}"}, 405, {"Allow": allowed})


def _malformed(request: Request, error: Any) -> Response:
    return JSONResponse({"detail": intake.sentence(error.errors())}, 422)


class Mistakes:
    """An ASGI layer that logs what nobody expected, and answers with 500 and the headers that every answer has."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            _log.exception("%s %s failed", scope.get("method"), scope.get("path"))
            if begun:
                raise
            await answer(send, 500, "something went wrong inside the service; its log says what")
