"""What an experiment found out: made by its run, read by its pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..evaluation.tables import Report
from .measured import Measured
from .plan import Experiment
from .trainings import Training
from .verdicts import Verdict


@dataclass(frozen=True)
class Outcome:
    """All that was found out, for the pages."""

    experiment: Experiment
    reports: tuple[Report, ...]
    """One for each kind of cases; of several seeds the mean."""
    seeds: tuple[Mapping[str, Sequence[Measured]], ...]
    """For each kind of cases: row -> one for each seed."""
    verdicts: tuple[Verdict, ...]
    trainings: tuple[Training, ...]
