"""Throws requests made from its OpenAPI description at the service, and reports answers that the description does not foretell.

    python benchmarks/service_fuzz.py                  ten minutes
    python benchmarks/service_fuzz.py --seconds 60 --model telea

Schemathesis makes the requests, good ones and bad ones; half of the forms in them hold real pictures. It fails on answers of 5xx,
on statuses, content types and bodies that the description does not have, and on methods that should not work. A photo with two
fills is open all the time.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
]
KEPT = ["editor-close_photo"]
"""Requests that are left out, since they would end the session that the others need."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600, help="for so long")
    parser.add_argument("--model", default="sge-net-street", help="name or weights file")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with service(arguments.model) as (url, _), tempfile.TemporaryDirectory() as folder:
        code = fuzz(url, Path(folder), arguments.seconds, arguments.seed)
        print("answers:", ", ".join(f"{count} of {status}" for status, count in sorted(answers(url).items())))
        raise SystemExit(code)


@contextlib.contextmanager
def service(model: str) -> Iterator[tuple[str, int]]:
    """The address and the process number of a service in a process of its own."""
    command = [sys.executable, "-m", "scenefill", "serve", "--port", "0", "--model", model]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        if found is None:
            raise SystemExit("the service did not start")
        try:
            yield found[0].rstrip("/"), process.pid
        finally:
            process.send_signal(signal.SIGTERM)


def fuzz(url: str, folder: Path, seconds: int, seed: int) -> int:
    """The exit code of Schemathesis: 0 where all is as foretold."""
    session = opened(url)
    config = folder / "schemathesis.toml"
    config.write_text(
        f'[parameters]\n"path.session" = "{session}"\n"path.number" = ["1", "2", "3", "x"]\n'
        '[checks.not_a_server_error]\nexpected-statuses = ["2xx", "4xx", "503"]\n'  # 503: full, and said so with Retry-After
    )
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", f"{url}/openapi.json"]
    command += [
        "--checks",
        ",".join(CHECKS),
        "--max-time",
        str(seconds),
        "--max-examples",
        str(10 * seconds),
        "--seed",
        str(seed),
    ]
    command += ["--phases", "examples,coverage,fuzzing", "--generation-database", "none", "--warnings", "off", "--no-shrink"]
    command += [part for name in KEPT for part in ("--exclude-operation-id", name)]
    paths = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "SCHEMATHESIS_HOOKS": Path(__file__).stem, "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.run(command, env=env, cwd=folder).returncode


def opened(url: str) -> str:
    """The id of a session with two fills."""
    with httpx.Client(base_url=f"{url}/api/v1", timeout=120) as client:
        session = str(client.post("/sessions", files={"image": PICTURES["image"]}).raise_for_status().json()["id"])
        for _ in range(2):
            client.post(f"/sessions/{session}/fills", files={"mask": PICTURES["mask"]}).raise_for_status()
    return session


def answers(url: str) -> dict[str, int]:
    """How many answers of each status the service has given."""
    counts: dict[str, int] = {}
    for status, count in re.findall(
        r'^scenefill_requests_total\{.*status="(\d+)"\} (\d+)', httpx.get(f"{url}/metrics").text, re.M
    ):
        counts[status] = counts.get(status, 0) + int(count)
    return counts


def _pictures() -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    mask = np.zeros((48, 64), np.uint8)
    mask[10:20, 10:30] = 255
    made = {"image": rng.integers(0, 255, (48, 64, 3), np.uint8), "mask": mask, "labels": np.where(mask == 255, 4, 255)}
    files = {}
    for name, array in made.items():
        file = io.BytesIO()
        Image.fromarray(array.astype(np.uint8)).save(file, "PNG")
        files[name] = file.getvalue()
    return files


PICTURES = _pictures()
OPTIONS = ["{}", '{"grow": 3, "feather": 2}', '{"what": ["sky", "road"]}', '{"base": "1"}', '{"base": "1", "unsure": 0.9}']
_TURN = itertools.count()

if os.environ.get("SCHEMATHESIS_HOOKS") == Path(__file__).stem:
    import schemathesis

    @schemathesis.hook
    def map_body(context: Any, body: Any) -> Any:
        """Puts pictures and options that can be used in the place of half of those that were made up."""
        if not isinstance(body, dict) or next(_TURN) % 2:
            return body
        good: dict[str, Any] = {**PICTURES, "options": OPTIONS[next(_TURN) % len(OPTIONS)]}
        return {name: good[name] if name in good and value is not None else value for name, value in body.items()}


if __name__ == "__main__":
    main()
