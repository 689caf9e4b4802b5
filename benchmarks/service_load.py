"""What the service bears: several clients at once, each uploads a photo, fills it again and again, fetches patches, and saves.

    python benchmarks/service_load.py                          8 clients, 60 seconds
    python benchmarks/service_load.py --clients 2 --seconds 10 --model telea
    python benchmarks/service_load.py --clients 200            more than it can bear: every other one is told to wait

Every fourth client sends photo and mask with each request, as scripts do; the others work on an open photo, as the editor does.
Printed are fills per second, the times of a fill (from its request to its patch, with waiting), the statuses of all answers, and
the memory of the service at the end of each sixth of the run. It ends with 1 where an answer was none of 200, 201, 429 and 503,
where a connection failed, or where the memory still grows after the first half by more than a tenth. Clients that are told to
wait (429, 503) do.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import service_fuzz

from scenefill.filling import benchmark
from scenefill.pictures import images

SIZE = 512
PARTS = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=8, help="that ask at a time")
    parser.add_argument("--seconds", type=float, default=60, help="for so long")
    parser.add_argument("--model", default="sge-net-street", help="name or weights file")
    arguments = parser.parse_args()
    with service_fuzz.service(arguments.model) as (url, process):
        run = Load(url)
        memory = run.go(arguments.clients, arguments.seconds, process)
    times = np.array(run.times or [np.nan])
    print(f"{len(run.times)} fills of {SIZE}x{SIZE} photos by {arguments.clients} clients in {arguments.seconds:g} s")
    print(f"fills per second: {len(run.times) / arguments.seconds:.2f}")
    print(f"seconds from request to patch: p50 {np.percentile(times, 50):.2f}, p95 {np.percentile(times, 95):.2f}")
    print("answers:", ", ".join(f"{count} of {status}" for status, count in sorted(run.statuses.items())))
    print("memory, MiB:", ", ".join(f"{size:.0f}" for size in memory))
    broken = set(run.statuses) - {200, 201, 429, 503}
    grown = memory[-1] > 1.1 * memory[PARTS // 2 - 1]
    raise SystemExit(1 if broken or grown or not run.times else 0)


class Load:
    """Clients at work on one service."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ends = float("inf")
        self._lock = threading.Lock()
        self.times: list[float] = []
        """Seconds of each fill."""
        self.statuses: Counter[int] = Counter()
        """0 stands for a connection that failed."""

    def go(self, clients: int, seconds: float, process: int) -> list[float]:
        """Memory of the process in MiB at the end of each part of the run."""
        self._ends = time.monotonic() + seconds
        threads = [threading.Thread(target=self._work, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        memory = []
        for part in range(PARTS):
            time.sleep(max(0, self._ends - seconds * (PARTS - 1 - part) / PARTS - time.monotonic()))
            memory.append(resident(process))
        for thread in threads:
            thread.join()
        return memory

    def _work(self, number: int) -> None:
        rng = np.random.default_rng(number)
        photo = images.encode(images.read(benchmark.example(SIZE, SIZE, 1)[0]), "PNG")
        with httpx.Client(base_url=self._url, timeout=300) as client:
            session = ""
            while time.monotonic() < self._ends:
                if number % 4 == 3:
                    self._script(client, photo, rng)
                    continue
                if not session:
                    opened = self._counted(client.post, "/api/v1/sessions", files={"image": photo})
                    session = f"/api/v1/sessions/{opened.json()['id']}" if opened.status_code == 201 else ""
                    continue
                start = time.perf_counter()
                fill = self._counted(client.post, f"{session}/fills", files={"mask": hole(rng)}, data={"options": "{}"})
                if fill.status_code == 200:
                    made = fill.json()
                    for patch in made["patches"]:
                        self._counted(client.get, patch["url"])
                    with self._lock:
                        self.times.append(time.perf_counter() - start)
                    for part in ("thumbnail.webp", "save", *(["labels.png"] if made["labels_url"] else [])):
                        self._counted(client.get, f"{session}/fills/{made['id']}/{part}")
                elif fill.status_code == 404:
                    session = ""

    def _script(self, client: httpx.Client, photo: bytes, rng: np.random.Generator) -> None:
        start = time.perf_counter()
        answer = self._counted(client.post, "/api/v1/inpaint", files={"image": photo, "mask": hole(rng)})
        if answer.status_code == 200:
            with self._lock:
                self.times.append(time.perf_counter() - start)

    def _counted(self, ask: Callable[..., httpx.Response], path: str, **sent: Any) -> httpx.Response:
        try:
            answer = ask(path, **sent)
        except httpx.TransportError:
            answer = httpx.Response(0)
        with self._lock:
            self.statuses[answer.status_code] += 1
        time.sleep(float(answer.headers.get("retry-after", 0)))
        return answer


def hole(rng: np.random.Generator) -> bytes:
    """A mask whose hole of 100x100 is somewhere."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    top, left = rng.integers(0, SIZE - 100, 2)
    mask[top : top + 100, left : left + 100] = 255
    return images.encode(images.read(mask), "PNG")


def resident(process: int) -> float:
    """Resident memory of a process in MiB (Linux)."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096 / 2**20


if __name__ == "__main__":
    main()
