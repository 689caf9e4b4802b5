"""Pipes: a photo, a mask or an output may be -, and nothing else is on standard output then."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fakes import STREET, Painter
from PIL import Image
from typer.testing import CliRunner, Result

from scenefill.cli import app

Pipe = Callable[..., Result]


@pytest.fixture
def pipe() -> Pipe:
    """pipe(bytes, "inpaint", "-", ...): with what is on standard input."""

    def invoke(data: bytes, *arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=data, catch_exceptions=False)

    return invoke


def _picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_a_photo_goes_through(pipe: Pipe, painter: Painter, photo: Path, mask: Path, street: np.ndarray) -> None:
    result = pipe(photo.read_bytes(), "inpaint", "-", mask, "-o", "-", "-m", "painter", "--detail", "none")
    assert (result.exit_code, result.stderr) == (0, "")
    filled = np.array(_picture(result.stdout_bytes))
    assert (filled[4:12, 8:16] == STREET.colours[STREET.id("building")]).all()
    filled[4:12, 8:16] = street[4:12, 8:16]
    assert (filled == street).all()


def test_so_does_a_mask_and_the_photo_s_format_is_kept(pipe: Pipe, mask: Path, street: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(street).save(tmp_path / "photo.jpg")
    result = pipe(mask.read_bytes(), "inpaint", tmp_path / "photo.jpg", "-", "-o", "-", "-m", "telea")
    assert _picture(result.stdout_bytes).format == "JPEG"
    result = pipe(mask.read_bytes(), "inpaint", tmp_path / "photo.jpg", "-", "-o", "-", "-m", "telea", "--format", "webp")
    assert _picture(result.stdout_bytes).format == "WEBP"


def test_the_other_verbs(pipe: Pipe, painter: Painter, photo: Path, tmp_path: Path) -> None:
    erased = pipe(photo.read_bytes(), "erase", "-", "--what", "car", "-o", "-", "-m", "painter", "--format", "tiff")
    assert _picture(erased.stdout_bytes).format == "TIFF"
    mapped = pipe(photo.read_bytes(), "segment", "-", "-o", "-", "-m", "painter")
    assert (np.asarray(_picture(mapped.stdout_bytes))[40:] == STREET.id("road")).all()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("-", "-", "-o", "-"), "standard input (-) holds one file"),
        (("-", "mask.png", "-o", "out.png", "--format", "png"), "the suffix of out.png decides on its format"),
        (("-", "mask.png", "-o", "-", "-m", "telea"), "standard input is empty (0 bytes)"),
    ],
)
def test_what_cannot_be_meant(pipe: Pipe, arguments: tuple[str, ...], sentence: str) -> None:
    result = pipe(b"", "inpaint", *arguments)
    assert (result.exit_code, result.stdout_bytes) == (2, b"")
    assert sentence in result.stderr


def test_in_a_shell(photo: Path, mask: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scenefill", "inpaint", "-", str(mask), "-o", "-", "-m", "telea"]
    with photo.open("rb") as source, (tmp_path / "out.png").open("wb") as target:
        done = subprocess.run(command, stdin=source, stdout=target, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (64, 48)
    with photo.open("rb") as source, Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdin=source, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (2, b"scenefill: standard output cannot be written: No space left on device\n")


# --- a hole that is transparent in the photo ---------------------------------------------------------------------------


@pytest.mark.parametrize("option", [(), ("--mask", "alpha")])
def test_what_was_cut_out_is_filled(pipe: Pipe, painter: Painter, street: np.ndarray, tmp_path: Path, option: tuple[str]) -> None:
    alpha = np.full(street.shape[:2], 255, np.uint8)
    alpha[4:12, 8:16] = 0
    alpha[12, 8:16] = 100  # a soft edge belongs to the hole
    Image.fromarray(np.dstack([street, alpha])).save(tmp_path / "cutout.png")
    result = pipe(
        b"", "inpaint", tmp_path / "cutout.png", "-o", tmp_path / "out.png", "-m", "painter", "--detail", "none", *option
    )
    assert result.exit_code == 0
    with Image.open(tmp_path / "out.png") as image:
        filled = np.array(image)
    assert filled.shape == street.shape  # nothing is transparent any more
    assert (filled[4:13, 8:16] == STREET.colours[STREET.id("building")]).all()
    filled[4:13, 8:16] = street[4:13, 8:16]
    assert (filled == street).all()


# --- a page ------------------------------------------------------------------------------------------------------------


def test_a_page_of_several(pipe: Pipe, mask: Path, street: np.ndarray, tmp_path: Path) -> None:
    pages = [Image.fromarray(array) for array in (255 - street, street)]
    pages[0].save(tmp_path / "scan.tiff", save_all=True, append_images=pages[1:])
    result = pipe(b"", "inpaint", tmp_path / "scan.tiff", mask, "-o", tmp_path / "out.png", "-m", "telea", "--page", 2)
    assert result.exit_code == 0
    with Image.open(tmp_path / "out.png") as image:
        assert (np.asarray(image)[16:] == street[16:]).all()
