"""What all requests of one service share: loaded models, workers, open photos, meters."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import difflib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from fastapi import HTTPException, Request

from ..errors import WeightsError
from ..filling import inpainter
from ..filling.inpainter import Inpainter
from ..models import choice, registry
from ..models.runtime import Computing
from ..pictures.images import Picture
from .answers import PREFIX
from .meters import Meters
from .pool import BusyError, CancelledError, Job, Pool, StoppedError
from .sessions import Fill, Session, Sessions
from .settings import Settings

T = TypeVar("T")

GONE = "the photo is no longer in memory: open it again"


class Service:
    """The state of one service."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.models = Models(settings.model, settings.models, Computing(settings.runtime, settings.precision, settings.device))
        self.fills = Pool("fill", settings.workers, settings.queue)
        self.views = Pool("view", settings.workers, 4 * settings.queue)
        """Pictures are read and drawn by workers of their own, so that nobody waits for a fill to see something."""
        self.sessions = Sessions(settings.sessions, settings.session_bytes, settings.session_seconds, settings.session_rest)
        self.meters = Meters(self.fills, self.sessions)

    def warm(self) -> None:
        """Loads the default model, so that the first fill finds it ready. Raises WeightsError."""
        self.models.get()

    def stop(self, grace: float) -> None:
        """Lets running fills come to their end for so many seconds; what waits is refused."""
        self.views.stop(0)
        self.fills.stop(grace)
        self.sessions.clear()

    @property
    def busy(self) -> bool:
        """Whether threads are still computing."""
        return bool(self.fills.running() or self.views.running())

    def address(self, session: str) -> str:
        """Path of a session, as a page has to ask for it."""
        return f"{self.settings.root_path}{PREFIX}/{session}"

    def session(self, number: str) -> Session:
        """An open photo. Raises HTTPException 404."""
        try:
            return self.sessions.get(number)
        except KeyError:
            raise HTTPException(404, GONE) from None

    def fill(self, number: str, fill: str) -> tuple[Session, Fill]:
        """An open photo and one of its fills. Raises HTTPException 404."""
        session = self.session(number)
        if fill not in session.fills:
            raise _forgotten(fill)
        return session, session.fills[fill]

    def picture(self, session: Session, fill: str | None) -> Picture:
        """The photo with a fill; None: as it was opened. Raises HTTPException 404."""
        try:
            return session.filled(fill)
        except KeyError:
            raise _forgotten(fill) from None

    def submit(self, pool: Pool, work: Callable[[Job[T]], T], *, bounded: bool = True) -> Job[T]:
        """Queues work. Raises HTTPException 429 where the queue is full and 503 while the service is stopping."""
        try:
            return pool.submit(work, bounded=bounded)
        except BusyError:
            raise HTTPException(
                429, f"{pool.waiting()} others are waiting already: try again in a few seconds", {"Retry-After": "3"}
            ) from None
        except StoppedError:
            raise _stopping() from None

    async def answer(self, request: Request, pool: Pool, job: Job[T]) -> T:
        """The result of a job, which is cancelled where its client goes away or it takes too long.

        Raises what the job raises, and HTTPException 409 (cancelled) and 503 (too long, stopping).
        """
        try:
            return await self.wait(request, job.future)
        finally:
            pool.cancel(job)

    async def wait(self, request: Request, result: Future[T]) -> T:
        """A result that others may be waiting for too. Raises as `answer` does."""
        future = asyncio.wrap_future(result)
        future.add_done_callback(lambda done: done.cancelled() or done.exception())  # one that nobody waits for any more
        gone = asyncio.ensure_future(_disconnected(request))
        both: set[asyncio.Future[Any]] = {future, gone}
        try:
            await asyncio.wait(both, timeout=self.settings.seconds, return_when=asyncio.FIRST_COMPLETED)
            if future.done():
                return future.result()
            if gone.done():
                raise CancelledError
            seconds = f"{self.settings.seconds:g} seconds"
            raise HTTPException(503, f"this took longer than {seconds} and was given up", {"Retry-After": "10"})
        except CancelledError:
            raise HTTPException(409, "cancelled") from None
        except StoppedError:
            raise _stopping() from None
        finally:
            gone.cancel()

    async def shown(self, request: Request, draw: Callable[[], T]) -> T:
        """What `draw` makes, by a worker that is not busy with fills."""
        return await self.answer(request, self.views, self.submit(self.views, lambda job: draw()))

    @contextlib.contextmanager
    def filling(self, model: str) -> Iterator[None]:
        """Meters a fill."""
        start = time.perf_counter()
        yield
        self.meters.filled(model, time.perf_counter() - start)


class Models:
    """Models by name, loaded when they are first asked for, the most recent kept."""

    def __init__(self, default: str, most: int, computing: Computing) -> None:
        self._path = default
        choice.decide(computing)  # what this machine lacks is said at the start, not to the first who asks for a fill
        self._computing = dataclasses.asdict(computing)
        self._most = most
        self._loaded: OrderedDict[str, Inpainter] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def default(self) -> str:
        """Name of the model that fills where a request names none."""
        return Path(self._path).stem if Path(self._path).suffix else self._path

    def get(self, name: str | None = None) -> Inpainter:
        """Raises WeightsError for a name that the list does not have, or weights that are damaged."""
        name = name or self.default
        with self._lock:
            if name not in self._loaded:
                self._check(name)
                self._loaded[name] = inpainter.load(self._path if name == self.default else name, **self._computing)
                while len(self._loaded) > self._most:
                    self._loaded.popitem(last=False)
            self._loaded.move_to_end(name)
            return self._loaded[name]

    def _check(self, name: str) -> None:
        """A request may name models, never files."""
        known = [*(model.name for model in registry.list_models()), self.default]
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f', did you mean "{near[0]}"?' if near else "."
            raise WeightsError(f'there is no model "{name}"{hint} There are: {", ".join(dict.fromkeys(known))}')


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _forgotten(fill: str | None) -> HTTPException:
    return HTTPException(404, f"the photo has no fill {fill}, or it is no longer in memory: fill again")


def _stopping() -> HTTPException:
    return HTTPException(503, "the service is being stopped", {"Retry-After": "10"})
