"""What befalls a program: it is killed at random moments, its disk is full."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

from properties import nightly


def times(few: int) -> int:
    """How often something is killed: fifty times in a nightly run."""
    return 50 if nightly() else few


def seeded() -> random.Random:
    """Chance, by $SCENEFILL_SEED, which is printed."""
    seed = int(os.environ.get("SCENEFILL_SEED", "1"))
    print(f"SCENEFILL_SEED={seed}")
    return random.Random(seed)


@contextlib.contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """A disk in memory of so many bytes, at a new folder. Only root may mount one."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
