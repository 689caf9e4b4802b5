"""Training configs: strict, typed, complete, and the same after a round trip."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scenefill.errors import ConfigError
from scenefill.training.config import load, parse, plain
from scenefill.training.sections import TrainConfig
from scenefill.training.tasks.semantic import SemanticLoss

CONFIGS = Path(__file__).parents[2] / "configs"

TOML = """
[network]
name = "sge-net"
widths = [8, 16]
spade_hidden = [4]
keep_percent = [50, 0]

[data]
sources = ["my-photos"]
short_side = [256, 512]
masks = { centre = 0.5, boxes = 0.5 }

[loss]
hole = 2
class_weights = { person = 2 }

[run]
images = 2_000
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(TOML)
    return path


def test_a_file_becomes_a_typed_config(file: Path) -> None:
    config = load(file)
    assert config.network == {"name": "sge-net", "widths": [8, 16], "spade_hidden": [4], "keep_percent": [50, 0]}
    assert config.data.sources == ("my-photos",)
    assert config.data.short_side == (256, 512)
    assert config.data.masks == {"centre": 0.5, "boxes": 0.5}
    assert config.run.images == 2000
    assert config.loss == SemanticLoss(hole=2.0, class_weights={"person": 2.0})
    assert [type(value) for value in (config.loss.hole, config.loss.class_weights["person"])] == [float, float]


def test_what_is_not_named_has_its_default(file: Path) -> None:
    assert load(file).optimiser == TrainConfig(network={"name": "sge-net"}).optimiser


@pytest.mark.parametrize(
    ("override", "section", "key", "value"),
    [
        ("run.images=10", "run", "images", 10),
        ("run.ema=0", "run", "ema", 0.0),
        ("optimiser.lr=1e-4", "optimiser", "lr", 1e-4),
        ("optimiser.betas=[0, 0.9]", "optimiser", "betas", (0.0, 0.9)),
        ("run.precision=bf16-mixed", "run", "precision", "bf16-mixed"),
        ('run.precision="bf16-mixed"', "run", "precision", "bf16-mixed"),
        ('data.sources=["a", "b * 2"]', "data", "sources", ("a", "b * 2")),
        ("data.masks.centre=0.2", "data", "masks", {"centre": 0.2, "boxes": 0.5}),
        ("data.masks={empty = 1}", "data", "masks", {"empty": 1.0}),
        ("loss.class_weights.car=3", "loss", "class_weights", {"person": 2.0, "car": 3.0}),
        ("discriminator.label_map=true", "discriminator", "label_map", True),
        ("network.widths=[4, 8]", "network", "widths", [4, 8]),
        ("data.mask_files=a=b", "data", "mask_files", "a=b"),
    ],
)
def test_any_value_can_be_overridden(file: Path, override: str, section: str, key: str, value: Any) -> None:
    found = getattr(load(file, [override]), section)
    assert (found[key] if section == "network" else getattr(found, key)) == value


def test_later_overrides_win(file: Path) -> None:
    assert load(file, ["run.images=1", "run.images=2"]).run.images == 2


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("run.image=10", 'unknown key "run.image"; known are: batch_size, checkpoint_every'),
        ("trainer.images=10", 'unknown key "trainer"; known are: data, discriminator, loss, network, optimiser, run'),
        ("run.images=ten", "run.images must be of type int, given is 'ten'"),
        ("run.images=1.5", r"run.images must be of type int, given is 1\.5"),
        ("run.images=true", "run.images must be of type int, given is True"),
        ("run.images=0", "run.images and run.batch_size are 1 or more, given are 0 and 8"),
        ("discriminator.label_map=1", "discriminator.label_map must be of type bool, given is 1"),
        ("data.sources=camvid:train", "data.sources must be of type tuple, given is 'camvid:train'"),
        ("data.sources=[1]", "data.sources must be of type str, given is 1"),
        ("data.short_side=[256]", "data.short_side takes 2 values, given are 1"),
        ("data.masks.centre=half", "data.masks.centre must be of type float, given is 'half'"),
        ("data.masks.circle=1", 'there is no kind "circle"'),
        ("run.precision=fp8", "run.precision must be one of 'auto', '32-true', 'bf16-mixed', '16-mixed', given is 'fp8'"),
        ("data=3", "data must be of type DataConfig, given is 3"),
        ("run.images.more=3", 'override "run.images.more=3": images is a value'),
        ("run.images", 'override "run.images" is not of the form key=value'),
        ("network.depth=3", 'unknown key "network.depth"; known are: .*cim_attention, cim_dilations'),
        ("network.widths=16", "network.widths must be of type tuple, given is 16"),
        ("network.fixed_size=5", "sge-net: fixed_size is a multiple of 2, given is 5"),
    ],
)
def test_mistakes_name_the_key(file: Path, override: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load(file, [override])


@pytest.mark.parametrize("network", [{}, {"label_set": "street"}])
def test_a_config_names_its_network(network: dict[str, Any]) -> None:
    for values in ({"network": network}, {}):
        with pytest.raises(ConfigError, match=r"network\.name is missing"):
            parse(values)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml cannot be read: No such file"):
        load(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)
    for content in (b"[network\nname = 3", b"\xff\xfe\x00"):
        (tmp_path / "bad.toml").write_bytes(content)
        with pytest.raises(ConfigError, match=r"bad\.toml is not valid TOML"):
            load(tmp_path / "bad.toml")


def test_plain_values_come_back_the_same_even_through_json(file: Path) -> None:
    config = load(file, ["run.trained_on=['a', 'b']", "optimiser.betas=[0.0, 0.9]"])
    assert parse(plain(config)) == config
    assert parse(json.loads(json.dumps(plain(config)))) == config


@pytest.mark.parametrize("path", sorted(CONFIGS.rglob("*.toml")), ids=lambda path: path.stem)
def test_every_config_of_the_project_is_valid(path: Path) -> None:
    config = load(path)
    assert config.data.sources
    assert config.data.size % 16 == 0
    assert f"configs/{path.relative_to(CONFIGS)}" in path.read_text(), "it says how it is run"
