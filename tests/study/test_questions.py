"""What raters are asked: everything once, each in an order of his own that nothing disturbs."""

from __future__ import annotations

from collections import Counter

import pytest

from scenefill.study.questions import questions

NAMES = [f"scene {number}" for number in range(20)]
METHODS = ["c", "a", "b"]


def test_every_pair_once_and_a_check_in_every_ten() -> None:
    asked = questions(NAMES, METHODS, "ann")
    pairs = [question for question in asked if not question.is_check]
    assert len({question.id for question in asked}) == len(asked) == 66
    assert {question.key for question in pairs} == {(n, a, b) for n in NAMES for a, b in (("a", "b"), ("a", "c"), ("b", "c"))}
    assert all(first <= second for _, first, second in (question.key for question in asked))
    for block in range(6):
        assert sum(question.is_check for question in asked[11 * block : 11 * block + 11]) == 1


def test_raters_have_orders_of_their_own() -> None:
    ann, bob = (questions(NAMES, METHODS, rater) for rater in ("ann", "bob"))
    assert ann == questions(list(reversed(NAMES)), list(reversed(METHODS)), "ann")
    assert [question.key for question in ann] != [question.key for question in bob]
    assert not {question.id for question in ann} & {question.id for question in bob}


def test_sides_are_drawn() -> None:
    swapped = Counter(question.swapped for rater in "abcdefgh" for question in questions(NAMES, METHODS, rater))
    assert 0.4 < swapped[True] / swapped.total() < 0.6


def test_what_is_shown() -> None:
    for question in questions(NAMES, METHODS, "ann"):
        (left, left_spoilt), (right, right_spoilt) = question.shows("left"), question.shows("right")
        assert (right, left) == question.key[1:] if question.swapped else (left, right) == question.key[1:]
        assert left_spoilt + right_spoilt == question.is_check


@pytest.mark.parametrize(("most", "every", "checks"), [(5, 10, 1), (25, 10, 2), (7, 0, 0), (None, 1, 60)])
def test_fewer_pairs_and_other_checks(most: int | None, every: int, checks: int) -> None:
    asked = questions(NAMES, METHODS, "ann", per_rater=most, every=every)
    assert sum(question.is_check for question in asked) == checks
    assert len(asked) - checks == (most or 60)
    whole = [question.id for question in questions(NAMES, METHODS, "ann", every=0)]
    assert [question.id for question in asked if not question.is_check] == whole[:most]


def test_pictures_that_are_added_leave_the_order_as_it_was() -> None:
    before = questions(NAMES, METHODS, "ann", every=0)
    after = questions([*NAMES, "one more"], METHODS, "ann", every=0)
    assert [question for question in after if question.key[0] != "one more"] == before
