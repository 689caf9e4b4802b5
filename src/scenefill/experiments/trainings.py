"""Trainings that are made once: a row's weights are found by what made them, its config and the source of its network."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..data import public
from ..data.stream import data_root
from ..labels import LabelMap, get
from ..networks import NETWORKS
from ..networks import __name__ as ROOM
from ..pictures import images
from ..training import config as configs
from ..training import run as runs
from ..training.sections import TrainConfig
from .plan import Experiment, Row

FINISHED = "finished"
HOUSEKEEPING = {
    "run": ("threads", "log_every", "sample_every", "checkpoint_every", "validate_every", "validation", "validation_cases"),
    "data": ("root", "workers"),
}
"""What may change without making other weights."""

Show = Callable[[int, int, float], None]
"""Images seen, of all, images per second."""


@dataclass(frozen=True)
class Training:
    """The weights of one row and seed, there already or not."""

    title: str
    stages: tuple[TrainConfig, ...]
    directory: Path
    automatic: bool = False
    """Its label maps are a segmenter's; see `relabelled`."""

    @property
    def images(self) -> int:
        return sum(stage.run.images for stage in self.stages)

    @property
    def finished(self) -> bool:
        return (self.directory / FINISHED).is_file()

    @property
    def weights(self) -> Path:
        stage = len(self.stages) - 1
        return self.directory / f"stage-{stage}" / "weights" / f"{self.stages[-1].network['name']}.safetensors"

    def make(self, show: Show = lambda *_: None, *, device: str = "auto") -> Path:
        """Trains what is missing, from where an earlier try was broken off, and returns the weights file."""
        done, init = 0, None
        for number, stage in enumerate(self.stages):
            directory = self.directory / f"stage-{number}"
            marker = directory / FINISHED
            if not marker.is_file():
                begun = runs.begun(directory) is not None
                init = runs.run(
                    stage,
                    directory,
                    resume=begun,
                    init=None if begun else init,
                    show=lambda images, rate, done=done: show(done + images, self.images, rate),  # type: ignore[misc]
                    accelerator=device,
                )
                marker.touch()
            init = directory / "weights" / f"{stage.network['name']}.safetensors"
            done += stage.run.images
        (self.directory / FINISHED).touch()
        return self.weights


def plan(row: Row, experiment: Experiment, folder: Path, seed: int) -> Training:
    """What a row's training is: nothing is read but its config. folder: below which all trainings lie.

    Raises ConfigError as `training.config.load` does.
    """
    overrides = {**experiment.training, **row.overrides, "run.seed": seed}
    shared = experiment.training.get("run.images")
    stages = []
    for stage in row.stages or ({},):
        values = {**overrides, **stage}
        if shared is not None:
            values["run.images"] = max(1, shared // max(1, len(row.stages)))
        config = configs.load(row.config, [f"{key}={_toml(value)}" for key, value in values.items()])
        stages.append(replace(config, run=replace(config.run, validate_every=0)))
    key = _key(stages, (row.maps, experiment.segmenter if row.maps == "automatic" else ""))
    name = stages[0].network["name"]
    title = row.title + (f", seed {seed}" if experiment.seeds > 1 else "")
    return Training(title, tuple(stages), folder / f"{name}-{key[:12]}", row.maps == "automatic")


def _key(stages: list[TrainConfig], more: tuple[str, ...]) -> str:
    plain = [configs.plain(stage) for stage in stages]
    for stage in plain:
        for section, keys in HOUSEKEEPING.items():
            for key in keys:
                stage[section].pop(key)
    text = json.dumps([plain, more, source(plain[0]["network"]["name"])], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def source(network: str) -> str:
    """sha256 of the statements of a network's file and of those of its room that it uses; comments do not count."""
    found, waiting = set(), [NETWORKS[network].__module__]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            used = {str(getattr(value, "__module__", "")) for value in vars(sys.modules[name]).values()}
            waiting += [other for other in used if other.startswith(f"{ROOM}.")]
    return digest(Path(str(sys.modules[name].__file__)) for name in sorted(found))


def digest(files: Iterable[Path]) -> str:
    """sha256 of the statements of Python files, without comments and docstrings."""
    whole = hashlib.sha256()
    for path in files:
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list):
                node.body = [  # type: ignore[attr-defined]
                    one for one in body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
                ]
        whole.update(ast.dump(tree).encode())
    return whole.hexdigest()


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


def relabelled(training: Training, segment: Callable[[Any], LabelMap], folder: Path, name: str) -> Training:
    """The same training on maps that a segmenter made of its photos, which are kept below `folder`."""
    first = training.stages[0]
    labels = get(first.network["label_set"])
    root = data_root(first.data.root) if any(":" in entry for entry in first.data.sources) else Path()
    made = []
    for entry in first.data.sources:
        dataset = public.source(entry.partition("*")[0].strip(), root, labels)
        target = folder / f"{name}-{labels.name}" / hashlib.sha256(str(entry).encode()).hexdigest()[:12]
        for index, item in enumerate(dataset.items):
            photo, maps = (target / part / f"{item.name}.png" for part in ("images", "labels"))
            if not maps.is_file():
                image, _ = dataset.load(index, None)
                photo.parent.mkdir(parents=True, exist_ok=True)
                maps.parent.mkdir(parents=True, exist_ok=True)
                images.write_rgb(image, photo, overwrite=True)
                images.write_labels(segment(image), labels, maps, overwrite=True)
        made.append(str(target))
    stages = (replace(stage, data=replace(stage.data, sources=tuple(made), folder_label_set="")) for stage in training.stages)
    return replace(training, stages=tuple(stages))
