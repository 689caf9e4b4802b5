"""From a name or a path to a model that answers."""

from __future__ import annotations

from pathlib import Path

from ..models import registry
from ..models.runtime import Backend, Computing


def open_backend(name_or_path: str | Path, computing: Computing | None = None) -> Backend:
    """A classical method, or the network in a weights file.

    computing: with what a network is computed; a classical method has nothing to choose.
    Raises WeightsError, and for what cannot be computed so InputError or MissingExtraError.
    """
    if name_or_path in registry.CLASSICAL:
        from .classical import BACKENDS

        return BACKENDS[str(name_or_path)]
    from ..models import choice

    return choice.open_network(registry.find(name_or_path), computing or Computing())
