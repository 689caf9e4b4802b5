"""A service on a free port of this machine, and what is sent to it."""

from __future__ import annotations

import contextlib
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn
from fakes import STREET, Painter
from fastapi import FastAPI
from numpy.typing import NDArray
from PIL import Image

from scenefill.filling import inpainter
from scenefill.models.runtime import Answer
from scenefill.web.app import create_app
from scenefill.web.server import listen
from scenefill.web.service import Service
from scenefill.web.settings import Settings

HOLE = (slice(4, 12), slice(8, 16))
"""In the sky of the street."""


class Gated(Painter):
    """The painter, which can be made to wait; `begun` counts its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Semaphore(0)

    def run(self, *asked: Any) -> Answer:
        self.begun.release()
        assert self.gate.wait(20)
        return super().run(*asked)


@dataclass
class Running:
    """A service that runs in this process."""

    client: httpx.Client
    service: Service
    url: str

    def open(self, photo: bytes, name: str = "street.png", **files: bytes) -> str:
        """Opens a photo; returns the address of its session."""
        sent = {"image": (name, photo), **{what: (f"{what}.png", data) for what, data in files.items()}}
        answer = self.client.post("/api/v1/sessions", files=sent)
        assert answer.status_code == 201, answer.text
        return f"/api/v1/sessions/{answer.json()['id']}"

    def fill(
        self, session: str, mask: bytes | None, labels: bytes | None = None, job: str | None = None, **options: Any
    ) -> httpx.Response:
        """POST fills; without texture of the surroundings unless asked for, so that colours are those of the painter."""
        files = {what: (f"{what}.png", data) for what, data in (("mask", mask), ("labels", labels)) if data is not None}
        return self.client.post(
            f"{session}/fills",
            files=files or {"nothing": b""},
            data={"options": json.dumps({"detail": "none", **options})},
            headers={"X-Job": job} if job else {},
        )


Start = Callable[..., Running]


@contextlib.contextmanager
def served(app: FastAPI) -> Iterator[httpx.Client]:
    """An application on a free port."""
    with listen("127.0.0.1", 0) as sock:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, args=([sock],))
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{sock.getsockname()[1]}", timeout=30) as client:
                yield client
        finally:
            app.state.service.stop(0)
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive(), f"{server.server_state.connections} still open"


@contextlib.contextmanager
def running(settings: Settings) -> Iterator[Running]:
    app = create_app(settings)
    with served(app) as client:
        yield Running(client, app.state.service, str(client.base_url).rstrip("/"))


@pytest.fixture
def painter() -> Gated:
    return Gated()


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, painter: Gated) -> Iterator[Start]:
    """start(queue=1, ...) runs a service with these settings, whose model is the painter."""
    load = inpainter.load
    monkeypatch.setattr(
        inpainter, "load", lambda name, **options: inpainter.Inpainter(painter) if name == "painter" else load(name, **options)
    )
    with contextlib.ExitStack() as stack:
        yield lambda **settings: stack.enter_context(running(Settings(**{"model": "painter", **settings})))
        painter.gate.set()


@pytest.fixture
def web(start: Start) -> Running:
    return start()


@pytest.fixture(scope="session")
def idle() -> Iterator[Running]:
    """A service that nobody opens photos with."""
    with running(Settings(model="telea")) as service:
        yield service


def png(array: NDArray[Any]) -> bytes:
    return encoded(Image.fromarray(array), "PNG")


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decoded(data: bytes) -> NDArray[Any]:
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.fixture
def street() -> NDArray[np.uint8]:
    """A photo (48, 64, 3) in the colours of the label set: sky above road, and a car on the road."""
    labels = np.full((48, 64), STREET.id("sky"), np.uint8)
    labels[24:] = STREET.id("road")
    labels[28:40, 20:44] = STREET.id("car")
    return STREET.colourise(labels)


@pytest.fixture
def photo(street: NDArray[np.uint8]) -> bytes:
    return png(street)


@pytest.fixture
def mask() -> bytes:
    hole = np.zeros((48, 64), np.uint8)
    hole[HOLE] = 255
    return png(hole)


def until(true: Callable[[], Any]) -> Any:
    """Waits for something that threads bring about."""
    ends = time.monotonic() + 10
    while not (found := true()):
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.01)
    return found
