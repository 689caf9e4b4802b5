"""Progress is drawn for people at a terminal, and for nobody else."""

from __future__ import annotations

import io
from contextlib import redirect_stderr

import pytest

from scenefill.cli import progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(params=[_Terminal, io.StringIO], ids=["terminal", "pipe"])
def stream(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    monkeypatch.setenv("TERM", "xterm")
    stream: io.StringIO = request.param()
    return stream


def test_items_pass_through(stream: io.StringIO) -> None:
    with redirect_stderr(stream):
        assert list(progress.tracked(iter(range(5)), "counting", total=5)) == [0, 1, 2, 3, 4]
        assert list(progress.tracked([7, 8], "counting")) == [7, 8]
    assert ("counting" in stream.getvalue()) == stream.isatty()
    assert ("5/5" in stream.getvalue()) == stream.isatty()


def test_counting_moves_a_bar(stream: io.StringIO) -> None:
    with redirect_stderr(stream), progress.counted("fetching") as moved:
        moved(3, 4)
    assert ("3/4" in stream.getvalue()) == stream.isatty()


def test_a_sentence_while_something_runs(stream: io.StringIO) -> None:
    with redirect_stderr(stream), progress.working("filling a.jpg"):
        pass
    assert ("filling a.jpg" in stream.getvalue()) == stream.isatty()
