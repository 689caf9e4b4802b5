"""The statistics of a preference study, each in closed form or by a published algorithm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Z = 1.959963984540054
"""Of a 95 % interval of the normal distribution."""
ROUNDS = 20_000
CLOSE = 1e-12


class Share(NamedTuple):
    """A share of preferences, 0..1, with its 95 % interval."""

    value: float
    low: float
    high: float


class Strength(NamedTuple):
    """A Bradley-Terry score with its 95 % interval, in natural log-odds; the scores of all methods add up to 0."""

    score: float
    low: float
    high: float


def wilson(successes: float, count: int) -> Share | None:
    """The share of successes with Wilson's score interval (J. Am. Stat. Assoc. 22, 1927, p. 209). None for a count of 0.

    successes: 0..count; a tie may be half a success, with which the interval is rather too wide than too narrow.
    """
    if not count:
        return None
    share, spread = successes / count, Z**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * np.sqrt(share * (1 - share) / count + spread / (4 * count))
    return Share(share, max(0.0, float(middle - half)), min(1.0, float(middle + half)))


def bradley_terry(wins: NDArray[np.float64]) -> list[Strength] | None:
    """Scores s of M methods, so that i is preferred to j with probability 1 / (1 + exp(s_j - s_i)): maximum likelihood.

    wins: (M, M) float, how often the row's method was preferred to the column's; a tie is half a win for each. Found by the
    MM algorithm of Hunter (Annals of Statistics 32, 2004, p. 386); intervals from the inverse of the Fisher information.
    None where the scores are not finite: some methods never won against the others (Ford's condition, ibid., Assumption 1).
    """
    wins = np.asarray(wins, np.float64)
    if not _connected(wins > 0):
        return None
    played, won = wins + wins.T, wins.sum(axis=1)
    strength = np.ones(len(wins))
    for _ in range(ROUNDS):
        before = strength
        strength = won / (played / (before[:, None] + before[None, :])).sum(axis=1)
        strength /= np.exp(np.log(strength).mean())
        if np.abs(np.log(strength / before)).max() < CLOSE:
            break
    score = np.log(strength)
    chance = strength[:, None] / (strength[:, None] + strength[None, :])
    information = -played * chance * (1 - chance)
    np.fill_diagonal(information, 0)
    np.fill_diagonal(information, -information.sum(axis=1))
    error = np.sqrt(np.diag(np.linalg.pinv(information, hermitian=True)).clip(0))
    return [Strength(float(s), float(s - Z * e), float(s + Z * e)) for s, e in zip(score, error, strict=True)]


def _connected(beats: NDArray[np.bool_]) -> bool:
    """Whether a chain of wins leads from every method to every other one."""
    reach = beats | np.eye(len(beats), dtype=bool)
    for _ in range(len(beats)):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    return bool(reach.all())


def krippendorff(units: Iterable[Sequence[Hashable]]) -> float | None:
    """Krippendorff's alpha for nominal values (Content Analysis, chapter 11): 1 is full agreement, 0 that of chance.

    units: for each unit the values that raters gave it, in any order and number; units with fewer than two do not count.
    None where it is not defined: no unit has two values, or all values are equal.
    """
    counts = [Counter(unit) for unit in units if len(unit) > 1]
    totals: Counter[Hashable] = sum(counts, Counter())
    number = totals.total()
    disagreed = sum(sum(count * (unit.total() - count) for count in unit.values()) / (unit.total() - 1) for unit in counts)
    expected = sum(count * (number - count) for count in totals.values())
    return 1 - (number - 1) * disagreed / expected if expected else None
