"""Memory of one test is there for the next: networks of all sizes are made, trained and exported in one process."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator

import properties  # noqa: F401, it makes the profile of --hypothesis-profile=nightly known
import pytest
import torch

from scenefill.training import run

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it, and its children would too


@pytest.fixture(scope="session", autouse=True)
def freed_memory_is_given_back() -> Iterator[None]:
    """A training keeps what it has freed, since it wants as much again in the next step; tests do not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "keep_memory", lambda: None)
        yield


@pytest.fixture(scope="module", autouse=True)
def nothing_outlives_its_file() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """A run sets the number of threads of its process."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
