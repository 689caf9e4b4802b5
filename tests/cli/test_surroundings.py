"""What surrounds a run: no home, other languages, odd photos, outputs onto inputs, and signals that end it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image
from trouble import seeded, times


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def scenefill(*arguments: object, **environment: str | None) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own. environment: changes, None takes a variable away."""
    command = [sys.executable, "-m", "scenefill", *(str(argument) for argument in arguments)]
    variables = {name: value for name, value in (os.environ | environment).items() if value is not None}
    return subprocess.run(command, capture_output=True, text=True, env=variables, check=False)


@pytest.mark.parametrize("environment", [{"HOME": None}, {"HOME": "/proc"}, {"HOME": "/none"}, {"LC_ALL": "C", "LANG": None}])
def test_no_home_and_other_languages(environment: dict[str, str | None], photo: Path, mask: Path, tmp_path: Path) -> None:
    named = photo.rename(photo.with_name("straße-é.png"))
    for model in ("telea", "sge-net-street"):
        done = scenefill("inpaint", named, mask, "-o", tmp_path / f"{model}-ü.png", "-m", model, **environment)
        assert (done.returncode, done.stderr) == (0, "")
        assert size_of(tmp_path / f"{model}-ü.png") == (64, 48)


@pytest.mark.parametrize("size", [(1, 3), (3, 1), (1, 400), (400, 1), (2, 30_000), (30_000, 2)])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_photos_of_odd_sizes(size: tuple[int, int], suffix: str, tmp_path: Path) -> None:
    from scenefill.filling import inpainter

    pixels, hole = np.full((*size, 3), 120, np.uint8), np.zeros(size, bool)
    hole[size[0] // 2, size[1] // 2] = True
    for model in ("telea", "sge-net-street"):
        result = inpainter.load(model)(pixels, hole)
        assert result.image.shape == pixels.shape
        assert (result.image[~hole] == 120).all()
        result.save(tmp_path / f"{model}{suffix}")
        assert size_of(tmp_path / f"{model}{suffix}") == size[::-1]


def test_an_output_onto_the_input(photo: Path, mask: Path) -> None:
    before = photo.read_bytes()
    done = scenefill("inpaint", photo, mask, "-o", photo, "-m", "telea")
    assert done.returncode == 2
    assert "stands already" in done.stderr
    assert photo.read_bytes() == before
    assert scenefill("inpaint", photo, mask, "-o", photo, "-m", "telea", "--overwrite").returncode == 0
    assert photo.read_bytes() != before
    assert sorted(path.name for path in photo.parent.iterdir()) == ["mask.png", "photo.png"]


@pytest.mark.parametrize("orientation", range(5, 9))
def test_a_mask_that_lies_as_the_pixels_are_stored(orientation: int, street: np.ndarray, tmp_path: Path) -> None:
    from scenefill import ScenefillWarning
    from scenefill.filling import inpainter
    from scenefill.pictures import images

    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    Image.fromarray(street).save(tmp_path / "phone.png", exif=tags)
    stored = np.zeros((48, 64), bool)
    stored[4:12, 8:16] = True
    upright = np.ascontiguousarray(images.upright(stored, orientation))
    fill = inpainter.load("telea")
    with pytest.warns(ScenefillWarning, match="the mask lies as the photo's pixels are stored"):
        turned = fill(tmp_path / "phone.png", stored)
    assert (turned.mask == upright).all()
    assert (turned.image == fill(tmp_path / "phone.png", upright).image).all()


# --- signals -----------------------------------------------------------------------------------------------------------


def a_batch(folder: Path, count: int) -> list[object]:
    """Makes so many photos and a mask; the verb with both."""
    rng, photos, mask = np.random.default_rng(0), folder / "photos", folder / "mask.png"
    photos.mkdir()
    for index in range(count):
        Image.fromarray(rng.integers(0, 255, (700, 900, 3), np.uint8)).save(photos / f"{index:02}.png")
    hole = np.zeros((700, 900), np.uint8)
    hole[200:500, 200:600] = 255
    Image.fromarray(hole).save(mask)
    return ["batch", photos, mask]


def started(*arguments: object) -> subprocess.Popen[str]:
    """The command line, running."""
    command = [sys.executable, "-m", "scenefill", *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_batch_that_is_stopped_goes_on_later(number: signal.Signals, code: int, tmp_path: Path) -> None:
    batch, out = a_batch(tmp_path, 12), tmp_path / "out"
    running = started(*batch, out, "-m", "telea")
    report = out / "report.jsonl"
    until = time.monotonic() + 60
    while not (report.exists() and report.stat().st_size) and time.monotonic() < until:
        time.sleep(0.02)
    running.send_signal(number)
    _, said = running.communicate(timeout=60)
    assert running.returncode == code
    assert "Traceback" not in said
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    written = sorted(path.name for path in out.iterdir() if path.suffix == ".png")
    assert 1 <= len(written) < 12
    assert sorted(Path(line["out"]).name for line in lines) == written
    assert sorted(path.name for path in out.iterdir()) == [*written, "report.jsonl"]
    done = scenefill(*batch, out, "-m", "telea", "--resume")
    assert done.stdout.startswith(f"{12 - len(written)} done, {len(written)} skipped, 0 failed")


@pytest.mark.nightly
def test_a_batch_that_is_killed_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """SIGKILL at a random moment of each of several batches, which then go on."""
    chance, batch = seeded(), a_batch(tmp_path, 8)
    start = time.monotonic()
    assert scenefill(*batch, tmp_path / "whole", "-m", "telea", "--resume").returncode == 0
    seconds = time.monotonic() - start
    for number in range(times(2)):
        out = tmp_path / f"killed-{number}"
        running = started(*batch, out, "-m", "telea", "--resume")
        time.sleep(chance.uniform(0.2, 1) * seconds)
        running.kill()
        running.communicate()
        done = scenefill(*batch, out, "-m", "telea", "--resume")
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in (out / "report.jsonl").read_text().splitlines()]
        assert sorted(Path(line["out"]).name for line in lines) == [f"{index:02}.png" for index in range(8)]
        for index in range(8):
            assert (out / f"{index:02}.png").read_bytes() == (tmp_path / "whole" / f"{index:02}.png").read_bytes()
        assert len(list(out.iterdir())) == 9, "and nothing of what was begun"
