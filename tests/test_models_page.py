"""The lines that docs/models name are those that compute the equation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROWS = [
    (page.name, match[1], match[2], int(match[3]))
    for page in sorted((ROOT / "docs" / "models").glob("*.md"))
    for match in re.finditer(r"^\| (Eq\. \d+)\b.*?\| `([\w/]+\.py):(\d+)`", page.read_text("utf-8"), re.MULTILINE)
]


def test_there_are_rows() -> None:
    assert {f"Eq. {n}" for n in range(1, 11)} <= {equation for page, equation, _, _ in ROWS if page == "sge-net.md"}


@pytest.mark.parametrize(("page", "equation", "file", "line"), ROWS)
def test_the_line_computes_the_equation(page: str, equation: str, file: str, line: int) -> None:
    text = (ROOT / "src" / "scenefill" / file).read_text("utf-8").splitlines()[line - 1]
    assert re.search(rf"# .*{re.escape(equation)}\b", text), f"{page}: {file}:{line} is {text.strip()}"
