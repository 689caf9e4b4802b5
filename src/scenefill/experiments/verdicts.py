"""Whether a statement shows on our cases: an interval, and which side of it the statement lies on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..evaluation.measures import Array, Metric
from ..evaluation.tables import Estimate, estimate, resampling
from .plan import Claim

Scores = Mapping[str, Sequence[Mapping[str, Array]]]
"""Model -> one for each seed: statistic -> (N, ...), the same N pictures for all."""
Answer = Literal["shown", "not shown", "undecided", "not run"]
FEWEST = 10
"""Pictures; the interval of fewer is too narrow to decide anything."""


@dataclass(frozen=True)
class Verdict:
    """A claim on one kind of cases."""

    claim: Claim
    cases: str
    answer: Answer
    estimate: Estimate
    """Of the difference, or of the metric; NaN where it was not run."""
    seeds: int
    """Of the model that has the fewest; 0 where it was not run."""


def judge(claim: Claim, metric: Metric | None, scores: Scores, cases: str) -> Verdict:
    """Shown where the whole 95 % interval lies on the claim's side, not shown where it lies on the other, else undecided.

    Not run where the metric was not measured of each model that the claim names; metric: None where nothing measures it. Fewer
    than `FEWEST` pictures leave it undecided. Pictures are drawn anew, the same for both models, and with several seeds the
    trainings too. With one seed the interval knows nothing of chance in the training.
    """
    names = [claim.better, claim.than] if claim.better else [claim.of]
    not_run = Verdict(claim, cases, "not run", Estimate(*[float("nan")] * 3), 0)
    if metric is None:
        return not_run
    found = [[one[metric.statistic] for one in scores.get(name, ()) if metric.statistic in one] for name in names]
    seeds = min(map(len, found))
    if not seeds:
        return not_run
    values = _resampled(metric, found)
    if not np.isfinite(values[0]):
        return not_run
    if claim.better:
        sign = -1.0 if metric.better == "lower" else 1.0
        worth = sign * values + claim.margin
    else:
        worth = values - claim.above if claim.above is not None else (claim.below or 0.0) - values
    decided = answer(worth) if len(found[0][0]) >= FEWEST else "undecided"
    return Verdict(claim, cases, decided, estimate(values), seeds)


def answer(worth: Array) -> Answer:
    """worth: (1 + RESAMPLES,) what speaks for a claim, above 0, or against it; the sample itself first."""
    _, low, high = estimate(worth)
    if low > 0:
        return "shown"
    return "not shown" if high < 0 else "undecided"


def _resampled(metric: Metric, found: Sequence[Sequence[Array]]) -> Array:
    """(1 + RESAMPLES,) the metric of the one model, or the first's less the second's; the sample itself first."""
    rng = np.random.default_rng(0)
    weights = resampling(rng, len(found[0][0]))
    sides = []
    for seeds in found:
        means = np.stack([np.tensordot(weights, one, axes=1) for one in seeds])  # (seeds, 1 + R, ...)
        shares = rng.multinomial(len(seeds), np.full(len(seeds), 1 / len(seeds)), len(weights)).T / len(seeds)
        shares[:, 0] = 1 / len(seeds)
        mixed = np.einsum("sr,sr...->r...", shares, means)
        sides.append(metric.value(mixed))
    return sides[0] if len(sides) == 1 else sides[0] - sides[1]
