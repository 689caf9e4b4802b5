import numpy as np
import pytest

from scenefill.evaluation.measures import Array, metrics
from scenefill.experiments.plan import Claim
from scenefill.experiments.verdicts import Verdict, judge

METRICS = {metric.name: metric for metric in metrics(None, None)}


def row(*values: float, times: int = 4) -> dict[str, Array]:
    """A model by its PSNR, and its L1, on each picture; each picture is there `times` times."""
    pairs = np.stack([np.array(values, float), np.ones(len(values))], axis=1).repeat(times, axis=0)
    return {"psnr": pairs, "l1": pairs}


def verdict(ours: list[dict[str, Array]], theirs: list[dict[str, Array]], metric: str = "psnr", margin: float = 0.0) -> Verdict:
    claim = Claim("ours over theirs", metric, better="ours", than="theirs", margin=margin)
    return judge(claim, METRICS[metric], {"ours": ours, "theirs": theirs}, "cases")


def test_better_on_every_picture_by_the_same_is_shown_to_the_digit() -> None:
    """The pictures vary by 20 dB; paired, nothing is left of that."""
    found = verdict([row(11, 21, 31)], [row(10, 20, 30)])
    assert found.answer == "shown"
    assert found.estimate == pytest.approx((1, 1, 1))


def test_the_other_way_round_is_not_shown() -> None:
    assert verdict([row(10, 20, 30)], [row(11, 21, 31)]).answer == "not shown"


def test_where_less_is_better_the_sign_turns() -> None:
    assert verdict([row(1, 2, 3)], [row(2, 3, 4)], "l1").answer == "shown"


def test_better_on_some_and_worse_on_others_is_undecided() -> None:
    found = verdict([row(11, 19, 31, 29)], [row(10, 20, 30, 30)])
    assert found.answer == "undecided"
    assert found.estimate.low < 0 < found.estimate.high


def test_a_margin_allows_a_small_loss() -> None:
    assert verdict([row(10, 20, 30)], [row(10.3, 20.3, 30.3)], margin=0.5).answer == "shown"
    assert verdict([row(10, 20, 30)], [row(10.7, 20.7, 30.7)], margin=0.5).answer == "not shown"


def test_chance_in_the_training_counts_where_there_are_seeds() -> None:
    """Each seed alone would show it or its opposite: together they decide nothing."""
    up, down, theirs = row(12, 22, 32), row(9, 19, 29), row(10, 20, 30)
    assert verdict([up], [theirs]).answer == "shown"
    both = verdict([up, down], [theirs, theirs])
    assert (both.answer, both.seeds) == ("undecided", 2)
    assert both.estimate.value == pytest.approx(0.5)
    assert (both.estimate.low, both.estimate.high) == pytest.approx((-1, 2))


def test_a_value_against_a_bound() -> None:
    scores = {"ours": [row(11, 12, 13)]}
    above = Claim("high", "psnr", of="ours", above=10.0)
    assert judge(above, METRICS["psnr"], scores, "cases").answer == "shown"
    assert judge(Claim("low", "psnr", of="ours", below=10.0), METRICS["psnr"], scores, "cases").answer == "not shown"


@pytest.mark.parametrize("theirs", [[], [{}], [{"psnr": np.zeros((4, 2))}]], ids=["no seed", "not asked for", "never defined"])
def test_a_metric_that_one_of_the_two_lacks_was_not_run(theirs: list[dict[str, Array]]) -> None:
    """Least of all does it pass."""
    found = verdict([row(1)], theirs)
    assert (found.answer, found.seeds) == ("not run", 0)
    assert np.isnan(found.estimate.value)
    assert verdict(theirs, [row(1)]).answer == "not run"


def test_a_metric_that_nothing_measures_was_not_run() -> None:
    claim = Claim("ours is near", "feature_distance", of="ours", below=1.0)
    assert judge(claim, None, {"ours": [row(1)]}, "cases").answer == "not run"


def test_a_few_pictures_decide_nothing() -> None:
    few, enough = ([row(*values, times=times) for values in ((11, 21, 31), (10, 20, 30))] for times in (3, 4))
    assert verdict([few[0]], [few[1]]).answer == "undecided"
    assert verdict([enough[0]], [enough[1]]).answer == "shown"
