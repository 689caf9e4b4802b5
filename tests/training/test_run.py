"""Whole runs: what they leave, how they start from weights, and how they go on after any kind of end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from streets import training
from trouble import seeded, small_disk, times

from scenefill.errors import ConfigError, DataError, InputError, OutputError, WeightsError
from scenefill.models import weights
from scenefill.networks import backend
from scenefill.networks.interface import Network
from scenefill.training import checkpoint
from scenefill.training.config import parse, plain
from scenefill.training.run import dry_run, run
from scenefill.training.sections import TrainConfig


def go(config: TrainConfig, directory: Path, **options: Any) -> Path:
    return run(config, directory, accelerator="cpu", **options)


@pytest.fixture(scope="module")
def done(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a run of 16 images."""
    directory = tmp_path_factory.mktemp("done") / "run"
    go(parse(training(photos, run={"licence": "CC0-1.0"})), directory)
    return directory


def same(ours: Any, theirs: Any) -> bool:
    """Bit by bit, through any nesting."""
    if isinstance(ours, torch.Tensor):
        return torch.equal(ours, theirs)
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    return bool(ours == theirs)


# -------------------------------------------------------------------------------------------------------- the run directory


def test_what_a_run_leaves(photos: Path, done: Path) -> None:
    assert sorted(path.name for path in done.iterdir()) == [
        "checkpoints",
        "config.json",
        "events",
        "log.jsonl",
        "samples",
        "weights",
    ]
    assert [path.name for path in sorted((done / "checkpoints").iterdir())] == ["000000008.pt", "000000016.pt"]
    assert [path.name for path in sorted((done / "samples").iterdir())] == ["000000008.png", "000000016.png"]
    assert sorted(path.name for path in (done / "weights").iterdir()) == ["discriminator.safetensors", "sge-net.safetensors"]
    assert parse(json.loads((done / "config.json").read_text())) == parse(training(photos, run={"licence": "CC0-1.0"}))
    lines = [json.loads(line) for line in (done / "log.jsonl").read_text().splitlines()]
    assert [line["images"] for line in lines] == [4, 8, 12, 16]
    assert {"re", "se", "ad", "fm", "d", "lr", "images_per_s"} <= set(lines[0])


def test_the_weights_are_the_average_and_say_where_they_come_from(photos: Path, done: Path) -> None:
    info, network = backend.read(done / "weights" / "sge-net.safetensors")
    assert (info.network, info.label_set, info.working_size, info.stride, info.images_seen) == ("sge-net", "street", 32, 16, 16)
    assert (info.trained_on, info.licence, info.temperature) == ((str(photos),), "CC0-1.0", 1.0)
    state = checkpoint.newest(done / "checkpoints")
    assert state is not None
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, state["average"][name].half().float())
        assert state["networks"]["generator"][name].shape == tensor.shape
    assert not same(state["average"], state["networks"]["generator"])


def test_the_same_config_gives_the_same_numbers(photos: Path, done: Path, tmp_path: Path) -> None:
    again = go(parse(training(photos, run={"licence": "CC0-1.0"})), tmp_path / "again")
    assert again.read_bytes() == (done / "weights" / "sge-net.safetensors").read_bytes()


def test_a_run_is_not_written_over(photos: Path, done: Path) -> None:
    with pytest.raises(ConfigError, match=f"{done} holds a run already: go on with --resume, or name another directory"):
        go(parse(training(photos)), done)


def test_progress_and_validation_are_reported(photos: Path, tmp_path: Path) -> None:
    shown: list[int] = []

    def validate(network: Network) -> dict[str, float]:
        assert not network.training
        return {"street/psnr": 10.0}

    config = parse(training(photos, run={"images": 4, "validate_every": 4}))
    go(config, tmp_path / "run", validate=validate, show=lambda images, rate: shown.append(images))
    assert shown == [2, 4]
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert {"images": 4, "validation/street/psnr": 10.0} in lines


# ------------------------------------------------------------------------------------------------------------------- --init


def test_starting_from_weights(photos: Path, done: Path, tmp_path: Path) -> None:
    """With rates of 0 everything stays as it was loaded, so that it can be seen."""
    still = parse(training(photos, optimiser={"lr": 0.0, "discriminator_lr": 0.0}, run={"images": 4, "seed": 7}))
    path = go(still, tmp_path / "next", init=done / "weights" / "sge-net.safetensors")
    info, tensors = weights.read_tensors(path)
    _, before = weights.read_tensors(done / "weights" / "sge-net.safetensors")
    assert info.images_seen == 16 + 4, "the images of both runs"
    for name, tensor in before.items():
        np.testing.assert_allclose(tensors[name], tensor, rtol=2e-3, atol=1e-7)  # an average of equal numbers, in float16
    _, judge = weights.read_tensors(path.with_name("discriminator.safetensors"))
    _, judge_before = weights.read_tensors(done / "weights" / "discriminator.safetensors")
    for name, tensor in judge_before.items():
        if name.endswith(("original", "bias")):  # the rest are the vectors of spectral norm, which every pass improves
            np.testing.assert_array_equal(judge[name], tensor)


def test_images_seen_are_carried_on_through_a_resume(photos: Path, done: Path, tmp_path: Path) -> None:
    config = parse(training(photos, run={"images": 8}))
    go(config, tmp_path / "next", init=done / "weights" / "sge-net.safetensors")
    path = go(replace(config, run=replace(config.run, images=12)), tmp_path / "next", resume=True)
    assert weights.read_info(path).images_seen == 16 + 12


def test_weights_alone_start_a_run_too(photos: Path, done: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.safetensors"
    alone.write_bytes((done / "weights" / "sge-net.safetensors").read_bytes())
    path = go(parse(training(photos, run={"images": 2})), tmp_path / "next", init=alone)
    assert weights.read_info(path).images_seen == 18


def test_a_discriminator_of_another_shape_starts_anew(photos: Path, done: Path, tmp_path: Path) -> None:
    config = parse(training(photos, discriminator={"width": 6}, run={"images": 2}))
    path = go(config, tmp_path / "next", init=done / "weights" / "sge-net.safetensors")
    assert weights.read_tensors(path.with_name("discriminator.safetensors"))[1]["per_scale.0.score.bias"].shape == (1,)


def test_weights_of_another_network_are_refused(photos: Path, done: Path, tmp_path: Path) -> None:
    wider = parse(training(photos, network={"widths": [4, 8, 8, 8, 12]}))
    with pytest.raises(WeightsError, match=r"sge-net\.safetensors does not fit this network: .* must be \(12,"):
        go(wider, tmp_path / "next", init=done / "weights" / "sge-net.safetensors")
    with pytest.raises(WeightsError):
        go(wider, tmp_path / "next", init=tmp_path / "none.safetensors")
    assert not (tmp_path / "next" / "checkpoints").exists()


# ----------------------------------------------------------------------------------------------------------------- --resume


@pytest.mark.nightly
def test_a_run_that_is_killed_again_and_again_goes_on_to_the_same_numbers(photos: Path, tmp_path: Path) -> None:
    """SIGKILL at random moments, of the first run and of those that go on; then all is as in a run that was never disturbed."""
    chance = seeded()
    endless = parse(training(photos, optimiser={"warm_up": 40}, run={**OFTEN, "images": 10**6}))
    killed = tmp_path / "killed"
    for _ in range(times(2)):
        before = reached(killed)
        with subprocess.Popen([*COMMAND, json.dumps(plain(endless)), str(killed)], stderr=subprocess.PIPE) as process:
            while reached(killed) == before:
                assert process.poll() is None, process.communicate()[1].decode()
                time.sleep(0.005)
            time.sleep(chance.uniform(0, 0.5))
            process.send_signal(signal.SIGKILL)
    config = replace(endless, run=replace(endless.run, images=reached(killed) + 6))
    go(config, killed, resume=True)
    go(config, tmp_path / "undisturbed")

    resumed, undisturbed = (checkpoint.newest(path / "checkpoints") for path in (killed, tmp_path / "undisturbed"))
    assert resumed is not None
    assert undisturbed is not None
    assert resumed["images_seen"] == config.run.images
    for part in undisturbed:
        assert same(resumed[part], undisturbed[part]), part
    assert logged(killed) == logged(tmp_path / "undisturbed")
    for path in (tmp_path / "undisturbed").rglob("*.*"):
        if path.suffix in (".png", ".safetensors"):
            assert (killed / path.relative_to(tmp_path / "undisturbed")).read_bytes() == path.read_bytes()
    assert not list(killed.rglob(".scenefill-*"))


OFTEN = {"log_every": 6, "sample_every": 8, "checkpoint_every": 4}
COMMAND = [
    sys.executable,
    "-c",
    "import json, sys, pathlib; from scenefill.training import config, run; out = pathlib.Path(sys.argv[2]);"
    "run.run(config.parse(json.loads(sys.argv[1])), out, accelerator='cpu', resume=run.begun(out) is not None)",
]


def reached(directory: Path) -> int:
    """Images that the newest checkpoint has seen; 0 where there is none."""
    return max((int(path.stem) for path in (directory / "checkpoints").glob("*.pt")), default=0)


def logged(directory: Path) -> list[dict[str, float]]:
    """The lines of a log, without the time that they took."""
    lines = [json.loads(line) for line in (directory / "log.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "images_per_s"} for line in lines]


def test_a_run_that_ended_between_its_weights_and_its_checkpoint_writes_both(photos: Path, tmp_path: Path) -> None:
    config = parse(training(photos, run={"images": 4, "checkpoint_every": 2}))
    weights_file = go(config, tmp_path / "run")
    whole = weights_file.read_bytes()
    (tmp_path / "run" / "checkpoints" / "000000004.pt").unlink()
    weights_file.write_bytes(whole[:100])
    assert go(config, tmp_path / "run", resume=True).read_bytes() == whole
    assert reached(tmp_path / "run") == 4


def test_validation_is_noted_before_the_checkpoint_that_goes_on_from_there(photos: Path, tmp_path: Path) -> None:
    config = parse(training(photos, run={"images": 4, "validate_every": 4}))

    def validate(network: Network) -> dict[str, float]:
        assert reached(tmp_path / "run") < 4
        return {"psnr": 10.0}

    go(config, tmp_path / "run", validate=validate)
    assert {"images": 4, "validation/psnr": 10.0} in logged(tmp_path / "run")


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.geteuid() != 0, reason="a small disk is mounted by root")
def test_a_full_disk_ends_a_run_in_a_sentence_and_room_lets_it_go_on(photos: Path, done: Path, tmp_path: Path) -> None:
    config = parse(training(photos, run={"licence": "CC0-1.0", "checkpoint_every": 2}))
    with small_disk(tmp_path / "disk", "1500k") as disk:
        filler = disk / "filler"
        filler.write_bytes(bytes(10**6))
        with pytest.raises(OutputError, match="No space left on device"):
            go(config, disk / "run")
        assert not list(disk.rglob(".scenefill-*"))
        filler.unlink()
        subprocess.run(["mount", "-o", "remount,size=50m", str(disk)], check=True)
        path = go(config, disk / "run", resume=reached(disk / "run") > 0)
        assert path.read_bytes() == (done / "weights" / "sge-net.safetensors").read_bytes()


def test_a_checkpoint_cut_short_costs_the_way_from_the_one_before(photos: Path, done: Path, tmp_path: Path) -> None:
    config = parse(training(photos, run={"licence": "CC0-1.0"}))
    go(config, tmp_path / "run")
    newest = tmp_path / "run" / "checkpoints" / "000000016.pt"
    newest.write_bytes(newest.read_bytes()[:5000])
    shown: list[int] = []
    path = go(config, tmp_path / "run", resume=True, show=lambda images, rate: shown.append(images))
    assert shown == [10, 12, 14, 16]
    assert path.read_bytes() == (done / "weights" / "sge-net.safetensors").read_bytes()


def test_what_cannot_be_resumed(photos: Path, done: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"there is no checkpoint to resume from in {tmp_path}/none/checkpoints"):
        go(parse(training(photos)), tmp_path / "none", resume=True)
    with pytest.raises(ConfigError, match="--resume goes on with a run, --init starts a new one"):
        go(parse(training(photos)), done, resume=True, init=done / "weights" / "sge-net.safetensors")
    wider = parse(training(photos, network={"widths": [4, 8, 8, 8, 12]}))
    with pytest.raises(ConfigError, match="trains another network"):
        go(wider, done, resume=True)


# ------------------------------------------------------------------------------------------------------------------ the rest


def test_a_dry_run_says_what_the_run_would_be_and_writes_nothing(
    photos: Path, done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = parse(training(photos))
    said = dry_run(config)
    assert said["config"] == plain(config)
    assert said["samples"] == 6
    assert said["batch"] == (2, 3, 32, 32)
    assert set(said["terms"]) == {"re", "se", "ad", "fm", "d"}
    assert all(np.isfinite(value) for value in said["terms"].values())
    _, tensors = weights.read_tensors(done / "weights" / "sge-net.safetensors")
    assert said["parameters"]["generator"] == sum(tensor.size for tensor in tensors.values())
    assert list(tmp_path.iterdir()) == []
    json.dumps(said)


def test_crops_that_the_network_does_not_take(photos: Path, tmp_path: Path) -> None:
    odd = parse(training(photos, data={"size": 36, "short_side": [36, 40]}))
    with pytest.raises(InputError, match="this network takes multiples of 16, the input is 36x36"):
        dry_run(odd)
    with pytest.raises(InputError, match="multiples of 16"):
        go(odd, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_sample_sheets_show_the_validation_photos(photos: Path, tmp_path: Path) -> None:
    config = parse(training(photos, run={"images": 2, "validation": [str(tmp_path / "none")]}))
    with pytest.raises(DataError):
        go(config, tmp_path / "run")
    config = replace(config, run=replace(config.run, validation=(str(photos),)))
    go(config, tmp_path / "run")
    assert (tmp_path / "run" / "samples" / "000000002.png").is_file()
