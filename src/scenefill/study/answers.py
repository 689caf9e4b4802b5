"""The answers of a study: one SQLite file, in which everything that was acknowledged stays, whatever happens."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from ..errors import DataError, OutputError
from .questions import Choice, Key, Question

Preferred = Literal["first", "second", "neither"]
FILE = "answers.sqlite"
SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    rater TEXT NOT NULL,
    name TEXT NOT NULL,
    first TEXT NOT NULL,
    second TEXT NOT NULL CHECK (first <= second),  -- equal: an attention check, whose second was damaged
    preferred TEXT NOT NULL CHECK (preferred IN ('first', 'second', 'neither')),
    shown_left TEXT NOT NULL CHECK (shown_left IN ('first', 'second')),
    given_at TEXT NOT NULL,
    PRIMARY KEY (rater, name, first, second)
) WITHOUT ROWID
"""
COLUMNS = "rater, name, first, second, preferred, shown_left"
PATIENCE = 30.0
"""Seconds for which one process waits while another writes."""


class Answer(NamedTuple):
    """What one rater said of one pair."""

    rater: str
    name: str
    first: str
    second: str
    preferred: Preferred
    shown_left: Literal["first", "second"]

    @classmethod
    def of(cls, rater: str, question: Question, choice: Choice) -> Answer:
        """choice: the side that was chosen."""
        second = (choice == "left") == question.swapped
        preferred: Preferred = "neither" if choice == "neither" else "second" if second else "first"
        return cls(rater, *question.key, preferred, "second" if question.swapped else "first")

    @property
    def is_check(self) -> bool:
        """Whether it was an attention check; "first" is then the right answer."""
        return self.first == self.second


class Answers:
    """An open file of answers, for any number of threads and processes."""

    def __init__(self, path: Path, *, new: bool = True) -> None:
        """new: may be made. Raises DataError for a file that is missing or none of ours, OutputError where it cannot be made."""
        self.path = path
        self._lock = threading.Lock()
        if not new and not path.exists():
            raise DataError(f"there are no answers yet: {path} does not exist")
        with self._told():
            self._file = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            with self._told():
                self._file.execute("PRAGMA journal_mode = WAL")
                self._file.execute("PRAGMA synchronous = FULL")  # an answer is on the disk before the page is told so
                self._file.execute(SCHEMA)
                self._file.execute(f"SELECT {COLUMNS} FROM answers LIMIT 1")
        except Exception:
            self._file.close()
            raise

    def add(self, answer: Answer) -> None:
        """Keeps an answer; one that was given before to the same question stays as it is. Raises OutputError."""
        when = datetime.now(UTC).isoformat(timespec="seconds")
        with self._told(), self._lock:
            self._file.execute(
                f"INSERT INTO answers ({COLUMNS}, given_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", (*answer, when)
            )

    def given(self, rater: str) -> set[Key]:
        """What a rater has answered."""
        with self._told(), self._lock:
            return set(self._file.execute("SELECT name, first, second FROM answers WHERE rater = ?", (rater,)))

    def all(self) -> list[Answer]:
        """Every answer, by rater."""
        with self._told(), self._lock:
            rows = self._file.execute(f"SELECT {COLUMNS} FROM answers ORDER BY rater, name, first, second")
            return [Answer(*row) for row in rows]

    def close(self) -> None:
        """Ends it; what was added is safe without."""
        with self._lock:
            self._file.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "no such column" in str(error):
                raise DataError(f"{self.path} is a database of something else than answers") from None
            raise OutputError(f"{self.path} cannot hold answers: {error}") from None
        except sqlite3.DatabaseError as error:
            raise DataError(f"{self.path} is not a file of answers: {error}") from None
