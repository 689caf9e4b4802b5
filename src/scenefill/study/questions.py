"""What a rater is asked, and in which order: a function of the rater's name and the pictures, so that nothing has to be kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

Choice = Literal["left", "right", "neither"]
Key = tuple[str, str, str]
"""Name of the picture, first method, second method. The same method twice: an attention check, whose second is damaged."""


@dataclass(frozen=True)
class Question:
    """Two pictures side by side."""

    id: str
    """Says nothing of what is shown."""
    key: Key
    swapped: bool
    """Whether the second is on the left."""

    @property
    def is_check(self) -> bool:
        """Whether it is there to see that the rater looks."""
        return self.key[1] == self.key[2]

    def shows(self, side: Literal["left", "right"]) -> tuple[str, bool]:
        """The method whose picture is on that side, and whether it is damaged."""
        second = (side == "left") == self.swapped
        return self.key[1 + second], second and self.is_check


def questions(
    names: list[str], methods: list[str], rater: str, *, per_rater: int | None = None, every: int = 10
) -> list[Question]:
    """All that a rater is asked, in his own order: every pair of methods of every picture once, and attention checks between.

    per_rater: so many of the pairs, the first of that order.   every: so many pairs have one check among them, fewer than that
    have one too; 0 for none. Pictures that are added later join the order and leave the rest of it as it was.
    """
    pairs = _ordered(rater, ((name, *pair) for name in names for pair in combinations(sorted(methods), 2)))[:per_rater]
    if not every or not pairs:
        return pairs
    return list(_mixed(pairs, iter(_ordered(rater, ((name, one, one) for name in names for one in methods))), every))


def _ordered(rater: str, keys: Iterable[Key]) -> list[Question]:
    return sorted((_drawn(rater, key) for key in keys), key=lambda question: question.id)


def _mixed(pairs: list[Question], checks: Iterator[Question], every: int) -> Iterator[Question]:
    for start in range(0, len(pairs), every):
        block = pairs[start : start + every]
        check = next(checks, None) if start == 0 or len(block) == every else None
        if check:
            block.insert(int(check.id[:8], 16) % (len(block) + 1), check)
        yield from block


def _drawn(rater: str, key: Key) -> Question:
    drawn = hashlib.blake2b("\0".join((rater, *key)).encode(), digest_size=16).digest()
    return Question(drawn.hex(), key, bool(drawn[-1] & 1))
