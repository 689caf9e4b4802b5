"""How often a property is tried: a few times in every run, ten thousand times in a nightly one (`make nightly`)."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

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
