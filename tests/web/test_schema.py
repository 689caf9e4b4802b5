"""The interface is what its description says: a short run of benchmarks/service_fuzz.py, which takes ten minutes by itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from fakes import write_network
from web.conftest import Running

FUZZ = Path(__file__).parents[2] / "benchmarks" / "service_fuzz.py"


def test_requests_made_from_the_description_get_answers_that_it_foretells(tmp_path: Path) -> None:
    command = [sys.executable, str(FUZZ), "--seconds", "8", "--model", str(write_network(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    answers = {status: int(count) for count, status in re.findall(r"(\d+) of (\d+)", done.stdout.partition("answers:")[2])}
    assert answers["200"] >= 3, "a session and its two fills, however slow the machine"
    assert not any(status.startswith("5") for status in answers)


def test_the_description_and_its_page_name_every_route(idle: Running) -> None:
    api = idle.client.get("/openapi.json").json()
    page = idle.client.get("/docs").text
    assert "/api/v1/inpaint" in api["paths"]
    names = []
    for path, methods in api["paths"].items():
        for method, what in methods.items():
            assert f"<code>{method.upper()} {path}</code>" in page
            assert what["description"]
            assert {"401", "403", "422", "503"} <= set(what["responses"])
            names.append(what["operationId"])
    assert len(names) == len(set(names))
    assert "<script" not in page
    assert "https://" not in page
    assert "null: the default" in page, "options are explained"
