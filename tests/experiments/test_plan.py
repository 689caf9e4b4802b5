from pathlib import Path

import pytest
from streets import EXPERIMENTS

from scenefill.errors import ConfigError
from scenefill.experiments import plan
from scenefill.experiments.trainings import plan as planned

FILES = sorted(EXPERIMENTS.glob("*.toml"))

WHOLE = """
title = "a table"
[[cases]]
data = "camvid:test"
[[models]]
title = "Telea"
weights = "telea"
[[models]]
title = "ours"
config = "net.toml"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.toml"
    path.write_text(text)
    return path


def test_the_papers_tables_and_figures_are_there() -> None:
    names = {path.stem for path in FILES}
    assert names >= {"table1", "table3", "table4", "table5", "fig6", "fig7", "fig8", "spg-table", "pen-table", "transfer"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_training_of_an_experiment_is_a_config(path: Path, tmp_path: Path) -> None:
    experiment = plan.placed(plan.load(path), path.parent)
    for row in experiment.models:
        if row.config:
            training = planned(row, experiment, tmp_path, seed=1)
            assert {stage.run.seed for stage in training.stages} == {1}
            assert training.images <= experiment.training["run.images"]
            assert {stage.data.size for stage in training.stages} == {128}


def test_a_table_shares_its_data_and_its_number_of_images() -> None:
    """As the page says: what is trained on differs in nothing but what a row changes on purpose."""
    experiment = plan.placed(plan.load(EXPERIMENTS / "table1.toml"), EXPERIMENTS)
    trainings = [planned(row, experiment, Path("x"), 0) for row in experiment.models if row.config]
    assert len(trainings) == 8
    assert {stage.data.sources for one in trainings for stage in one.stages} == {("cityscapes-256:train",)}
    assert {str(stage.data.masks) for one in trainings for stage in one.stages} == {"{'centre': 0.5, 'files': 0.5}"}
    assert min(one.images for one in trainings) >= 19_998


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("colour = 1", 'a.toml: unknown key "colour"'),
        ('[[models]]\ntitle = "x"\nweights = "telea"\nsize = 3', 'unknown key "models.size"'),
        ('[[models]]\ntitle = "ours"\nweights = "telea"', 'two models are called "ours"'),
        ('[[models]]\ntitle = "x"', 'model "x" takes either weights or a config'),
        ('[[claims]]\nsays = "s"\nmetric = "psnr"\nbetter = "mine"\nthan = "ours"', 'names the model "mine"; there are: Telea'),
        ('[[claims]]\nsays = "s"\nmetric = "seam"\nbetter = "Telea"\nthan = "ours"', '"seam" is no metric of pictures of which'),
        ('[[claims]]\nsays = "s"\nmetric = "psnr"\nof = "ours"', "takes better and than, or of and one of above and below"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(tmp_path: Path, more: str, sentence: str) -> None:
    text = more + WHOLE if "[[" not in more else WHOLE + more
    with pytest.raises(ConfigError) as caught:
        plan.load(written(tmp_path, text))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["title = 'x'", "title = ", "[[cases]]\ndata = 'a'\n[[models]]\nweights = 'telea'"])
def test_half_a_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"a\.toml"):
        plan.load(written(tmp_path, text))


def test_a_metric_that_is_not_there_lists_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='there is no metric "beauty"; there are: psnr_hole, psnr'):
        plan.load(written(tmp_path, 'metrics = ["beauty"]' + WHOLE))


def test_the_file_in_the_docs_can_be_read(tmp_path: Path) -> None:
    page = (EXPERIMENTS.parent / "docs" / "evaluation.md").read_text()
    text = page.partition("```toml\n")[2].partition("```")[0]
    assert [row.title for row in plan.load(written(tmp_path, text)).models] == ["mine", "SGE-Net"]


def test_weights_and_configs_lie_beside_the_experiment(tmp_path: Path) -> None:
    rows = plan.placed(plan.load(written(tmp_path, WHOLE)), tmp_path).models
    assert [row.weights or row.config for row in rows] == ["telea", str(tmp_path / "net.toml")]
