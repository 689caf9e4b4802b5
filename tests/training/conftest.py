"""Photos to train on, and what a run in one process needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streets import write_streets

from scenefill.filling.inpainter import Inpainter
from scenefill.networks import backend
from scenefill.training import config as configs
from scenefill.training.run import dry_run

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_streets(tmp_path_factory.mktemp("photos"), 6)


@pytest.fixture(autouse=True)
def in_one_thread(one_thread: None) -> None: ...


@pytest.fixture
def fills(photos: Path) -> Callable[[Path], None]:
    """fills(weights): asserts that a network that was trained fills a hole and leaves the rest alone."""

    def check(path: Path) -> None:
        info, network = backend.read(path)
        fill = Inpainter(backend.TorchBackend(network, name=path.stem, working_size=info.working_size))
        photo = np.asarray(Image.open(photos / "images" / "0.png"))
        hole = np.zeros(photo.shape[:2], bool)
        hole[10:20, 10:30] = True
        assert np.array_equal(fill(photo, hole).image[~hole], photo[~hole])

    return check


@pytest.fixture
def paper(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """paper("gated-conv/places2-256", "data_large/a", ...): what a config says of itself, with one photo in that folder."""

    def report(name: str, folder: str, *overrides: str) -> dict[str, Any]:
        (tmp_path / folder).mkdir(parents=True)
        Image.effect_noise((120, 80), 50).convert("RGB").save(tmp_path / folder / "0.jpg")
        found = dry_run(configs.load(CONFIGS / f"{name}.toml", [f'data.root="{tmp_path}"', *overrides]))
        assert all(np.isfinite(value) for value in found["terms"].values())
        return found

    return report
