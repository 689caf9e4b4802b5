"""Checkpoints that restore everything, and the small weights files that go on beside them.

RUN/checkpoints/000012800.pt    networks, averages, optimisers, random state, position in the data; the newest two are kept
RUN/weights/sge-net.safetensors    the averaged generator as float16, for --init, `evaluate` and `export`
RUN/weights/discriminator.safetensors
Every file is written to a temporary name, flushed to the disk, then renamed, so that a kill at any moment leaves a whole one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

KEEP = 2


def save(folder: Path, images_seen: int, state: dict[str, Any]) -> Path:
    """Writes a checkpoint and removes all but the newest `KEEP`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{images_seen:09d}.pt"
    write_safely(path, lambda temporary: torch.save(state, temporary))
    for old in sorted(folder.glob("*.pt"))[:-KEEP]:
        old.unlink()
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


def write_safely(path: Path, write: Callable[[Path], None]) -> None:
    """Calls `write` with a temporary path in the same folder, flushes that file to the disk and gives it its name."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
