"""Files that are whole or not there: whatever happens while one is written, what stood under its name is untouched."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file in the folder of `path`, under a temporary name; it is flushed to the disk and takes the name at the end.

    After an exception in the block it is gone. Raises OSError where the folder cannot be written or the disk is full.
    """
    temporary = path.with_name(f".scenefill-{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
