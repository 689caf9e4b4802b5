"""Files that are whole or not there: whatever happens while one is written, what stood under its name is untouched."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import OutputError

if sys.platform != "win32":
    import fcntl


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file in the folder of `path`, under a temporary name; it is flushed to the disk and takes the name at the end.

    After an exception in the block it is gone. Raises OSError where the folder cannot be written or the disk is full.
    """
    temporary = path.with_name(f".scenefill-{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            with contextlib.suppress(OSError):  # of a disk that knows no locks
                _lock(file)
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_text(path: Path, text: str) -> None:
    """A text as UTF-8, in place of what stood there. Raises OutputError where the file cannot be written."""
    try:
        with replacing(path) as file:
            file.write(text.encode())
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def sweep(folders: Iterable[Path]) -> None:
    """Removes what processes that were killed have left in some folders while `replacing`; not what is being written."""
    for folder in set(folders):
        for temporary in folder.glob(".scenefill-*.tmp"):
            with contextlib.suppress(OSError), temporary.open("r+b") as file:
                _lock(file)
                temporary.unlink()  # Windows refuses where it is open elsewhere


def _lock(file: BinaryIO) -> None:
    """Holds the file until it is closed, or the process ends in whatever way. Raises OSError where another one holds it."""
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
