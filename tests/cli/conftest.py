"""The command line in this process, and a small street to try it on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fakes import STREET, Painter
from PIL import Image
from typer.testing import CliRunner

from scenefill.cli import app
from scenefill.filling import inpainter

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run() -> Run:
    """run("inpaint", "a.png", ...) -> exit code, what was printed, what was said on the error stream."""

    def invoke(*arguments: object) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    return invoke


@pytest.fixture
def street() -> np.ndarray:
    """A photo (48, 64, 3) in the colours of the label set: sky above road, and a car on the road."""
    labels = np.full((48, 64), STREET.id("sky"), np.uint8)
    labels[24:] = STREET.id("road")
    labels[28:40, 20:44] = STREET.id("car")
    return STREET.colourise(labels)


@pytest.fixture
def photo(tmp_path: Path, street: np.ndarray) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(street).save(path)
    return path


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    """A hole of 8x8 pixels in the sky."""
    hole = np.zeros((48, 64), np.uint8)
    hole[4:12, 8:16] = 255
    path = tmp_path / "mask.png"
    Image.fromarray(hole).save(path)
    return path


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> Painter:
    """The model "painter": it sees classes by their colours, and paints buildings into holes unless it is told otherwise."""
    backend, load = Painter(), inpainter.load
    monkeypatch.setattr(
        inpainter, "load", lambda name, **options: inpainter.Inpainter(backend) if name == "painter" else load(name, **options)
    )
    return backend
