"""Serves the editor: the socket and the first page first, the rest while somebody looks at it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import uvicorn

from ..errors import InputError
from .guard import App, Guard, Receive, Scope, Send
from .pages import Pages
from .settings import Settings


class Front:
    """An ASGI application that shows the editor's page while a thread loads FastAPI, the libraries and the model.

    Whatever else is asked for in the meantime waits for the application.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._files = Pages()
        self._pages: App = Guard(self._files, settings)
        self._app: Future[Any] = Future()

    def load(self) -> None:
        """Loads the application, and then its model, so that the first fill finds it ready."""
        from .app import create_app

        app = create_app(self._settings)
        self._app.set_result(app)
        app.state.service.models.get()

    def stop(self) -> None:
        """Lets running fills come to their end, for a bounded time."""
        if self._app.done():
            self._app.result().state.service.stop(self._settings.grace)

    @property
    def busy(self) -> bool:
        """Whether threads are still computing."""
        return self._app.done() and bool(self._app.result().state.service.busy)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._app.done() and scope["path"] in self._files:
            return await self._pages(scope, receive, send)
        app = await asyncio.wrap_future(self._app)
        await app(scope, receive, send)


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


def serve(settings: Settings, sock: socket.socket, ready: Callable[[], None]) -> None:
    """Serves until SIGINT or SIGTERM; running fills then have `settings.grace` seconds. ready: called when it has begun.

    Raises WeightsError where the settings' model cannot be loaded.
    """
    front = Front(settings)
    config = uvicorn.Config(
        front, log_config=None, access_log=False, lifespan="off", server_header=False, ws="none",
        timeout_graceful_shutdown=round(settings.grace) + 2,
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
