"""What can be read of a run: one line per log, sheets whose parts are where they belong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from streets import STREET

from scenefill.data.batches import Batch
from scenefill.labels import UNKNOWN
from scenefill.networks.interface import Prediction
from scenefill.training.runlog import RunLog, sample_sheet

CAR, ROAD = STREET.id("car"), STREET.id("road")


def batch(count: int) -> Batch:
    """Even grey pictures, lighter from one to the next, of a road; a hole in the middle, a part of it hinted as car."""
    image = torch.stack([torch.full((3, 32, 32), -0.5 + 0.1 * i) for i in range(count)])
    mask = torch.zeros(count, 1, 32, 32)
    mask[..., 8:24, 8:24] = 1
    hints = torch.full((count, 32, 32), UNKNOWN)
    hints[:, 8:16, 8:16] = CAR
    return Batch(image, mask, torch.full((count, 32, 32), ROAD), hints, torch.zeros(count, 8, dtype=torch.bool), image)


def prediction(count: int, scales: int = 2) -> Prediction:
    pictures = tuple(torch.full((count, 3, 32 >> s, 32 >> s), 0.5) for s in range(scales))
    scores = tuple(torch.nn.functional.one_hot(torch.full((count, 32 >> s, 32 >> s), CAR), 8).permute(0, 3, 1, 2).float()
                   for s in range(scales))  # fmt: skip
    reliable = tuple(torch.zeros(count, 1, 32 >> s, 32 >> s) for s in range(scales))
    return Prediction(pictures[0], scores[0], pictures, scores, reliable)


def colours(sheet: np.ndarray) -> dict[tuple[int, ...], int]:
    """How many pixels are of each colour."""
    values, counts = np.unique(sheet.reshape(-1, 3), axis=0, return_counts=True)
    return {tuple(value): int(count) for value, count in zip(values.tolist(), counts, strict=True)}


def test_a_sheet_shows_every_part() -> None:
    found = colours(sample_sheet(batch(1), prediction(1), STREET))
    hole, known = 16 * 16, 32 * 32 - 16 * 16
    truth, filled = (64,) * 3, (191,) * 3
    assert found[truth] >= known + known + 32 * 32, "input, result and truth"
    assert found[filled] >= 32 * 32 + hole, "the picture of the finest scale, and the hole of the result"
    assert found[STREET.colours[ROAD]] >= 32 * 32, "the true labels"
    assert found[STREET.colours[CAR]] >= 8 * 8 + 32 * 32, "hints, and the labels of the finest scale"


def test_sheets_grow_with_pictures_up_to_a_count() -> None:
    heights = [sample_sheet(batch(count), prediction(count), STREET, count=2).shape[0] for count in (1, 2, 3)]
    assert heights[0] < heights[1] == heights[2]


def test_without_labels_there_are_pictures_alone() -> None:
    bare = Prediction(torch.zeros(1, 3, 32, 32), None, (torch.zeros(1, 3, 32, 32),))
    alone, whole = sample_sheet(batch(1), bare, None), sample_sheet(batch(1), prediction(1, scales=1), STREET)
    assert alone.shape[0] < whole.shape[0] / 2
    assert STREET.colours[ROAD] not in colours(alone)


def test_lines_and_sheets_are_added(tmp_path: Path) -> None:
    for start in (0, 100):  # the second time as a run that goes on
        log = RunLog(tmp_path / "run", {"run": {"images": 200}}, start)
        log.scalars(start + 50, {"re": 0.12345678, "lr": 1e-3})
        log.scalars(start + 100, {"re": 0.1})
        path = log.sheet(start + 100, np.full((4, 6, 3), 9, np.uint8))
        log.close()
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert lines[0] == {"images": 50, "re": 0.123457, "lr": 0.001}
    assert [line["images"] for line in lines] == [50, 100, 150, 200]
    assert path == tmp_path / "run" / "samples" / "000000200.png"
    assert (np.asarray(Image.open(path)) == 9).all()
    assert json.loads((tmp_path / "run" / "config.json").read_text()) == {"run": {"images": 200}}
    assert len(list((tmp_path / "run" / "events").iterdir())) == 2


def test_lines_of_after_the_checkpoint_are_written_again(tmp_path: Path) -> None:
    log = RunLog(tmp_path, {})
    for images in (4, 8, 12):
        log.scalars(images, {"re": 1.0})
    log.close()
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"images": 8, "re"')  # killed
    for images_seen, left in ((8, [4, 8]), (0, [])):
        RunLog(tmp_path, {}, images_seen).close()
        assert [json.loads(line)["images"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == left


def test_small_rates_are_logged_as_they_are(tmp_path: Path) -> None:
    log = RunLog(tmp_path, {})
    log.scalars(1, {"lr": 1.5e-7})
    log.close()
    assert json.loads((tmp_path / "log.jsonl").read_text())["lr"] == 1.5e-7
