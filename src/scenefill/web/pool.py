"""Work for threads: a bounded queue, jobs that can be watched and cancelled, and an end that lets running work finish.

ONNX Runtime and OpenCV let go of the interpreter while they compute, so threads are enough. They are daemons: what does not come
to its end in time does not keep the process alive.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, Literal, TypeVar

T = TypeVar("T")

State = Literal["queued", "running", "done", "cancelled"]


class BusyError(Exception):
    """The queue is full."""


class CancelledError(Exception):
    """Nobody wants the result any more."""


class StoppedError(Exception):
    """The service is being stopped."""


class Job(Generic[T]):
    """One piece of work, from the queue to its result in `future`."""

    def __init__(self, work: Callable[[Job[T]], T]) -> None:
        self.future: Future[T] = Future()
        self.crops_done = 0
        self.crops = 0
        self._work: Callable[[Job[T]], T] | None = work
        self._running = False
        self._cancelled = False

    @property
    def state(self) -> State:
        if self._cancelled:
            return "cancelled"
        return "done" if self.future.done() else "running" if self._running else "queued"

    def progress(self, done: int, total: int) -> None:
        """What an Inpainter calls between crops; raises CancelledError where the job was cancelled."""
        self.crops_done, self.crops = done, total
        if self._cancelled:
            raise CancelledError


class Pool:
    """Threads that take jobs in the order of their arrival."""

    def __init__(self, name: str, workers: int, room: int) -> None:
        """room: how many jobs may wait."""
        self._name = name
        self._workers = workers
        self._room = room
        self._waiting: deque[Job[Any]] = deque()
        self._running: list[Job[Any]] = []
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._stopped = False

    def submit(self, work: Callable[[Job[T]], T], *, bounded: bool = True) -> Job[T]:
        """Puts work into the queue. Raises BusyError where that is full, unless not `bounded`, and StoppedError after `stop`."""
        job = Job(work)
        with self._changed:
            if self._stopped:
                raise StoppedError
            if bounded and len(self._waiting) >= self._room:
                raise BusyError
            if len(self._threads) < self._workers:
                self._threads.append(threading.Thread(target=self._serve, name=self._name, daemon=True))
                self._threads[-1].start()
            self._waiting.append(job)
            self._changed.notify()
        return job

    def waiting(self) -> int:
        """How many jobs wait."""
        return len(self._waiting)

    def running(self) -> int:
        """How many jobs are being done."""
        return len(self._running)

    def position(self, job: Job[Any]) -> int:
        """How many jobs are done before this one; 0 for one that has begun."""
        with self._changed:
            return self._waiting.index(job) + 1 if job in self._waiting else 0

    def cancel(self, job: Job[Any]) -> None:
        """Takes a job from the queue; one that runs ends at its next crop, one that is done stays done."""
        with self._changed:
            job._cancelled |= not job.future.done()
            if job in self._waiting:
                self._waiting.remove(job)
                self._settle(job, error=CancelledError())

    def stop(self, grace: float) -> None:
        """Refuses new jobs and those that wait with StoppedError, and after `grace` seconds those that run."""
        with self._changed:
            self._stopped = True
            while self._waiting:
                self._settle(self._waiting.popleft(), error=StoppedError())
            self._changed.notify_all()
            ends = time.monotonic() + grace
            while self._running and (left := ends - time.monotonic()) > 0:
                self._changed.wait(left)
            for job in self._running:
                job._cancelled = True
                self._settle(job, error=StoppedError())

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopped)
                if not self._waiting:
                    return
                job = self._waiting.popleft()
                job._running = True
                self._running.append(job)
                work = job._work
            assert work is not None, "a job runs once"
            result, error = None, None
            try:
                result = work(job)
            except BaseException as raised:  # a thread that ends would take nobody's work any more
                error = raised
            with self._changed:
                self._running.remove(job)
                self._settle(job, result, error)
                self._changed.notify_all()
            del job, work, result, error

    @staticmethod
    def _settle(job: Job[Any], result: Any = None, error: BaseException | None = None) -> None:
        job._work = None  # and all that it holds
        if job.future.done():
            return
        if error is not None:
            job.future.set_exception(error)
        else:
            job.future.set_result(result)
