"""Denominators over all processes that train together.

Each process has a part of the batch, and their gradients are averaged. A mean over hole pixels, of which parts hold different
numbers, is then that of the whole batch only if all processes divide by the same count: what they have on average.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from torch import Tensor, distributed

_together = ContextVar("_together", default=False)


@contextmanager
def together() -> Iterator[None]:
    """Inside it, all processes compute the same losses in the same order; elsewhere none waits for the others."""
    token = _together.set(distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1)
    try:
        yield
    finally:
        _together.reset(token)


def over_all(quantity: Tensor) -> Tensor:
    """The mean of a quantity over the processes, to divide by: no gradient flows through it."""
    quantity = quantity.detach()
    if _together.get():
        quantity = quantity.clone()
        distributed.all_reduce(quantity)
        quantity /= distributed.get_world_size()
    return quantity
