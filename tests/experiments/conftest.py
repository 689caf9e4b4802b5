"""A small street to train and measure on."""

from __future__ import annotations

from pathlib import Path

import pytest
from streets import write_streets


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_streets(tmp_path_factory.mktemp("street") / "photos", 3, height=72, width=90)


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trainings and measurements of all tests: what one has made, the next one finds."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(autouse=True)
def in_one_thread(one_thread: None) -> None: ...
