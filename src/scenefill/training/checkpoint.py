"""Checkpoints that restore everything, and the small weights files that go on beside them.

RUN/checkpoints/000012800.pt    networks, averages, optimisers, random state, position in the data; the newest two are kept
RUN/weights/sge-net.safetensors    the averaged generator as float16, for --init, `evaluate` and `export`
RUN/weights/discriminator.safetensors
Every file is written to a temporary name, flushed to the disk, then renamed, so that a kill at any moment leaves a whole one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ..pictures.files import replacing

KEEP = 2


def save(folder: Path, images_seen: int, state: dict[str, Any]) -> Path:
    """Writes a checkpoint and removes all but the newest `KEEP`. Raises OSError where the disk is full."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{images_seen:09d}.pt"
    with replacing(path) as file:
        try:
            torch.save(state, file)
        except RuntimeError as error:  # what torch makes of a write that failed
            raise error.__context__ if isinstance(error.__context__, OSError) else error from None
    for old in sorted(folder.glob("*.pt"))[:-KEEP]:
        old.unlink(missing_ok=True)
    return path


def newest(folder: Path) -> dict[str, Any] | None:
    """The newest checkpoint that can be read, on the CPU, or None. Nothing but tensors and plain values is loaded."""
    for path in sorted(folder.glob("*.pt"), reverse=True):
        try:
            state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        except Exception:  # a file cut short by a full disk; the one before it is whole
            continue
        return state
    return None
