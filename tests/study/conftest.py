"""A small study: two scenes, three methods, each a plain colour."""

from __future__ import annotations

from pathlib import Path

import pytest
from study.pictures import made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return made(tmp_path / "study", ["road", "park"], ["blue", "green", "red"])
