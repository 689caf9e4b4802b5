"""Runs an experiment: trains what is missing, measures what is not measured, writes tables, verdicts and the page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from .. import labels as label_sets
from ..data import public
from ..errors import OutputError
from ..evaluation import cases as case_sets
from ..evaluation.cases import CaseSet, Sample
from ..evaluation.measures import Array
from ..evaluation.tables import Report
from ..labels import LabelSet
from ..metrics import official
from ..metrics.perceptual import FeatureDistance
from ..models import registry
from ..pictures.files import write_text
from . import pages
from .measured import Facts, Measured, look, measure
from .outcome import Outcome
from .plan import INCOMPLETE, TRUTH, Cases, Experiment, Row, known_metrics
from .subjects import Segment, open_segmenter, subject
from .trainings import Show, Training, plan, relabelled
from .verdicts import judge


@dataclass(frozen=True)
class Watch:
    """Who looks on: the command line's bars."""

    said: Callable[[str], None] = lambda sentence: None
    """A step begins."""
    trained: Callable[[Training], Show] = lambda training: lambda done, total, rate: None
    measured: Callable[[str, CaseSet], Iterable[Sample]] = lambda title, cases: iter(cases)


class Runner:
    """An experiment, ready to run.

    Raises ConfigError, DataError, MaskError, WeightsError for what cannot be run, before anything is begun.
    folder: where trainings and measurements are kept, for all experiments.   root: of the public data.
    """

    def __init__(
        self, experiment: Experiment, folder: Path, root: Path, *, device: str = "auto", watch: Watch | None = None
    ) -> None:
        self.experiment, self.folder, self.root, self.device = experiment, folder, root, device
        self.watch = watch or Watch()
        self.labels: LabelSet = label_sets.get(experiment.label_set)
        self.cases = tuple(self._built(one) for one in experiment.cases)
        for row in experiment.models:
            if _in_a_file(row):
                registry.find(row.weights)
        self.trainings = {
            (row.title, seed): plan(row, experiment, folder / "trainings", seed)
            for row in experiment.models
            if row.config
            for seed in range(experiment.seeds)
        }
        for training in self.missing:
            for entry in training.stages[0].data.sources:
                public.source(entry.partition("*")[0].strip(), root, self.labels)

    @property
    def missing(self) -> list[Training]:
        """The trainings that are not there, each once."""
        found: dict[Path, Training] = {}
        for one in self.trainings.values():
            if not one.finished:
                found.setdefault(one.directory, one)
        return list(found.values())

    def _built(self, wanted: Cases) -> CaseSet:
        return case_sets.build(
            public.source(wanted.data, self.root, self.labels),
            wanted.masks,
            labels=self.labels,
            masks_dir=self.root / "irregular_masks",
            root=self.root,
            count=wanted.count or None,
            seed=wanted.seed,
            size=wanted.size,
        )

    @cached_property
    def segment(self) -> Segment:
        return open_segmenter(self.experiment.segmenter, self.labels)

    @cached_property
    def features(self) -> FeatureDistance | None:
        return None if self.experiment.features == "none" else official.features(self.experiment.features)

    def run(self, out: Path, *, overwrite: bool = False) -> Outcome:
        """Writes the files of `pages.written` into `out`.

        Raises OutputError where `out` holds the results of other cases, WeightsError where the file of a segmenter or of a
        feature network is missing, before anything is trained.
        """
        self._check_folder(out, overwrite)
        _ = self.features
        if any(row.reads == "segmenter" for row in self.experiment.models) or any(one.automatic for one in self.missing):
            _ = self.segment
        self.train()
        outcome = self.measure()
        for name, text in pages.written(outcome).items():
            write_text(out / name, text)
        return outcome

    def train(self) -> None:
        """All that is missing, one after the other; a training that was broken off goes on."""
        missing = self.missing
        for number, training in enumerate(missing, start=1):
            self.watch.said(f"training {number} of {len(missing)}: {training.title}, {training.images:,} images")
            if training.automatic:
                self.watch.said(f"{training.title}: {self.experiment.segmenter} labels its photos")
                training = relabelled(training, self.segment, self.folder / "maps", self.experiment.segmenter)
            training.make(self.watch.trained(training), device=self.device)

    def measure(self) -> Outcome:
        """Every row, seed and kind of cases."""
        experiment = self.experiment
        reports, all_seeds, verdicts = [], [], []
        for cases in self.cases:
            facts = look(cases)
            found = {
                row.title: [self._measured(row, seed, cases, facts) for seed in range(experiment.seeds if row.config else 1)]
                for row in experiment.models
            }
            reports.append(_report(cases, facts, found, self.features.name if self.features else None))
            all_seeds.append(found)
            scores = {name: [one.scores for one in seeds] for name, seeds in found.items()}
            known = known_metrics(experiment)
            verdicts += [judge(claim, known.get(claim.metric), scores, pages.called(cases)) for claim in experiment.claims]
        trainings = tuple({one.directory: one for one in self.trainings.values()}.values())
        return Outcome(experiment, tuple(reports), tuple(all_seeds), tuple(verdicts), trainings)

    def _measured(self, row: Row, seed: int, cases: CaseSet, facts: Facts) -> Measured:
        weights, identity = self._weights(row, seed)
        needs = row.reads == "segmenter"
        title = f"{row.title}, seed {seed}" if self.experiment.seeds > 1 and row.config else row.title
        return measure(
            subject(row, weights, self.segment if needs else None, self.labels),
            cases,
            facts,
            self.folder / "measured",
            identity=f"{identity} {row.scale} {self.experiment.segmenter if needs else ''}",
            features=self.features,
            extras=self.experiment.also,
            shown=_spread(self.experiment.pictures, len(cases)),
            follow=lambda samples: self.watch.measured(title, samples),
        )

    def _weights(self, row: Row, seed: int) -> tuple[str, str]:
        """The weights of a row, and what tells them from all others."""
        if not row.config and not _in_a_file(row):
            return row.weights, row.weights
        path = self.trainings[row.title, seed].weights if row.config else registry.find(row.weights)
        return str(path), hashlib.sha256(path.read_bytes()).hexdigest()

    def _check_folder(self, out: Path, overwrite: bool) -> None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{out} cannot be written: {error.strerror}") from error
        there = out / "results.json"
        if overwrite or not there.is_file():
            return
        try:
            digests = [one["sha256"] for one in json.loads(there.read_text("utf-8"))["cases"]]
        except (ValueError, KeyError, TypeError) as error:
            raise OutputError(f"{there} is not what an experiment writes; give another folder or --overwrite") from error
        if digests != [cases.digest for cases in self.cases]:
            raise OutputError(f"{out} holds results of other cases; give another folder, or --overwrite to replace them")


def _in_a_file(row: Row) -> bool:
    """Whether a row's weights are there already, in a file."""
    return bool(row.weights) and row.weights not in (INCOMPLETE, TRUTH, *registry.CLASSICAL)


def _spread(wanted: int, count: int) -> list[int]:
    """So many of `count` cases, evenly."""
    return sorted(set(np.linspace(0, count - 1, min(wanted, count)).round().astype(int).tolist()))


def _report(cases: CaseSet, facts: Facts, found: Mapping[str, Sequence[Measured]], network: str | None) -> Report:
    """Statistics are means over cases, so that the mean over seeds is that of their networks."""

    def mean(seeds: Sequence[Measured]) -> dict[str, Array]:
        return {name: np.mean([one.scores[name] for one in seeds], axis=0) for name in seeds[0].scores}

    sets = sorted({name for seeds in found.values() for name in seeds[0].of_sets})
    return Report(
        cases,
        network,
        {name: mean(seeds) for name, seeds in found.items()},
        {name: {row: float(np.mean([one.of_sets[name] for one in seeds])) for row, seeds in found.items()} for name in sets},
        facts.ratio,
        facts.complexity,
        facts.content,
    )
