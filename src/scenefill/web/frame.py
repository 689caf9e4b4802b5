"""What every service of this package has round it: errors as sentences, bounded bodies, the guard, the files of its page."""

from __future__ import annotations

import json
import logging
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

import scenefill

from ..errors import ScenefillError
from .bodies import Intake
from .guard import App, Guard, Message, Receive, Scope, Send, answer
from .pages import Pages
from .settings import Settings

_log = logging.getLogger(__name__)


def framed(settings: Settings, pages: Pages, title: str, description: str) -> FastAPI:
    """An application without routes of its own: what it does not know is looked for among the files of its page."""
    app = FastAPI(
        title=title,
        version=scenefill.__version__,
        description=description,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": settings.root_path}] if settings.root_path else None,
        generate_unique_id_function=lambda route: f"{route.tags[0]}-{route.name}" if route.tags else route.name,
    )
    app.router.default = pages

    app.add_exception_handler(ScenefillError, _cannot_be_used)
    app.add_exception_handler(405, _not_that_way)
    app.add_exception_handler(RequestValidationError, _malformed)

    app.add_middleware(Mistakes)
    app.add_middleware(Intake, settings=settings)
    app.add_middleware(Guard, settings=settings)
    return app


def _cannot_be_used(request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, 422)


def _not_that_way(request: Request, error: Any) -> Response:
    allowed = error.headers["Allow"]
    return JSONResponse({"detail": f"{request.url.path} takes {allowed}, not {request.method}"}, 405, {"Allow": allowed})


def _malformed(request: Request, error: Any) -> Response:
    return JSONResponse({"detail": sentence(error.errors())}, 422)


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


_NO_PLACES = ("body", "query", "path", "header", "constrained-int", "int", "literal['auto']")
"""What pydantic says of where something is wrong, and nobody has written."""


def sentence(errors: object) -> str:
    """The first of pydantic's errors as one sentence."""
    first = list(errors)[0] if isinstance(errors, list | tuple) and errors else {}  # noqa: RUF015
    place = ".".join(str(part) for part in first.get("loc", ()) if part not in _NO_PLACES)
    given = json.dumps(first.get("input"), default=str, ensure_ascii=False)
    shown = f", given is {given}" if given != "null" and len(given) <= 100 else ""
    return f"{place}: {first.get('msg', 'cannot be used')}{shown}".removeprefix(": ")
