"""Bodies of requests: bounded in size and time, and all that arrive at a time together."""

from __future__ import annotations

import asyncio
import contextlib
import time

from fastapi import HTTPException

from .guard import App, Message, Receive, Scope, Send, answer
from .settings import Settings

DRAINED = 4
"""A body that is too large is received up to so many times the limit, since browsers show no answer before they have sent it."""
PIECE = 4096
"""Bytes of a body that must arrive within the service's patience."""


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
