"""From a name or a path to a model that answers."""

from __future__ import annotations

from pathlib import Path

from ..models import registry
from ..models.runtime import Backend


def open_backend(name_or_path: str | Path, *, threads: int | None = None) -> Backend:
    """A classical method, or the network in a weights file. Raises WeightsError."""
    if name_or_path in registry.CLASSICAL:
        from .classical import BACKENDS

        return BACKENDS[str(name_or_path)]
    from ..models.runtime import OnnxBackend

    return OnnxBackend.open(registry.find(name_or_path), threads=threads)
