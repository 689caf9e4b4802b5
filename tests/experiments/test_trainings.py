from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from streets import EXPERIMENTS

from scenefill.errors import ScenefillError
from scenefill.experiments import trainings
from scenefill.experiments.plan import Experiment, load, placed, tiny
from scenefill.experiments.trainings import Training, digest, plan, relabelled, source
from scenefill.labels import get
from scenefill.networks import NETWORKS
from scenefill.pictures import images


@pytest.fixture
def experiment(photos: Path) -> Experiment:
    return tiny(placed(load(EXPERIMENTS / "table3.toml"), EXPERIMENTS), photos)


def planned(experiment: Experiment, folder: Path, *, seed: int = 0, **overrides: object) -> Training:
    row = experiment.models[0]
    changed = {name.replace("__", "."): value for name, value in overrides.items()}
    return plan(replace(row, overrides=row.overrides | changed), experiment, folder, seed)


def test_weights_are_found_by_what_made_them(experiment: Experiment, tmp_path: Path) -> None:
    first = planned(experiment, tmp_path).directory
    assert planned(experiment, tmp_path).directory == first
    housekeeping = planned(experiment, tmp_path, run__threads=2, data__workers=3, run__log_every=7, data__root="/elsewhere")
    assert housekeeping.directory == first
    changes: list[dict[str, Any]] = [
        {"seed": 1}, {"loss__hole": 2.5}, {"optimiser__lr": 1e-4}, {"run__images": 9}, {"network__cim_attention": 0},
    ]  # fmt: skip
    others = [planned(experiment, tmp_path, **change).directory for change in changes]
    assert len({first, *others}) == 5  # run.images is the experiment's


def test_a_changed_source_file_of_the_network_trains_anew(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = planned(experiment, tmp_path).directory
    real = trainings.digest
    monkeypatch.setattr(trainings, "digest", lambda files: real(files) + "changed")
    assert planned(experiment, tmp_path).directory != before


def test_comments_do_not_train_anew(tmp_path: Path) -> None:
    texts = ['"""One."""\nx = 1\n', '"""Two."""\n# more\nx = 1\n', '"""One."""\nx = 2\n']
    found = []
    for text in texts:
        (tmp_path / "a.py").write_text(text)
        found.append(digest([tmp_path / "a.py"]))
    assert found[0] == found[1] != found[2]


def test_networks_have_sources_of_their_own() -> None:
    assert len({source(name) for name in NETWORKS}) == len(NETWORKS)


def test_a_training_that_was_broken_off_goes_on(experiment: Experiment, tmp_path: Path) -> None:
    """After the first checkpoint the run dies; the next try does the rest, and the one after that nothing."""
    training = planned(replace(experiment, training=experiment.training | {"run.checkpoint_every": 2}), tmp_path)
    seen: list[int] = []

    def die(done: int, total: int, rate: float) -> None:
        seen.append(done)
        if done == 4:
            raise ScenefillError("killed")

    with pytest.raises(ScenefillError, match="killed"):
        training.make(die, device="cpu")
    assert not training.finished
    seen.clear()
    assert training.make(lambda done, total, rate: seen.append(done), device="cpu").is_file()
    assert seen == [4]
    seen.clear()
    training.make(lambda done, total, rate: seen.append(done), device="cpu")
    assert seen == []


def test_stages_share_the_images_and_begin_where_the_last_one_ended(photos: Path, tmp_path: Path) -> None:
    experiment = tiny(placed(load(EXPERIMENTS / "spg-table.toml"), EXPERIMENTS), photos)
    training = plan(experiment.models[0], experiment, tmp_path, 0)
    assert [stage.run.images for stage in training.stages] == [2, 2]
    assert [stage.loss.part for stage in training.stages] == ["prediction", "guidance"]
    from scenefill.models.weights import read_info

    assert read_info(training.make(device="cpu")).images_seen == 4


def test_automatic_labels_are_made_once(experiment: Experiment, photos: Path, tmp_path: Path) -> None:
    asked = []

    def road(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        asked.append(rgb.shape)
        return np.full(rgb.shape[:2], 2, np.uint8)

    training = replace(planned(experiment, tmp_path), automatic=True)
    for _ in range(2):
        (folder,) = relabelled(training, road, tmp_path / "maps", "all-road").stages[0].data.sources
    assert asked == [(72, 90, 3)] * 3
    made = images.read_labels(Path(folder) / "labels" / "1.png", get("street"))
    assert set(np.unique(made)) == {2}
    assert np.array_equal(images.read(Path(folder) / "images" / "1.png").pixels, images.read(photos / "images" / "1.png").pixels)
