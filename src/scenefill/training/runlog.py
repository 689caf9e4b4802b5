"""What a run leaves behind to be read: `config.json`, `log.jsonl`, TensorBoard events, sample sheets."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..data.batches import Batch
from ..errors import OutputError, ScenefillError
from ..labels import LabelSet
from ..networks.interface import Prediction
from ..pictures import sheets
from ..pictures.files import replacing, sweep
from ..pictures.images import write_rgb


@contextlib.contextmanager
def written(directory: Path) -> Iterator[None]:
    """Turns what the disk refuses into an OutputError that says how to go on."""
    try:
        yield
    except ScenefillError:
        raise
    except OSError as error:
        why = f"{directory} cannot be written: {error.strerror or error}"
        raise OutputError(f"{why}; make room, then go on from the newest checkpoint with --resume") from None


class RunLog:
    """Writes into one run directory; a run that goes on appends."""

    def __init__(self, directory: Path, config: dict[str, Any], images_seen: int = 0) -> None:
        """images_seen: what the run goes on from. Lines of after that are dropped, since they are written again."""
        from torch.utils.tensorboard import SummaryWriter  # a second of import that --dry-run does not need

        directory.mkdir(parents=True, exist_ok=True)
        sweep([directory, *(path for path in directory.iterdir() if path.is_dir())])
        self.directory = directory
        with replacing(directory / "config.json") as file:
            file.write(json.dumps(config, indent=1).encode())
        _cut(lines := directory / "log.jsonl", images_seen)
        self._lines = lines.open("a")
        self._events: Any = SummaryWriter(str(directory / "events"), purge_step=images_seen + 1 if images_seen else None)

    def scalars(self, images_seen: int, values: dict[str, float]) -> None:
        """One line of log.jsonl, one point of each curve."""
        self._lines.write(json.dumps({"images": images_seen, **{k: float(f"{v:.6g}") for k, v in values.items()}}) + "\n")
        self._lines.flush()
        for name, value in values.items():
            self._events.add_scalar(name, value, images_seen)

    def sheet(self, images_seen: int, picture: NDArray[np.uint8]) -> Path:
        """A sample sheet, RGB (H, W, 3) uint8, as samples/IMAGES.png and in TensorBoard. Returns its path."""
        path = self.directory / "samples" / f"{images_seen:09d}.png"
        path.parent.mkdir(exist_ok=True)
        write_rgb(picture, path, overwrite=True)
        self._events.add_image("samples", picture, images_seen, dataformats="HWC")
        return path

    def close(self) -> None:
        """Flushes and closes all files."""
        self._lines.close()
        self._events.close()


def _cut(log: Path, images_seen: int) -> None:
    """Leaves the whole lines of up to so many images."""
    if not log.exists():
        return
    with replacing(log) as file:
        for line in log.read_bytes().splitlines(keepends=True):
            with contextlib.suppress(ValueError):  # half a line, of a run that was killed
                if line.endswith(b"\n") and json.loads(line)["images"] <= images_seen:
                    file.write(line)


def sample_sheet(batch: Batch, prediction: Prediction, labels: LabelSet | None, count: int = 6) -> NDArray[np.uint8]:
    """For each picture a row: input, picture, label map and reliability of each scale from coarse to fine, result, truth.

    Returns RGB (H, W, 3) uint8.
    """
    rows: list[list[tuple[str, NDArray[np.uint8]]]] = []
    for i in range(min(count, len(batch.image))):
        truth, hole = _rgb(batch.image[i]), batch.mask[i, 0].cpu().numpy() > 0
        pictures: list[tuple[str, NDArray[np.uint8]]] = [
            ("input", np.where(hole[..., None], np.uint8(255), _rgb(batch.given[i])))
        ]
        maps: list[tuple[str, NDArray[np.uint8]]] = []
        trust: list[tuple[str, NDArray[np.uint8]]] = []
        if labels is not None:
            told = batch.hints[i].cpu().numpy().astype(np.uint8)
            maps.append(("hints", labels.colourise(told)))
            trust.append(("classes", sheets.legend(labels)))
        for scale in range(len(prediction.images_per_scale) - 1, -1, -1):
            pictures.append((f"scale {scale}", _rgb(prediction.images_per_scale[scale][i])))
            if labels is not None and prediction.logits_per_scale:
                ids = prediction.logits_per_scale[scale][i].argmax(dim=0).cpu().numpy().astype(np.uint8)
                maps.append((f"labels {scale}", labels.colourise(ids)))
            if prediction.reliability_per_scale:
                reliable = prediction.reliability_per_scale[scale][i, 0].float().cpu().numpy()
                trust.append((f"reliable {scale}", np.rint(reliable * 255).astype(np.uint8)))
        pictures += [("result", np.where(hole[..., None], _rgb(prediction.image[i]), truth)), ("truth", truth)]
        if labels is not None:
            true_ids = batch.labels[i].cpu().numpy().astype(np.uint8)
            maps.append(("true labels", labels.colourise(true_ids)))
        rows += [row for row in (pictures, maps, trust) if row]
    return sheets.grid(rows)


def _rgb(picture: torch.Tensor) -> NDArray[np.uint8]:
    """(3, H, W) in [-1, 1] -> (H, W, 3) uint8."""
    pixels = ((picture.float().clamp(-1, 1) + 1) * 127.5).round().permute(1, 2, 0)
    return pixels.cpu().numpy().astype(np.uint8)
