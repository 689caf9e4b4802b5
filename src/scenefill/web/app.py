"""The FastAPI application."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from . import direct, editor, looks, reference
from .frame import framed
from .meters import Metered
from .pages import Pages
from .service import Service
from .settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service with its editor. `app.state.service` is its state; call `app.state.service.stop(seconds)` when it ends."""
    settings = settings or Settings()
    app = framed(settings, Pages(), "scenefill", "Fills holes in photos of mixed scenes.")
    app.state.service = service = Service(settings)
    app.include_router(direct.router)
    app.include_router(editor.router)
    app.include_router(looks.router)
    app.add_api_route("/metrics", direct.metrics, response_class=Response, include_in_schema=False)
    app.add_api_route("/docs", _docs, response_class=HTMLResponse, include_in_schema=False)
    app.add_middleware(Metered, meters=service.meters)
    return app


def _docs(request: Request) -> HTMLResponse:
    return HTMLResponse(reference.page(request.app.openapi()))
