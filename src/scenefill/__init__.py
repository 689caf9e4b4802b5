"""scenefill fills holes in photos of mixed scenes: what belongs there and how it looks are predicted together.

>>> import scenefill
>>> result = scenefill.load("sge-net-street")("photo.jpg", "mask.png")    # doctest: +SKIP
>>> result.save("filled.jpg")    # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import (
    ConfigError,
    DataError,
    ImageError,
    InputError,
    LabelError,
    MaskError,
    MissingExtraError,
    OutputError,
    ScenefillError,
    ScenefillWarning,
    WeightsError,
)

if TYPE_CHECKING:
    from .filling.inpainter import Inpainter, load
    from .filling.result import Result
    from .models.registry import list_models

    __version__: str

__all__ = [
    "ConfigError",
    "DataError",
    "ImageError",
    "Inpainter",
    "InputError",
    "LabelError",
    "MaskError",
    "MissingExtraError",
    "OutputError",
    "Result",
    "ScenefillError",
    "ScenefillWarning",
    "WeightsError",
    "__version__",
    "list_models",
    "load",
]

_ROOMS = {
    "Inpainter": "filling.inpainter",
    "Result": "filling.result",
    "load": "filling.inpainter",
    "list_models": "models.registry",
}


def __getattr__(name: str) -> Any:
    """Imports what is asked for only then: `import scenefill` stays cheap, and so does `scenefill --help`."""
    if name == "__version__":
        from importlib.metadata import version

        return version("scenefill")
    if name in _ROOMS:
        from importlib import import_module

        return getattr(import_module(f".{_ROOMS[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
