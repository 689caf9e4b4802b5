"""Several processes train as one with all their batches does, and the loss of one costs what was learnt since the checkpoint."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import TINY

from scenefill.training import checkpoint

IMAGES, BATCH = 160, 8
SETTINGS = [
    *("run.threads=1", "data.workers=1", "data.size=32", "data.short_side=[32, 40]", "network.widths=[8, 8, 8, 8, 8]"),
    *(f"run.images={IMAGES}", "run.log_every=40", "run.sample_every=0", "run.checkpoint_every=40", "optimiser.kind=sgd"),
]
"""Not Adam, which gives gradients that are nothing but rounding the size of all others."""


class Training:
    """`scenefill train` in a process of its own, or in two under torchrun."""

    def __init__(self, photos: Path, out: Path, processes: int) -> None:
        self.out, self.processes = out, processes
        start = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "--max-restarts=2"]
        command = [sys.executable, *(start if processes > 1 else []), "-m", "scenefill", "train", str(TINY / "sge-net.toml")]
        settings = [f'data.sources=["{photos}"]', f"run.batch_size={BATCH // processes}", *SETTINGS]
        self.log = out.with_suffix(".log")
        with self.log.open("w") as log:
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            said: dict[str, Any] = {"stdout": log, "stderr": log, "env": environment}
            self._process = subprocess.Popen([*command, *settings, "--out", str(out), "--device", "cpu"], **said)

    def kept(self) -> list[Path]:
        """Its checkpoints, the oldest first."""
        return sorted((self.out / "checkpoints").glob("*.pt"))

    def lose_one(self) -> None:
        """Kills the newest of its processes, as soon as there is a checkpoint."""
        until = time.monotonic() + 300
        while not self.kept():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.02)
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        os.kill(int(children[-1]), signal.SIGKILL)

    def end(self) -> dict[str, Any]:
        """What its last checkpoint holds."""
        assert self._process.wait(300) == 0, self.log.read_text()
        state = checkpoint.newest(self.out / "checkpoints")
        assert state is not None
        assert state["images_seen"] == IMAGES
        return state


def furthest(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The greatest difference between two checkpoints' parameters and buffers."""
    pairs = [(value, other["networks"][name][key]) for name, network in one["networks"].items() for key, value in network.items()]
    assert len(pairs) > 50
    return max(float((a.double() - b.double()).abs().max()) for a, b in pairs if torch.is_tensor(a) and a.numel())


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds the processes of a process in /proc")
def test_two_processes_are_as_one_with_twice_the_batch_and_the_loss_of_one_is_made_good(photos: Path, tmp_path: Path) -> None:
    alone, pair = Training(photos, tmp_path / "alone", 1), Training(photos, tmp_path / "pair", 2)
    one, two = alone.end(), pair.end()
    assert furthest(one, two) < 1e-5, f"after {IMAGES // BATCH} steps"
    start = torch.load(alone.kept()[0], weights_only=True)
    assert furthest(start, one) > 1e-4, "and they have learnt something meanwhile"

    hurt = Training(photos, tmp_path / "hurt", 2)
    hurt.lose_one()
    assert furthest(two, hurt.end()) == 0
    assert "exitcode: -9" in hurt.log.read_text()
