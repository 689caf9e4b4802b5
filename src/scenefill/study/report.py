"""What the answers say: preference matrices with intervals, scores, agreement, and who answered without looking."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..errors import DataError
from .answers import Answer
from .statistics import Share, Strength, bradley_terry, krippendorff, wilson

MISSED = 0.2
"""A rater who misses a larger share of his attention checks has failed."""
EVERYTHING = "all pictures"
NO_LEVEL = "without a level"

DEFINITIONS = (
    "Share: of the answers to pairs of the two methods, those that prefer the row's; no difference counts half for each. "
    "In brackets: Wilson's 95 % interval, with answers taken as independent of each other.",
    "Score: Bradley-Terry by maximum likelihood, in natural log-odds, mean 0, no difference split in half; a method is preferred "
    "to one whose score is lower by d with probability 1 / (1 + exp(-d)). In brackets: 95 % interval by the Fisher information.",
    "Agreement: Krippendorff's alpha for nominal values (first, second, no difference) over pairs of pictures that two or more "
    "raters have answered; 1 is full agreement, 0 that of chance.",
    f"A rater has failed who missed more than {MISSED:.0%} of the attention checks: pairs of a picture and the same one damaged.",
)


@dataclass(frozen=True)
class Rater:
    """What one rater has done."""

    name: str
    answers: int
    """To pairs of methods."""
    chose_left: int
    chose_right: int
    checks: int
    missed: int
    """Attention checks that were not answered with the sound picture."""

    @property
    def failed(self) -> bool:
        """Whether his answers are those of somebody who does not look."""
        return self.missed > MISSED * self.checks


@dataclass(frozen=True)
class Group:
    """The answers about some pictures."""

    title: str
    pictures: int
    methods: tuple[str, ...]
    wins: NDArray[np.int64]
    """(M, M), how often the row's method was preferred to the column's."""
    ties: NDArray[np.int64]
    """(M, M), symmetric."""
    agreement: float | None
    """Krippendorff's alpha; None where it is not defined."""

    def share(self, row: int, column: int) -> Share | None:
        """The share of preferences for the row's method; None where nobody compared the two."""
        won, lost, tied = (int(count) for count in (self.wins[row, column], self.wins[column, row], self.ties[row, column]))
        return wilson(won + tied / 2, won + lost + tied)

    def scores(self) -> list[Strength] | None:
        """Bradley-Terry scores of the methods; None where they are not finite."""
        return bradley_terry(self.wins + self.ties / 2)


@dataclass(frozen=True)
class Report:
    """All raters, and the answers of those that count."""

    raters: tuple[Rater, ...]
    counts_failed: bool
    groups: tuple[Group, ...]
    """All pictures first, then one group per level of complexity."""


def report(answers: Iterable[Answer], levels: dict[str, str], *, count_failed: bool = False) -> Report:
    """Sums up answers. levels: of complexity, by name of picture.   count_failed: with those of raters that failed.

    Raises DataError where nothing is left to be counted.
    """
    answers = list(answers)
    raters = tuple(_rater(name, list(of_one)) for name, of_one in groupby(answers, key=lambda answer: answer.rater))
    out = set() if count_failed else {rater.name for rater in raters if rater.failed}
    counted = [answer for answer in answers if not answer.is_check and answer.rater not in out]
    if not counted:
        why = f": all {len(out)} raters failed their attention checks (--count-failed counts them)" if out else ""
        raise DataError(f"there are no answers to report{why}")
    methods = tuple(sorted({method for answer in counted for method in (answer.first, answer.second)}))
    groups = [_group(EVERYTHING, counted, methods)]
    for level in dict.fromkeys([*levels.values(), NO_LEVEL]) if levels else ():
        if of_level := [answer for answer in counted if levels.get(answer.name, NO_LEVEL) == level]:
            groups.append(_group(level, of_level, methods))
    return Report(raters, count_failed, tuple(groups))


def _rater(name: str, answers: list[Answer]) -> Rater:
    checks = [answer for answer in answers if answer.is_check]
    pairs = [answer for answer in answers if not answer.is_check]
    decided = [answer.preferred == answer.shown_left for answer in pairs if answer.preferred != "neither"]
    missed = sum(check.preferred != "first" for check in checks)
    return Rater(name, len(pairs), sum(decided), len(decided) - sum(decided), len(checks), missed)


def _group(title: str, answers: list[Answer], methods: tuple[str, ...]) -> Group:
    wins, ties = np.zeros((2, len(methods), len(methods)), np.int64)
    said = defaultdict(list)
    for answer in answers:
        first, second = methods.index(answer.first), methods.index(answer.second)
        if answer.preferred == "neither":
            ties[first, second] += 1
            ties[second, first] += 1
        else:
            wins[(first, second) if answer.preferred == "first" else (second, first)] += 1
        said[answer.name, answer.first, answer.second].append(answer.preferred)
    return Group(title, len({answer.name for answer in answers}), methods, wins, ties, krippendorff(said.values()))


# ------------------------------------------------------------------------------------------------------------------- as files


def to_json(report: Report) -> str:
    """Everything that the Markdown says."""
    page = {
        "format": 1,
        "scenefill": __version__,
        "definitions": DEFINITIONS,
        "raters": [asdict(rater) | {"failed": rater.failed} for rater in report.raters],
        "failed_raters_count": report.counts_failed,
        "groups": [_record(group) for group in report.groups],
    }
    return json.dumps(page, indent=1)


def _record(group: Group) -> dict[str, Any]:
    pairs = [(row, column) for row in range(len(group.methods)) for column in range(len(group.methods)) if row != column]
    scores = group.scores()
    return {
        "pictures": group.title,
        "number_of_pictures": group.pictures,
        "preferences": [
            {
                "method": group.methods[row],
                "over": group.methods[column],
                "won": int(group.wins[row, column]),
                "lost": int(group.wins[column, row]),
                "no_difference": int(group.ties[row, column]),
                "share": share._asdict() if (share := group.share(row, column)) else None,
            }
            for row, column in pairs
        ],
        "scores": {method: s._asdict() for method, s in zip(group.methods, scores, strict=True)} if scores else None,
        "agreement": group.agreement,
    }


def to_markdown(report: Report) -> str:
    """The tables, with the definitions below them."""
    failed = sum(rater.failed for rater in report.raters)
    lines = [
        "# Preference study",
        "",
        f"{sum(rater.answers for rater in report.raters)} answers to pairs, by {len(report.raters)} raters, of whom {failed} "
        f"failed the attention checks and {'count all the same' if report.counts_failed else 'do not count below'}; "
        f"scenefill {__version__}.",
    ]
    for group in report.groups:
        lines += ["", f"## {group.title[0].upper()}{group.title[1:]}", "", *_tables(group)]
    head = ["rater", "answers", "left", "right", "no difference", "checks", "missed", ""]
    rows = [
        [r.name, str(r.answers), str(r.chose_left), str(r.chose_right), str(r.answers - r.chose_left - r.chose_right),
         str(r.checks), str(r.missed), "failed" if r.failed else ""]
        for r in report.raters
    ]  # fmt: skip
    lines += ["", "## Raters", "", *_table(head, rows), "", "## Definitions", "", *(f"* {text}" for text in DEFINITIONS)]
    return "\n".join(lines) + "\n"


def _tables(group: Group) -> list[str]:
    def cell(row: int, column: int, kind: Literal["share", "counts"]) -> str:
        share = group.share(row, column) if row != column else None
        if share is None:
            return ""
        if kind == "counts":
            return f"{group.wins[row, column]} : {group.wins[column, row]}, {group.ties[row, column]} neither"
        return f"{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]"

    lines = []
    everyone = range(len(group.methods))
    titles: tuple[tuple[str, Literal["share", "counts"]], ...] = (("preferred to", "share"), ("won : lost", "counts"))
    for title, kind in titles:
        rows = [[group.methods[row], *(cell(row, column, kind) for column in everyone)] for row in everyone]
        lines += [*_table([title, *group.methods], rows), ""]
    if scores := group.scores():
        ranked = sorted(zip(group.methods, scores, strict=True), key=lambda pair: -pair[1].score)
        lines += _table(["method", "score"], [[name, f"{s.score:+.2f} [{s.low:+.2f}, {s.high:+.2f}]"] for name, s in ranked])
    else:
        lines.append("Scores are not finite: some methods were never preferred to the others.")
    agreement = "not defined" if group.agreement is None else f"alpha = {group.agreement:.2f}"
    return [*lines, "", f"{group.pictures} pictures; agreement of raters: {agreement}."]


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    """A Markdown table whose columns stand below each other in a terminal too."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in cells]
    return [f"| {' | '.join(row)} |" for row in (lines[0], ["-" * max(width, 3) for width in widths], *lines[1:])]
