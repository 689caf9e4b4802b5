"""From a config to a run directory: puts data, task, loop, log and checkpoints together."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import distributed, nn

from ..data.batches import Batch
from ..data.stream import Stream, to_device
from ..errors import ConfigError, DataError, WeightsError
from ..models import weights
from ..networks.interface import Network, as_float16, described, load_into
from . import checkpoint, tasks
from .config import plain
from .engine import Hooks, Progress, parts_of, start, train
from .precision import resolved
from .runlog import RunLog, sample_sheet, written
from .sections import RunConfig, TrainConfig
from .task import Task, question

Validate = Callable[[Network], dict[str, float]]
"""Figures of a network (in evaluation mode) by name; made by the evaluation room, called by the loop."""

SAMPLES = 6
WARM_STEPS, TIMED_STEPS = 2, 4
CHECKPOINTS = "checkpoints"


def run(
    config: TrainConfig,
    directory: Path,
    *,
    resume: bool = False,
    init: Path | None = None,
    validate: Validate | None = None,
    show: Callable[[int, float], None] = lambda images, rate: None,
    accelerator: str = "auto",
    devices: int | str = 1,
) -> Path:
    """Trains as `config` says and returns the path of the averaged generator's weights file.

    directory: the run directory; it must not hold another run unless `resume`, which goes on from its newest checkpoint.
    init: a weights file to start from; `discriminator.safetensors` beside it is taken too where it fits.
    show: called after each step with images seen and images per second.
    Raises ConfigError, DataError, WeightsError; OutputError for a full disk; ScenefillError when a loss is no longer finite.
    """
    state = _left_off(directory, resume=resume, init=init)
    fabric = _launched(config.run, accelerator, devices)
    task = _task(config)
    stream = Stream(
        config.data,
        task.generator.labels,
        config.run.batch_size,
        config.run.seed,
        rank=fabric.global_rank,
        world=fabric.world_size,
    )
    images_before = load_initial(task, init) if init else 0
    progress = start(task, fabric, config.optimiser)
    if state is not None:
        if state["config"]["network"] != plain(config)["network"]:
            raise ConfigError(f"the run in {directory} trains another network: {state['config']['network']}")
        progress.restore(state)
        images_before = state["images_before"]
    progress.extra = {"config": plain(config), "images_before": images_before}
    samples = to_device(_samples(config, stream), fabric.device)
    if fabric.is_global_zero:
        with written(directory), contextlib.closing(RunLog(directory, plain(config), progress.images_seen)) as log:
            hooks = _hooks(config, directory, log, samples, validate, show)
            train(progress, stream, fabric, config.run, config.optimiser, hooks)
    else:
        train(progress, stream, fabric, config.run, config.optimiser, None)
    return directory / "weights" / f"{config.network['name']}.safetensors"


def _left_off(directory: Path, *, resume: bool, init: Path | None) -> dict[str, Any] | None:
    """The checkpoint to go on from; None for a new run. Raises ConfigError or DataError where neither was meant."""
    if resume and init:
        raise ConfigError("--resume goes on with a run, --init starts a new one from weights: give one of the two")
    checkpoints = directory / CHECKPOINTS
    state = checkpoint.newest(checkpoints)
    if resume and state is None:
        raise DataError(f"there is no checkpoint to resume from in {checkpoints}")
    if not resume and state is not None:
        raise ConfigError(f"{directory} holds a run already: go on with --resume, or name another directory")
    return state


def begun(directory: Path) -> dict[str, Any] | None:
    """The config of the run in a directory, as plain values; None where there is none that could go on."""
    state = checkpoint.newest(directory / CHECKPOINTS)
    return None if state is None else state["config"]


def _launched(settings: RunConfig, accelerator: str, devices: int | str) -> Any:
    """Lightning's Fabric with all its processes; memory, threads and random numbers are as the run wants them."""
    from lightning_fabric import Fabric

    keep_memory()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    precision, _ = arithmetic(settings, accelerator)
    fabric = Fabric(accelerator=accelerator, devices=devices, precision=precision)
    if attempt := restarts():
        _meet_again(attempt, "nccl" if fabric.device.type == "cuda" else "gloo")
    fabric.launch()
    return fabric


def restarts() -> int:
    """How often torchrun has begun again, since a process was lost; 0 without it."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))


def _meet_again(attempt: int, backend: str) -> None:
    """The processes that torchrun has begun again find each other, and not the addresses of those that are gone.

    These stand in the store of torchrun's agent, which lives on; Fabric takes the group that it finds.
    """
    from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]

    rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    store = TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), world, is_master=False)
    distributed.init_process_group(backend, store=PrefixStore(f"attempt {attempt}", store), rank=rank, world_size=world)


def arithmetic(settings: RunConfig, accelerator: str = "auto") -> tuple[Any, str]:
    """The precision that a run takes on this machine's accelerator, and why, in one clause."""
    from lightning_fabric import Fabric

    return resolved(settings.precision, Fabric(accelerator=accelerator, devices=1).device.type)


def _hooks(
    config: TrainConfig,
    directory: Path,
    log: RunLog,
    samples: Batch,
    validate: Validate | None,
    show: Callable[[int, float], None],
) -> Hooks:
    """What a run leaves in its directory while it goes on."""

    def sample(progress: Progress) -> None:
        network = progress.average
        with torch.no_grad():
            prediction = network(*question(network, samples))
        log.sheet(progress.images_seen, sample_sheet(samples, prediction, network.labels))

    def keep(progress: Progress) -> None:
        save_weights(directory / "weights", progress, config, progress.extra["images_before"] + progress.images_seen)
        checkpoint.save(directory / CHECKPOINTS, progress.images_seen, progress.state())

    def judge(progress: Progress) -> None:
        if validate is not None:
            log.scalars(progress.images_seen, {f"validation/{k}": v for k, v in validate(progress.average).items()})

    return Hooks(log.scalars, sample, keep, judge, show)


def dry_run(config: TrainConfig, accelerator: str | None = None) -> dict[str, Any]:
    """Builds everything, takes one batch through every phase without a step, and says what the run would be.

    accelerator: where its pace is measured; None: it is not.
    Returns parameters of each network, samples of one pass, batch shape, loss terms, and what `_pace` finds.
    """
    task = _task(config)
    stream = Stream(config.data, task.generator.labels, config.run.batch_size, config.run.seed)
    from lightning_fabric import Fabric

    fabric = Fabric(accelerator="cpu", devices=1, precision="32-true")
    task.setup(fabric)
    batch = stream.batch(0)
    prediction = task.forward(batch)
    terms: dict[str, float] = {}
    for phase in task.phases(config.run.images):
        with torch.no_grad():
            terms |= {name: value.item() for name, value in phase.loss(batch, prediction.detached()).items()}
    return {
        "config": plain(config),
        "parameters": {name: sum(p.numel() for p in n.parameters()) for name, n in task.networks.items()},
        "samples": len(stream),
        "batch": tuple(batch.image.shape),
        "terms": terms,
        **(_pace(config, stream, accelerator) if accelerator else {}),
    }


def _pace(config: TrainConfig, stream: Stream, accelerator: str) -> dict[str, Any]:
    """Takes a few steps on networks that are thrown away, and says how fast this machine trains.

    Returns the precision, images per second (the first steps left out, which warm up), hours of the whole run at that pace.
    """
    fabric = _launched(config.run, accelerator, 1)
    clock = [time.monotonic()]

    def nothing(*_: Any) -> None: ...

    hooks = Hooks(nothing, nothing, nothing, nothing, progress=lambda *_: clock.append(time.monotonic()))
    few = (WARM_STEPS + TIMED_STEPS) * config.run.batch_size
    short = replace(config.run, images=few, log_every=0, sample_every=0, checkpoint_every=0, validate_every=0)
    train(start(_task(config), fabric, config.optimiser), stream, fabric, short, config.optimiser, hooks)
    rate = TIMED_STEPS * config.run.batch_size / (clock[-1] - clock[WARM_STEPS])
    hours = config.run.images / rate / 3600
    precision, _ = arithmetic(config.run, accelerator)
    return {"precision": precision, "images_per_s": round(rate, 2), "hours": round(hours, 2)}


def _task(config: TrainConfig) -> Task:
    """The task of a config. Raises InputError where its network does not take the crops."""
    task = tasks.create(config)
    task.generator.check_size(config.data.size, config.data.size)
    return task


def save_weights(folder: Path, progress: Progress, config: TrainConfig, images_seen: int) -> None:
    """The averaged generator as NAME.safetensors with its description, the other networks as float16 beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    info = described(
        progress.task.generator,
        config.network["name"],
        {key: value for key, value in config.network.items() if key != "name"},
        working_size=config.data.size,
        trained_on=config.run.trained_on or config.data.sources or (config.data.shards,),
        images_seen=images_seen,
        licence=config.run.licence,
    )
    weights.save(folder / f"{info.network}.safetensors", as_float16(progress.average.state_dict()), info)
    for name, network in _adversaries(progress.task):
        other = replace(info, network=name, config={}, notes=f"the {name} that {info.network} was trained against")
        weights.save(folder / f"{name}.safetensors", as_float16(network.state_dict()), other)


def load_initial(task: Task, path: Path) -> int:
    """Weights from files into fresh networks, a discriminator's where they fit; returns the images that they have seen.

    Raises ConfigError for weights that tell other classes apart, WeightsError for those of another network.
    """
    info, tensors = weights.read_tensors(path)
    ours, theirs = task.generator.labels, info.labels
    if ours and theirs and ours.classes != theirs.classes:
        raise ConfigError(
            f'{path} has the classes of label set "{theirs.name}" ({", ".join(theirs.classes)}), the config those of '
            f'"{ours.name}" '
            f"({', '.join(ours.classes)}): start from weights with the same classes in the same order, or without --init"
        )
    load_into(task.generator, tensors, str(path))
    for name, network in _adversaries(task):
        beside = path.with_name(f"{name}.safetensors")
        if beside.is_file():
            _, tensors = weights.read_tensors(beside)
            with contextlib.suppress(WeightsError):  # of another shape: it starts anew
                load_into(network, tensors, str(beside))
    return info.images_seen


def _adversaries(task: Task) -> list[tuple[str, nn.Module]]:
    """The networks by name that are no part of the generator."""
    parts = parts_of(task.generator)
    return [(name, network) for name, network in task.networks.items() if network not in parts]


def keep_memory() -> None:
    """Tells glibc to keep freed memory instead of returning each large tensor to the kernel: up to twice as fast on a CPU."""
    if platform.system() == "Linux" and platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-4, 0)  # M_MMAP_MAX
        libc.mallopt(-1, -1)  # M_TRIM_THRESHOLD
        libc.mallopt(-2, 256 << 20)  # M_TOP_PAD


def _samples(config: TrainConfig, stream: Stream) -> Batch:
    """The same few samples for every sheet: from the validation sources where the config names some."""
    if not config.run.validation:
        return stream.batch(0)
    data = replace(config.data, sources=config.run.validation, shards="", hints=0.0, forbid=0.0, colour_jitter=0.0)
    return Stream(data, stream.label_set, SAMPLES, seed=1).batch(0)
