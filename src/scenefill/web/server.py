"""Serves a page, the editor unless another is given: the socket and the first page first, the rest while somebody looks at it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..errors import InputError
from .guard import App, Guard, Receive, Scope, Send, arrive
from .pages import Pages
from .settings import Settings

TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class State(Protocol):
    """What the server asks of the `state.service` of an application."""

    @property
    def busy(self) -> bool:
        """Whether threads are still computing."""

    def warm(self) -> None:
        """Called once, in a thread, when the application can be asked."""

    def stop(self, grace: float) -> None:
        """Called once at the end: lets what is running come to its end for so many seconds."""


def editor(settings: Settings) -> Any:
    """The editor's application; its libraries are loaded here."""
    from .app import create_app

    return create_app(settings)


class Front:
    """An ASGI application that shows the page while a thread loads FastAPI, the libraries and the model.

    Whatever else is asked for in the meantime waits for the application.
    """

    def __init__(self, settings: Settings, create: Callable[[Settings], Any], pages: Pages) -> None:
        self._settings = settings
        self._create = create
        self._files = pages
        self._pages: App = Guard(self._files, settings)
        self._app: Future[Any] = Future()

    def load(self) -> None:
        """Loads the application, and then what it needs to be quick."""
        app = self._create(self._settings)
        self._app.set_result(app)
        self._state(app).warm()

    def stop(self) -> None:
        """Lets what is running come to its end, for a bounded time."""
        if self._app.done():
            self._state(self._app.result()).stop(self._settings.grace)

    @property
    def busy(self) -> bool:
        """Whether threads are still computing."""
        return self._app.done() and self._state(self._app.result()).busy

    @staticmethod
    def _state(app: Any) -> State:
        state: State = app.state.service
        return state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        arrive(scope, self._settings.root_path)
        if not self._app.done() and scope["path"] in self._files:
            return await self._pages(scope, receive, send)
        app = await asyncio.wrap_future(self._app)
        await app(scope, receive, send)


def impatient(seconds: float) -> type[H11Protocol]:
    """uvicorn's HTTP, which gives up a connection whose request has no complete head after so many seconds."""

    class Impatient(H11Protocol):
        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._rest()
            super().connection_lost(exc)

        def _watch(self) -> None:
            if self.cycle is not None and not self.cycle.response_complete:
                self._rest()
            elif self._timer is None:
                self._timer = self.loop.call_later(seconds, self._give_up)

        def _rest(self) -> None:
            if self._timer:
                self._timer.cancel()
                self._timer = None

        def _give_up(self) -> None:
            if not self.transport.is_closing():
                self.transport.write(TOO_SLOW)
                self.transport.close()

    return Impatient


class _Server(uvicorn.Server):
    """uvicorn, which stops the service before it waits for the last answers, and itself where the service cannot be loaded."""

    def __init__(self, config: uvicorn.Config, front: Front) -> None:
        super().__init__(config)
        self._front = front
        self.failure: Exception | None = None

    def load(self) -> None:
        try:
            self._front.load()
        except Exception as error:
            self.failure = error
            self.should_exit = self.force_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        stopping = asyncio.get_running_loop().run_in_executor(None, self._front.stop)
        await super().shutdown(sockets)
        await stopping


def listen(host: str, port: int) -> socket.socket:
    """A socket that connections can be made to. port: 0 for a free one. Raises InputError where that cannot be."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InputError(f"{host} is no address of this machine ({error.strerror})") from None
    try:
        if os.name == "posix":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(128)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise InputError(
                f"port {port} is taken by another program: give another --port, or --port 0 for a free one"
            ) from None
        raise InputError(f"port {port} of {host} cannot be listened on: {error.strerror}") from None
    return sock


def serve(
    settings: Settings,
    sock: socket.socket,
    ready: Callable[[], None],
    create: Callable[[Settings], Any] = editor,
    pages: Pages | None = None,
) -> None:
    """Serves until SIGINT or SIGTERM; running fills then have `settings.grace` seconds. ready: called when it has begun.

    create: makes the application, whose `state.service` is a State.   pages: what is shown before it is made; None: the editor's.
    Raises what `create` and `State.warm` raise: WeightsError where the editor's model cannot be loaded.
    """
    front = Front(settings, create, pages or Pages())
    config = uvicorn.Config(
        front, http=impatient(settings.patience), log_config=None, access_log=False, lifespan="off", server_header=False,
        ws="none", timeout_graceful_shutdown=round(settings.grace) + 2, limit_concurrency=settings.connections,
    )  # fmt: skip
    server = _Server(config, front)
    threading.Thread(target=server.load, name="load", daemon=True).start()
    ready()
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn sends itself the signal again when all is done
        server.run([sock])
    if server.failure:
        raise server.failure
    if front.busy:
        os._exit(0)  # a thread inside a network's arithmetic cannot be ended, and must not meet a dying interpreter
