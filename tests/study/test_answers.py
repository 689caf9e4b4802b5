"""Answers stay: through other threads, other processes, and kills."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from scenefill.errors import DataError, OutputError
from scenefill.study.answers import Answer, Answers
from scenefill.study.questions import Question

ANN = Answer("ann", "road", "green", "red", "first", "second")


@pytest.fixture
def answers(tmp_path: Path) -> Iterator[Answers]:
    with closing(Answers(tmp_path / "answers.sqlite")) as answers:
        yield answers


def test_what_was_chosen_is_told_by_the_side_it_was_on() -> None:
    key = ("road", "green", "red")
    for swapped, choice, preferred in [
        (False, "left", "first"), (False, "right", "second"), (True, "left", "second"), (True, "right", "first"),
        (True, "neither", "neither"),
    ]:  # fmt: skip
        answer = Answer.of("ann", Question("id", key, swapped), choice)
        assert answer == ("ann", *key, preferred, "second" if swapped else "first")


def test_an_answer_given_twice_counts_once(answers: Answers) -> None:
    answers.add(ANN)
    answers.add(ANN._replace(preferred="second"))
    answers.add(ANN._replace(rater="bob"))
    assert answers.all() == [ANN, ANN._replace(rater="bob")]
    assert answers.given("ann") == {("road", "green", "red")}
    assert answers.given("carl") == set()
    with sqlite3.connect(answers.path) as other, pytest.raises(sqlite3.IntegrityError):
        other.execute("INSERT INTO answers SELECT * FROM answers")
    other.close()


def test_many_raters_and_two_services_at_once(answers: Answers) -> None:
    with closing(Answers(answers.path)) as second, ThreadPoolExecutor(8) as pool:
        for rater in range(8):
            for name in range(10):
                pool.submit((answers, second)[name % 2].add, Answer(f"r{rater}", f"n{name}", "a", "b", "neither", "first"))
    assert len(answers.all()) == 80


def test_what_was_added_outlives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    code = f"""
import os, signal
from pathlib import Path
from scenefill.study.answers import Answer, Answers
answers = Answers(Path({str(path)!r}))
for number in range(5):
    answers.add(Answer("ann", str(number), "a", "b", "first", "first"))
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    with closing(Answers(path, new=False)) as found:
        assert [answer.name for answer in found.all()] == list("01234")


def test_files_that_hold_no_answers(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there are no answers yet"):
        Answers(tmp_path / "none.sqlite", new=False)
    (tmp_path / "text.sqlite").write_text("this is a letter, not a database, and long enough to be seen as such" * 20)
    with pytest.raises(DataError, match="is not a file of answers"):
        Answers(tmp_path / "text.sqlite")
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as other:
        other.execute("CREATE TABLE answers (question TEXT)")
        other.commit()
    with pytest.raises(DataError, match="is a database of something else than answers"):
        Answers(tmp_path / "other.sqlite")
    with pytest.raises(OutputError, match="cannot hold answers"):
        Answers(tmp_path / "no" / "folder.sqlite")
