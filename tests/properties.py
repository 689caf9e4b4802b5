"""How often a property is tried: a few times in every run, ten thousand times in a nightly one (`make nightly`)."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

settings.register_profile(
    "nightly",
    max_examples=int(os.environ.get("SCENEFILL_EXAMPLES", "10000")),
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def nightly() -> bool:
    """Whether tests run with --hypothesis-profile=nightly."""
    return settings.get_current_profile_name() == "nightly"


def examples(few: int) -> settings:
    """For properties that are worth a night: `few` examples in every other run."""
    return settings(deadline=None) if nightly() else settings(max_examples=few, deadline=None)


def damaged(data: bytes) -> st.SearchStrategy[bytes]:
    """The file with some bytes altered; then cut, or with more in it."""
    places = st.integers(0, len(data) - 1)
    edits = st.lists(st.tuples(places, st.integers(0, 255)), max_size=8)
    return st.builds(_damage, st.just(data), edits, places, st.sampled_from(["alter", "cut", "insert"]), st.binary(max_size=16))


def _damage(data: bytes, edits: list[tuple[int, int]], place: int, how: str, more: bytes) -> bytes:
    changed = bytearray(data)
    for where, value in edits:
        changed[where] = value
    if how == "cut":
        del changed[place:]
    if how == "insert":
        changed[place:place] = more
    return bytes(changed)
