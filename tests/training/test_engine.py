"""The loop: rates, averages, phases that keep to their network, hooks, and losses that are no number."""

from __future__ import annotations

import copy
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric
from streets import training
from torch import nn

from scenefill.data.stream import Stream
from scenefill.errors import ScenefillError
from scenefill.training import engine
from scenefill.training.config import parse
from scenefill.training.engine import Hooks, Progress, average_into, learning_rate, start, train
from scenefill.training.sections import OptimiserConfig, TrainConfig
from scenefill.training.task import Phase
from scenefill.training.tasks.semantic import SemanticInpainting

# --------------------------------------------------------------------------------------------------------- rates and averages


@pytest.mark.parametrize(
    ("seen", "expected"),
    [(0, 0.01), (49, 0.5), (99, 1.0), (100, 1.0), (500, 1.0), (750, 0.6), (1000, 0.2)],
)
def test_the_rate_rises_holds_and_falls_as_a_cosine(seen: int, expected: float) -> None:
    schedule = OptimiserConfig(warm_up=100, decay_from=0.5, final=0.2)
    assert learning_rate(seen, seen / 1000, schedule) == pytest.approx(expected)


def test_a_quarter_down_the_cosine() -> None:
    # (1 - cos(pi / 4)) / 2 = 0.1464 of the way
    assert learning_rate(625, 0.625, OptimiserConfig(decay_from=0.5)) == pytest.approx(1 - 0.1464466)


def test_the_rate_is_constant_by_default() -> None:
    assert {learning_rate(seen, seen / 1000, OptimiserConfig()) for seen in (0, 500, 1000, 2000)} == {1.0}


def test_rising_and_falling_at_once() -> None:
    schedule = OptimiserConfig(warm_up=1000, decay_from=0.0)
    assert learning_rate(499, 0.499, schedule) == pytest.approx(0.5 * 0.5, rel=0.01)


def test_the_average_moves_by_what_is_left_of_the_decay() -> None:
    average, network = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    with torch.no_grad():
        average.weight.fill_(1.0)
        network.weight.fill_(3.0)
        network.running_mean.fill_(7.0)
    average_into(average, network, 0.75)
    assert average.weight.tolist() == [1.5, 1.5]
    assert average.running_mean.tolist() == [7, 7], "buffers are copied"
    average_into(average, network, 0.75)
    assert average.weight.tolist() == [1.875, 1.875]
    assert network.weight.tolist() == [3, 3]


# ------------------------------------------------------------------------------------------------------------------- phases


class Kept(SemanticInpainting):
    """Only one of the phases is run."""

    only = ""

    def phases(self, images_seen: int) -> list[Phase]:
        return [phase for phase in super().phases(images_seen) if phase.name == self.only]


Record = list[tuple[str, Any]]


def hooks(record: Record) -> Hooks:
    """Each call, with the images seen."""
    return Hooks(
        log=lambda images, values: record.append(("log", (images, values))),
        sample=lambda progress: record.append(("sample", progress.images_seen)),
        checkpoint=lambda progress: record.append(("checkpoint", progress.images_seen)),
        validate=lambda progress: record.append(("validate", progress.images_seen)),
        progress=lambda images, rate: record.append(("progress", images)),
    )


def go(config: TrainConfig, task: SemanticInpainting, record: Record | None = None) -> Progress:
    fabric = Fabric(accelerator="cpu", devices=1)
    progress = start(task, fabric, config.optimiser)
    stream = Stream(config.data, task.generator.labels, config.run.batch_size, config.run.seed)
    return train(progress, stream, fabric, config.run, config.optimiser, hooks([] if record is None else record))


def parameters(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in network.named_parameters()}


def changed(before: dict[str, torch.Tensor], network: nn.Module) -> list[str]:
    return [name for name, parameter in network.named_parameters() if not torch.equal(before[name], parameter)]


def test_each_phase_changes_its_own_network_alone(photos: Path) -> None:
    config = parse(training(photos, run={"images": 4}))
    for only, other in (("generator", "discriminator"), ("discriminator", "generator")):
        torch.manual_seed(0)
        task = Kept(config)
        task.only = only
        before = {name: parameters(network) for name, network in task.networks.items()}
        go(config, task)
        assert changed(before[other], task.networks[other]) == []
        assert all(p.grad is None for p in task.networks[other].parameters())
        assert len(changed(before[only], task.networks[only])) == len(before[only]), "every parameter learns"


def test_the_adversary_joins_when_it_is_told(photos: Path) -> None:
    config = parse(training(photos, loss={"adversarial_from": 8}, run={"images": 12, "log_every": 4}))
    task, record = SemanticInpainting(config), []
    go(config, task, record)
    terms = [set(values) - {"lr", "images_per_s"} for name, (_, values) in _calls(record, "log")]
    assert terms == [{"re", "se"}, {"re", "se"}, {"re", "se", "d", "ad", "fm"}]


def _calls(record: Record, name: str) -> Record:
    return [call for call in record if call[0] == name]


def test_hooks_are_called_by_images_seen(photos: Path) -> None:
    run = {"images": 15, "batch_size": 3, "log_every": 6, "sample_every": 9, "checkpoint_every": 7, "validate_every": 5}
    config = parse(training(photos, run=run))
    record: Record = []
    progress = go(config, SemanticInpainting(config), record)
    assert (progress.images_seen, progress.batches) == (15, 5)
    assert [images for _, images in _calls(record, "progress")] == [3, 6, 9, 12, 15]
    assert [images for _, (images, _) in _calls(record, "log")] == [6, 12]
    assert [images for _, images in _calls(record, "sample")] == [9, 15], "and at the end"
    assert [images for _, images in _calls(record, "checkpoint")] == [9, 15], "at the first step past 7 and past 14, the end"
    assert [images for _, images in _calls(record, "validate")] == [6, 12, 15]


def test_what_is_logged_is_the_mean_since_the_last_time(photos: Path) -> None:
    config = parse(training(photos, run={"images": 8, "log_every": 2}))
    each: Record = []
    torch.manual_seed(0)
    go(config, SemanticInpainting(config), each)
    rarely: Record = []
    torch.manual_seed(0)
    go(replace(config, run=replace(config.run, log_every=8)), SemanticInpainting(config), rarely)
    ((_, (_, means)),) = _calls(rarely, "log")
    steps = [values for _, (_, values) in _calls(each, "log")]
    assert len(steps) == 4
    for name in ("re", "se", "ad", "fm", "d"):
        assert means[name] == pytest.approx(sum(step[name] for step in steps) / 4, rel=1e-5)


def test_the_average_follows_quickly_at_first(photos: Path) -> None:
    config = parse(training(photos, run={"images": 2}))
    task = SemanticInpainting(config)
    before = copy.deepcopy(task.generator.state_dict())
    progress = go(config, task)
    for name, average in progress.average.named_parameters():
        # after the first step a tenth of the start is left, though run.ema is 0.999
        expected = 0.1 * before[name] + 0.9 * task.generator.state_dict()[name]
        torch.testing.assert_close(average, expected)
        assert not average.requires_grad
    assert not progress.average.training


def test_the_generator_s_gradient_is_clipped(photos: Path) -> None:
    config = parse(training(photos, optimiser={"kind": "sgd", "lr": 1.0, "clip": 0.01}, run={"images": 2, "log_every": 2}))
    task, record = SemanticInpainting(config), []
    before = parameters(task.generator)
    go(config, task, record)
    moved = torch.stack([(p - before[name]).norm() for name, p in task.generator.named_parameters()]).norm().item()
    assert moved == pytest.approx(0.01, rel=1e-3)
    ((_, (_, values)),) = _calls(record, "log")
    assert values["grad_norm"] > 0.01, "the norm that is logged is the one before"


def test_a_step_of_sgd_follows_the_scheduled_rate(photos: Path) -> None:
    config = parse(training(photos, loss={"adversarial": 0.0, "feature_matching": 0.0}, run={"images": 2}))
    moves = []
    for warm_up in (0, 4):
        optimiser = replace(config.optimiser, kind="sgd", lr=0.1, warm_up=warm_up)
        torch.manual_seed(0)
        task = SemanticInpainting(config)
        before = parameters(task.generator)
        go(replace(config, optimiser=optimiser), task)
        moves.append({name: p.detach() - before[name] for name, p in task.generator.named_parameters()})
    for name, whole in moves[0].items():
        torch.testing.assert_close(moves[1][name], whole / 4, rtol=1e-2, atol=1e-6)  # (0 + 1) / 4 of the rate


def test_a_loss_that_is_no_number_ends_the_run_in_a_sentence(photos: Path) -> None:
    config = parse(training(photos))
    task = SemanticInpainting(config)
    nn.init.constant_(task.generator.get_submodule("image_head.0").bias, float("nan"))
    with pytest.raises(ScenefillError) as error:
        go(config, task)
    assert str(error.value) == (
        "the loss of phase discriminator is nan after 0 images (d nan): "
        "resume from the last checkpoint with a lower optimiser.lr or with optimiser.clip = 1"
    )


def test_restoring_brings_back_every_value(photos: Path) -> None:
    config = parse(training(photos, run={"images": 4}))
    done = go(config, SemanticInpainting(config))
    done.extra = {"note": "kept"}
    state = copy.deepcopy(done.state())
    assert state["note"] == "kept"
    torch.manual_seed(5)
    fresh = start(SemanticInpainting(config), Fabric(accelerator="cpu", devices=1), config.optimiser)
    fresh.restore(state)
    again = fresh.state()
    assert (fresh.images_seen, fresh.batches) == (4, 2)
    assert torch.equal(again["torch_rng"], state["torch_rng"])
    for network in ("generator", "discriminator"):
        for name, tensor in state["networks"][network].items():
            assert torch.equal(again["networks"][network][name], tensor)
        for number, moments in state["optimisers"][network]["state"].items():
            for name, tensor in moments.items():
                assert torch.equal(again["optimisers"][network]["state"][number][name], tensor)


def test_a_run_may_be_ended_by_the_clock(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step takes a minute of this clock: the fourth ends a run of four, with a checkpoint, and the rate falls on the way."""
    now = itertools.count(0, 60)
    monkeypatch.setattr(engine.time, "monotonic", lambda: next(now) / 4)  # four looks at the clock a step
    config = parse(
        training(photos, run={"images": 1000, "minutes": 4.0, "log_every": 2}, optimiser={"lr": 1.0e-3, "decay_from": 0.25})
    )
    record: Record = []
    progress = go(config, SemanticInpainting(config), record)
    assert progress.images_seen == 8
    assert [images for _, images in _calls(record, "checkpoint")] == [8]
    rates = [values["lr"] for _, (_, values) in _calls(record, "log")]
    assert rates[0] == 1e-3
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 5e-4
