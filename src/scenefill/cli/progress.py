"""Progress on the error stream: seen by a person at a terminal, absent from pipes and logs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


@contextmanager
def working(what: str) -> Iterator[None]:
    """A spinner with a sentence while the block runs."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def tracked(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """The items, with a bar that says how many are done and how long the rest takes."""
    if not sys.stderr.isatty():
        yield from items
        return
    with _bar() as bar:
        count = total if total is not None else len(items) if isinstance(items, Sized) else None
        yield from bar.track(items, total=count, description=what)


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function of (done, in all) that moves a bar, and does nothing where nobody is looking."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with _bar() as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=Console(stderr=True))
