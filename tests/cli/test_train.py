"""scenefill train: a tiny run from one end to the other, in one process and in two."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from streets import training, write_config, write_streets

from scenefill.models import weights
from scenefill.training import checkpoint
from scenefill.training import run as runs

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_streets(tmp_path_factory.mktemp("photos"), 8)


@pytest.fixture
def config(photos: Path, tmp_path: Path) -> Path:
    return write_config(tmp_path / "tiny.toml", training(photos, run={"images": 4, "validation_cases": 1}))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_a_run_from_one_end_to_the_other(run: Run, config: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    validation = [f"run.validation=['{photos}']", "run.validate_every=4"]
    code, printed, _ = run("train", config, *validation, "--out", out, "--device", "cpu")
    assert code == 0
    path = out / "weights" / "sge-net.safetensors"
    assert printed.endswith(f"weights: {path}\nsamples, log: {out}\n")
    assert weights.read_info(path).images_seen == 4
    last = json.loads((out / "log.jsonl").read_text().splitlines()[-1])
    assert np.isfinite(last[f"validation/{photos}/psnr_hole"])

    assert run("train", config, "--out", out, "--device", "cpu")[0] == 2, "not over a run"
    code, _, _ = run("train", config, "run.images=6", "--out", out, "--resume", "--device", "cpu")
    assert code == 0
    assert weights.read_info(path).images_seen == 6
    code, _, _ = run("train", config, "--out", tmp_path / "next", "--init", path, "--device", "cpu")
    assert code == 0
    assert weights.read_info(tmp_path / "next" / "weights" / "sge-net.safetensors").images_seen == 10


def test_a_run_is_named_after_its_config(run: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("train", config, "run.images=2", "--device", "cpu")[0] == 0
    assert (tmp_path / "runs" / "tiny" / "weights" / "sge-net.safetensors").is_file()


def test_a_dry_run_prints_what_the_run_would_be(run: Run, config: Path, tmp_path: Path) -> None:
    code, printed, _ = run("train", config, "data.size=48", "data.short_side=[48, 48]", "--out", tmp_path / "out", "--dry-run")
    assert code == 0
    said = json.loads(printed)
    assert said["batch"] == [2, 3, 48, 48]
    assert said["samples"] == 8
    assert said["config"]["data"]["size"] == 48
    assert set(said["parameters"]) == {"generator", "discriminator"}
    assert said["precision"] == "32-true"
    assert said["hours"] == pytest.approx(said["config"]["run"]["images"] / said["images_per_s"] / 3600, abs=0.01)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run.image=4"], 'unknown key "run.image"'),
        (["run.images=four"], "run.images must be of type int"),
        (["data.sources=['nowhere']"], "nowhere"),
        (["data.size=40", "data.short_side=[40, 40]"], "multiples of 16"),
        (["network.name=pix2pix"], "there is no network"),
        (["--resume"], "there is no checkpoint to resume from"),
        (["--init", "none.safetensors"], "none.safetensors"),
        (["--resume", "--init", "none.safetensors"], "give one of the two"),
    ],
)
def test_mistakes_are_one_line(run: Run, config: Path, tmp_path: Path, words: list[str], said: str) -> None:
    code, _, error = run("train", config, *words, "--out", tmp_path / "out", "--device", "cpu")
    assert code == 2
    (line,) = [line for line in error.splitlines() if line.startswith("scenefill: ")]
    assert said in line
    assert not (tmp_path / "out" / "weights").exists()


def test_a_config_that_is_not_there(run: Run, tmp_path: Path) -> None:
    code, _, error = run("train", tmp_path / "none.toml")
    assert code == 2
    assert "none.toml cannot be read" in error


def test_without_torch_the_extra_is_named(run: Run, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightning_fabric", None)
    code, _, error = run("train", config)
    assert code == 2
    assert 'training needs the extra "train": run  pip install "scenefill[train]"' in error


def test_two_processes_are_one_with_batches_twice_as_large(run: Run, photos: Path, tmp_path: Path) -> None:
    """Means over two halves of a batch are those over the whole as long as the holes and the known labels are alike."""
    alike = training(
        photos,
        data={"masks": {"centre": 1.0}},
        loss={"adversarial": 0.0, "feature_matching": 0.0},
        optimiser={"kind": "sgd", "lr": 0.05},
        run={"images": 12, "sample_every": 0},
    )
    alike["data"].pop("masks")
    config = write_config(tmp_path / "alike.toml", alike)
    words = ["train", str(config), "data.masks={centre = 1}", "--device", "cpu"]
    command = [sys.executable, "-m", "scenefill", *words, "--out", str(tmp_path / "two"), "--devices", "2"]
    loopback = {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}  # wherever the host's own name leads
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=os.environ | loopback)
    assert done.returncode == 0, done.stderr
    assert run(*words, "run.batch_size=4", "--out", tmp_path / "one")[0] == 0

    one, two = (checkpoint.newest(tmp_path / name / "checkpoints") for name in ("one", "two"))
    assert one is not None
    assert two is not None
    assert (one["images_seen"], two["images_seen"]) == (12, 12)
    assert (one["batches"], two["batches"]) == (3, 3)
    for network in ("networks", "average"):
        ours, theirs = (state[network].get("generator", state[network]) for state in (one, two))
        for name, tensor in ours.items():
            torch.testing.assert_close(theirs[name], tensor, atol=1e-5, rtol=1e-5)


def test_what_torchrun_begins_again_goes_on_from_the_checkpoint_not_from_the_weights_it_began_with(
    run: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, out = tmp_path / "first", tmp_path / "out"
    assert run("train", config, "--out", first, "--device", "cpu")[0] == 0
    command = ["train", config, "--out", out, "--init", first / "weights" / "sge-net.safetensors", "--device", "cpu"]
    assert run(*command)[0] == 0
    asked: list[tuple[object, object]] = []

    def begins(settings: object, directory: Path, *, resume: bool, init: Path | None, **_: object) -> Path:
        asked.append((resume, init))
        return directory

    monkeypatch.setattr(runs, "run", begins)
    monkeypatch.setattr(runs, "restarts", lambda: 1)
    assert run(*command)[0] == 0
    shutil.rmtree(out / "checkpoints")
    assert run(*command)[0] == 0
    assert asked == [(True, None), (False, command[5])]
