"""`scenefill serve`, or another verb that serves, in a process of its own, to be stopped, killed and started again."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit
from urllib.request import urlopen


class Service:
    """A service with the built-in model on a free port of this machine. What it logs is in `log`."""

    def __init__(self, log: Path, *options: str, verb: Sequence[str] = ("serve",), script: Path | None = None) -> None:
        """options: of the verb.   script: a program that serves in its place."""
        self.log = log
        self._options = (*verb, *options)
        self._script = script
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts it, on the port that it had before if there was one; returns when pages can be asked for."""
        port = urlsplit(self.url).port or 0
        command = [sys.executable, "-m", "scenefill", *self._options, "--port", str(port)]
        if self._script:
            command = [sys.executable, str(self._script)]
        with self.log.open("a") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout
        said = self._process.stdout.readline()
        assert "http://" in said, f"the service did not start: {said}{self.log.read_text()}"
        self.url = next(word for word in said.split() if word.startswith("http://"))

    def wait(self, seconds: float = 60) -> None:
        """Until the interface answers, behind which the libraries have been loaded."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                with urlopen(f"{self.url}api/v1/health", timeout=seconds):
                    return
            except OSError:  # it is not there yet, or was killed before it answered
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def freeze(self) -> None:
        """From here on it takes connections and computes nothing."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Frozen while the block runs."""
        assert self._process
        self.freeze()
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """As if its machine had lost its power."""
        self._end(signal.SIGKILL)

    def _end(self, by: signal.Signals) -> None:
        if not self._process:
            return
        self._process.send_signal(by)
        self._process.wait(30)
        assert self._process.stdout
        self._process.stdout.close()
        self._process = None

    def __enter__(self) -> Service:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end(signal.SIGTERM)
