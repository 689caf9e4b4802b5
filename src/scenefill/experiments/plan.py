"""An experiment as one TOML file, experiments/NAME.toml: typed and strict, as a training's config is.

title, about   what it is
[training]     overrides that all its trainings share: "run.images" = 20000
[[cases]]      photos and holes that every model is given
[[models]]     rows: weights by name, or a config that is trained
[[claims]]     statements that get a verdict
[paper]        the figures that the paper prints
"""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from .. import labels as label_sets
from ..errors import ConfigError
from ..evaluation.measures import Metric, check_extras, metrics
from ..training.config import typed

INCOMPLETE, TRUTH = "incomplete", "truth"
"""In place of weights: the picture with its hole as it is, and the picture before it had one."""


@dataclass(frozen=True)
class Cases:
    """What `evaluation.cases.build` is asked for."""

    data: str
    """A folder, or "NAME:SPLIT" of a public set."""
    masks: str = "centre"
    count: int = 0
    """So many photos, spread evenly; 0: all."""
    size: int = 256
    seed: int = 0


@dataclass(frozen=True)
class Row:
    """One model of the table."""

    title: str
    weights: str = ""
    """A model by name, a weights file, "incomplete" or "truth"; or"""
    config: str = ""
    """a training config, from the experiment's folder."""
    overrides: dict[str, Any] = field(default_factory=dict)
    """Of this row's config: "network.semantic_guidance" = false."""
    stages: tuple[dict[str, Any], ...] = ()
    """Further overrides, one training each, begun from the weights of the one before; they share the images evenly."""
    maps: Literal["human", "automatic"] = "human"
    """Whose label maps it is trained with; automatic ones are the segmenter's."""
    reads: Literal["own", "segmenter"] = "own"
    """Whose label map of the filled picture is measured."""
    scale: int = -1
    """What the network says at scale l of the paper, 0 the finest; -1: the model as it is used."""


@dataclass(frozen=True)
class Claim:
    """A statement as an inequality: `better` beats `than` in a metric, or the metric of `of` is above or below a value."""

    says: str
    metric: str
    better: str = ""
    than: str = ""
    margin: float = 0.0
    """`better` may be worse by less than this."""
    of: str = ""
    above: float | None = None
    below: float | None = None


@dataclass(frozen=True)
class Paper:
    """What stands in the paper: its data, its budget."""

    source: str = ""
    note: str = ""
    columns: tuple[str, ...] = ()
    rows: dict[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment:
    """The whole file."""

    title: str
    cases: tuple[Cases, ...]
    models: tuple[Row, ...]
    about: str = ""
    label_set: str = "street"
    training: dict[str, Any] = field(default_factory=dict)
    seeds: int = 1
    """Each training so often, with run.seed = 0, 1, ..."""
    metrics: tuple[str, ...] = ("psnr_hole", "ssim_hole", "accuracy_hole")
    """The columns of the table; the reports hold all."""
    also: tuple[str, ...] = ()
    """Names of `measures.EXTRAS` to measure too."""
    features: str = "squeezenet"
    """The feature network, as `evaluate --features`."""
    segmenter: str = "espnetv2"
    """The one of `reads` and `maps`: "espnetv2", which is none of ours, or a model with classes."""
    pictures: int = 6
    """So many cases of each kind on the page."""
    scatter: bool = False
    """Draw confidence against L1, one point a picture."""
    claims: tuple[Claim, ...] = ()
    paper: Paper = Paper()


def load(path: Path) -> Experiment:
    """Reads an experiment file. Raises ConfigError that names the key or the row that cannot be."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"experiment {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"experiment {path} is not valid TOML: {error}") from error
    try:
        return checked(typed(Experiment, values))
    except TypeError as error:  # a key without a default
        raise ConfigError(f"experiment {path} is not whole: {str(error).partition(' ')[2]}") from error
    except ConfigError as error:
        raise ConfigError(f"experiment {path}: {error}") from error


def checked(experiment: Experiment) -> Experiment:
    """The same. Raises ConfigError for rows, claims and metrics that do not fit together."""
    titles = Counter(row.title for row in experiment.models)
    if not titles or not experiment.cases:
        raise ConfigError("it needs at least one of [[models]] and one of [[cases]]")
    for row in experiment.models:
        if titles[row.title] > 1:
            raise ConfigError(f'two models are called "{row.title}"')
        if bool(row.weights) == bool(row.config):
            raise ConfigError(f'model "{row.title}" takes either weights or a config')
    check_extras(experiment.also)
    known = known_metrics(experiment)
    for name in experiment.metrics:
        if name not in known and name.partition("[")[0] not in ("FID", "KID", "IS", "frechet", "kernel"):
            raise ConfigError(f'there is no metric "{name}"; there are: {", ".join(known)}')
    for claim in experiment.claims:
        _check_claim(claim, set(titles), known)
    return experiment


def _check_claim(claim: Claim, titles: set[str], known: dict[str, Metric]) -> None:
    compares = bool(claim.better and claim.than)
    if compares == bool(claim.of) or (claim.of and (claim.above is None) == (claim.below is None)):
        raise ConfigError(f'claim "{claim.says}" takes better and than, or of and one of above and below')
    if missing := {claim.better, claim.than, claim.of} - {""} - titles:
        raise ConfigError(f'claim "{claim.says}" names the model "{missing.pop()}"; there are: {", ".join(sorted(titles))}')
    if claim.metric not in known or (compares and known[claim.metric].better not in ("higher", "lower")):
        raise ConfigError(f'claim "{claim.says}": "{claim.metric}" is no metric of pictures of which more or less is better')


def known_metrics(experiment: Experiment) -> dict[str, Metric]:
    """Those of single pictures, by name."""
    network = None if experiment.features == "none" else experiment.features
    return {metric.name: metric for metric in metrics(label_sets.get(experiment.label_set), network)}


TINY_SIZE, TINY_IMAGES = 64, 4
KEPT_STAGES = ("loss.stage", "loss.part")


def tiny(experiment: Experiment, photos: Path) -> Experiment:
    """The same in seconds, on a folder of photos: shows that everything runs, and nothing else.

    The networks are those of configs/tiny; drawn holes stand for mask files, a built-in model for the segmenter.
    """

    def small(row: Row) -> Row:
        if not row.config:
            return row
        network = tomllib.loads(_network_file(row).read_text("utf-8"))["network"]["name"]
        kept = {key: value for key, value in row.overrides.items() if key.startswith("network.")}
        stages = tuple({key: value for key, value in stage.items() if key in KEPT_STAGES} for stage in row.stages)
        return replace(row, config=str(_network_file(row).parents[1] / "tiny" / f"{network}.toml"), overrides=kept, stages=stages)

    cases = [
        replace(one, data=str(photos), masks="free-form" if one.masks == "irregular" else one.masks, count=2, size=TINY_SIZE)
        for one in experiment.cases
    ]
    sources = {"data.sources": [str(photos)], "data.workers": 1, "data.size": TINY_SIZE, "data.short_side": [TINY_SIZE, 80]}
    run = {"run.images": TINY_IMAGES, "run.batch_size": 2, "run.threads": 1, "run.validation": []}
    return replace(
        experiment,
        title=f"{experiment.title} (tiny: shows that everything runs, and nothing else)",
        cases=tuple(dict.fromkeys(cases)),
        models=tuple(small(row) for row in experiment.models),
        training={**sources, **run},
        seeds=min(experiment.seeds, 2),
        features="none",
        segmenter="sge-net-street",
        pictures=1,
    )


def on(experiment: Experiment, photos: Path) -> Experiment:
    """The same, trained and measured on a folder of photos of one's own."""
    return replace(
        experiment,
        cases=tuple(dict.fromkeys(replace(one, data=str(photos)) for one in experiment.cases)),
        training=experiment.training | {"data.sources": [str(photos)]},
    )


def fewer(experiment: Experiment, count: int) -> Experiment:
    """The same on so many photos of each data set; its title says so."""
    return replace(
        experiment,
        title=f"{experiment.title} ({count} photos of each set)",
        cases=tuple(replace(one, count=count) for one in experiment.cases),
    )


def placed(experiment: Experiment, folder: Path) -> Experiment:
    """Configs and weights files are looked for from the experiment's folder."""
    rows = (
        replace(row, config=str(folder / row.config)) if row.config
        else replace(row, weights=str(folder / row.weights)) if row.weights.endswith(".safetensors") else row
        for row in experiment.models
    )  # fmt: skip
    return replace(experiment, models=tuple(rows))


def _network_file(row: Row) -> Path:
    path = Path(row.config)
    if not path.is_file():
        raise ConfigError(f'model "{row.title}": there is no config {path}')
    return path
