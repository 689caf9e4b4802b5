"""What a fill warns of: told to Python, or kept for the one who asked."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from contextvars import ContextVar

from ..errors import ScenefillWarning

_kept: ContextVar[list[str] | None] = ContextVar("_kept", default=None)


@contextlib.contextmanager
def warnings_kept() -> Iterator[list[str]]:
    """Inside, what fills of this thread warn of is put into the list and nowhere else: `warnings` is one for all threads."""
    kept: list[str] = []
    token = _kept.set(kept)
    try:
        yield kept
    finally:
        _kept.reset(token)


def warn(text: str, stacklevel: int = 3) -> None:
    """Says it once, to whoever listens."""
    if (kept := _kept.get()) is not None:
        kept.append(text)
    else:
        warnings.warn(text, ScenefillWarning, stacklevel=stacklevel)
