"""scenefill batch: all that can be filled is filled, and the exit code and the report say what was not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fakes import STREET, Painter
from PIL import Image

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folders(tmp_path: Path, street: np.ndarray) -> tuple[Path, Path, Path]:
    """Three photos with a mask each, and where the outputs go."""
    photos, masks, out = (tmp_path / name for name in ("photos", "masks", "out"))
    hole = np.zeros((48, 64), np.uint8)
    hole[4:12, 8:16] = 255
    for name in "abc":
        for folder, pixels in ((photos, street), (masks, hole)):
            folder.mkdir(exist_ok=True)
            Image.fromarray(pixels).save(folder / f"{name}.png")
    return photos, masks, out


def _report(out: Path) -> dict[str, str]:
    lines = (json.loads(line) for line in (out / "report.jsonl").read_text().splitlines())
    return {Path(line["image"]).name: line["status"] for line in lines}


def test_a_folder_is_filled(run: Run, painter: Painter, folders: tuple[Path, Path, Path]) -> None:
    photos, masks, out = folders
    code, printed, _ = run("batch", photos, masks, out, "-m", "painter", "--forbid", "house,sky", "--detail", "none")
    assert (code, printed) == (0, f"3 done, 0 skipped, 0 failed: {out / 'report.jsonl'}\n")
    for name in "abc":
        assert (np.asarray(Image.open(out / f"{name}.png"))[4:12, 8:16] == STREET.colours[STREET.id("road")]).all()


def test_a_file_that_fails_does_not_stop_the_others(run: Run, folders: tuple[Path, Path, Path]) -> None:
    photos, masks, out = folders
    (photos / "b.png").write_bytes(b"")
    code, printed, said = run("batch", photos, masks, out, "-m", "telea")
    assert code == 1
    assert printed.startswith("2 done, 0 skipped, 1 failed")
    assert said == f"scenefill: {photos / 'b.png'} is empty (0 bytes)\n", "the name stands there once"
    assert _report(out) == {"a.png": "done", "b.png": "failed", "c.png": "done"}
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "c.png", "report.jsonl"]


def test_a_batch_is_resumed(run: Run, folders: tuple[Path, Path, Path]) -> None:
    photos, masks, out = folders
    assert run("batch", photos, masks, out, "-m", "telea", "--glob", "[ab].png")[0] == 0
    first = (out / "a.png").stat().st_mtime_ns
    assert run("batch", photos, masks, out, "-m", "telea")[0] == 2
    code, printed, _ = run("batch", photos, masks, out, "-m", "telea", "--resume", "--workers", 2)
    assert code == 0
    assert printed.startswith("1 done, 2 skipped, 0 failed")
    assert (out / "a.png").stat().st_mtime_ns == first


def test_one_mask_for_all(run: Run, folders: tuple[Path, Path, Path]) -> None:
    photos, masks, out = folders
    code, printed, _ = run("batch", photos, masks / "a.png", out, "-m", "telea", "--json")
    assert code == 0
    assert [record["hole"] for record in json.loads(printed)] == [pytest.approx(64 / (48 * 64), abs=1e-4)] * 3


def test_what_has_no_partner_is_said_and_the_rest_goes_on(run: Run, folders: tuple[Path, Path, Path]) -> None:
    photos, masks, out = folders
    (masks / "b.png").rename(masks / "stray.png")
    code, printed, said = run("batch", photos, masks, out, "-m", "telea")
    assert code == 1
    assert printed.startswith("2 done, 0 skipped, 2 failed")
    assert said.splitlines() == [
        f"scenefill: {photos / 'b.png'} has no mask in {masks}",
        f"scenefill: {masks / 'stray.png'} has no photo in {photos}",
    ]
    lines = [json.loads(line) for line in (out / "report.jsonl").read_text().splitlines()]
    failed = {(line["image"], line["mask"]) for line in lines if line["status"] == "failed"}
    assert failed == {(str(photos / "b.png"), None), (None, str(masks / "stray.png"))}
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "c.png", "report.jsonl"]


def test_the_command_and_the_library_give_the_same_bytes(run: Run, folders: tuple[Path, Path, Path], tmp_path: Path) -> None:
    photos, masks, out = folders
    assert run("batch", photos, masks, out, "-m", "telea")[0] == 0
    assert run("inpaint", photos / "a.png", masks / "a.png", "-o", tmp_path / "one.png", "-m", "telea")[0] == 0
    assert (out / "a.png").read_bytes() == (tmp_path / "one.png").read_bytes()
