"""The report against numbers that were counted by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from scenefill.errors import DataError
from scenefill.study.answers import Answer, Preferred
from scenefill.study.report import report, to_json, to_markdown
from scenefill.study.statistics import krippendorff, wilson

LEVELS = {"road": "low", "park": "high"}


def said(rater: str, name: str, preferred: Preferred, *, left: bool = True, pair: tuple[str, str] = ("a", "b")) -> Answer:
    return Answer(rater, name, *pair, preferred, "first" if left else "second")


def checked(rater: str, name: str, preferred: Preferred) -> Answer:
    return said(rater, name, preferred, pair=("a", "a"))


ANSWERS = [
    said("ann", "park", "first"),
    said("ann", "road", "first", left=False),
    checked("ann", "road", "first"),
    said("bob", "park", "second"),
    said("bob", "road", "neither"),
    said("eve", "park", "second"),
    checked("eve", "park", "neither"),
]


def test_counts_shares_scores_and_agreement() -> None:
    whole, low, high = report(ANSWERS, LEVELS).groups
    assert (whole.title, low.title, high.title) == ("all pictures", "low", "high")
    assert whole.wins.tolist() == [[0, 2], [1, 0]]
    assert whole.ties.tolist() == [[0, 1], [1, 0]]
    assert whole.share(0, 1) == wilson(2.5, 4)
    assert whole.share(1, 0) == wilson(1.5, 4)
    scores = whole.scores()
    assert scores is not None
    assert scores[0].score - scores[1].score == pytest.approx(math.log(2.5 / 1.5)), "ties are split in half"
    assert whole.agreement == krippendorff([["first", "second"], ["first", "neither"]])
    assert (low.wins[0, 1], low.ties[0, 1], high.wins[0, 1], high.wins[1, 0]) == (1, 1, 1, 1)


def test_raters_that_fail_are_marked_and_left_out() -> None:
    found = report(ANSWERS, {})
    assert [(rater.name, rater.answers, rater.checks, rater.missed, rater.failed) for rater in found.raters] == [
        ("ann", 2, 1, 0, False),
        ("bob", 2, 0, 0, False),
        ("eve", 1, 1, 1, True),
    ]
    assert [(rater.chose_left, rater.chose_right) for rater in found.raters] == [(1, 1), (0, 1), (0, 1)]
    assert report(ANSWERS, {}, count_failed=True).groups[0].wins.tolist() == [[0, 2], [2, 0]]


def test_one_check_in_five_may_be_missed() -> None:
    checks = [checked("ann", f"n{number}", "second" if number == 0 else "first") for number in range(5)]
    (rater,) = report([*checks, said("ann", "park", "first")], {}).raters
    assert not rater.failed
    (rater,) = report([*checks[:4], said("ann", "park", "first")], {}, count_failed=True).raters
    assert rater.failed


def test_the_numbers_of_the_paper() -> None:
    """Liao et al. (ECCV 2020), Table 2: 1,295 of 1,920 comparisons are 67.4 %."""
    answers = [said(f"r{i}", f"n{j}", "first" if 80 * i + j < 1295 else "second") for i in range(24) for j in range(80)]
    share = report(answers, {}).groups[0].share(0, 1)
    assert share is not None
    assert f"{share.value:.1%}" == "67.4%"
    assert (share.low, share.high) == pytest.approx((0.6532, 0.6950), abs=2e-4)


def test_json_and_markdown_say_the_same() -> None:
    found = report(ANSWERS, LEVELS)
    page = json.loads(to_json(found))
    text = to_markdown(found)
    (first, _) = page["groups"][0]["preferences"]
    assert (first["method"], first["over"], first["won"], first["lost"], first["no_difference"]) == ("a", "b", 2, 1, 1)
    assert first["share"]["value"] == 0.625
    assert "62.5% [21.9%, 90.8%]" in text, "by hand, from 2.5 of 4"
    assert "2 : 1, 1 neither" in text
    assert [rater["failed"] for rater in page["raters"]] == [False, False, True]
    assert "| eve   | 1 " in text
    assert "of whom 1 failed" in text
    assert "## High" in text
    assert all(definition in text for definition in page["definitions"])


def test_what_cannot_be_said_is_not() -> None:
    one = report([said("ann", "park", "first")], {})
    assert one.groups[0].scores() is None
    assert one.groups[0].agreement is None
    assert "Scores are not finite" in to_markdown(one)
    assert "agreement of raters: not defined" in to_markdown(one)
    assert json.loads(to_json(one))["groups"][0]["scores"] is None
    three = report([said("ann", "park", "first"), said("ann", "park", "first", pair=("b", "c|d"))], {}).groups[0]
    assert three.share(0, 2) is None, "nobody compared the two"
    assert np.trace(three.wins) == 0


def test_nothing_to_report() -> None:
    with pytest.raises(DataError, match=r"there are no answers to report$"):
        report([], {})
    with pytest.raises(DataError, match="all 1 raters failed their attention checks"):
        report([said("eve", "park", "first"), checked("eve", "park", "second")], {})


def test_pictures_without_a_level_have_a_group_of_their_own() -> None:
    groups = report([*ANSWERS, said("ann", "sea", "first")], LEVELS).groups
    assert [group.title for group in groups] == ["all pictures", "low", "high", "without a level"]
