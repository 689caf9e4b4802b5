"""An endless stream of training batches in which batch n is a pure function of (config, seed, n).

That makes exact resume trivial: the data position is one number, and nothing has to be replayed.
Photos of folders and public sets are decoded once, brought to the largest size that will be asked for, and kept in memory; those
of shards (`scenefill pack`) are read as they are needed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .. import labels as label_sets
from ..errors import ConfigError, DataError
from ..labels import UNKNOWN, LabelMap, LabelSet
from ..pictures import masks, shapes
from . import public
from .augment import colour_jitter, draw_forbidden, draw_hints, random_crop, random_flip, resize_short_side
from .batches import Batch
from .photos import Company, Drawn, InMemory, Photo, Source
from .sharded import Sharded

MASK_KINDS = (*(kind.replace("-", "_") for kind in shapes.DRAWN), "files", "objects", "removal", "empty")


@dataclass(frozen=True)
class DataConfig:
    """Which photos, cut how, with which holes: the sections [data] and [masks] of a training config."""

    sources: tuple[str, ...] = ()
    """"NAME:SPLIT" of a public data set, or a folder (`data.public.source`); "* 3" behind it counts its photos thrice."""
    shards: str = ""
    """In place of sources: the folder or address (http://, s3://) of what `scenefill pack` wrote."""
    buffer: int = 1000
    """Photos of shards among which the next one is drawn: these are in memory, as files."""
    root: str = ""
    """Folder of the public data sets; empty: the environment's SCENEFILL_DATA."""
    folder_label_set: str | dict[str, Any] = ""
    """Label set in which the maps of plain folders are coded, named as a network's; empty: the network's own."""
    size: int = 256
    """Side of the square crops, in pixels."""
    short_side: tuple[int, int] = (256, 256)
    """Each photo is resized so that its smaller side is drawn from this range, then cropped (Sec. 4.1 of SGE-Net: 256 or 512)."""
    colour_jitter: float = 0.0
    """Largest relative change of brightness, contrast and saturation."""
    masks: dict[str, float] = field(default_factory=lambda: {"centre": 0.5, "boxes": 0.5})
    """Kind of hole -> its share: the kinds of `shapes.DRAWN` (free_form for free-form), files, objects, removal, empty."""
    mask_files: str = ""
    """For the kind "files": folder of masks (below `root` if not found as it is), or a public set (`data.public.masks`)."""
    mask_files_held_out: bool = True
    """Every sixth of them by sorted name is left to evaluation (`MaskFiles.training`)."""
    object_classes: tuple[str, ...] = ()
    """Classes whose regions in other photos serve as holes of the kind "objects"."""
    residue: float = 0.0
    """Share of the holes of the kind "removal" around which the removed object has left its shadow and its rim."""
    told: float = 0.0
    """Share of the holes of the kind "removal" for which all movable classes are forbidden."""
    hints: float = 0.0
    """Share of the samples in which a part of the true map inside the hole is told."""
    forbid: float = 0.0
    """Share of the samples in which classes that are absent from the hole are forbidden."""
    workers: int = 2
    """Threads that prepare batches ahead."""

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.masks) - set(MASK_KINDS)):
            raise ConfigError(f'data.masks: there is no kind "{unknown[0]}"; known are: {", ".join(MASK_KINDS)}')
        if not self.masks or min(self.masks.values()) < 0 or sum(self.masks.values()) <= 0:
            raise ConfigError(f"data.masks: shares are numbers >= 0, not all of them 0; given are {self.masks}")
        low, high = self.short_side
        if not self.size <= low <= high:
            raise ConfigError(f"data.short_side: a range at or above data.size = {self.size} is needed, given is {low}..{high}")
        if self.shards and self.sources:
            raise ConfigError("data.sources and data.shards are given: leave one of the two empty")
        if self.buffer < 1:
            raise ConfigError(f"data.buffer: at least one photo is held, given are {self.buffer}")
        if self.workers < 1:
            raise ConfigError(f"data.workers: at least one thread prepares batches, given are {self.workers}")
        if self.masks.get("files") and not self.mask_files:
            raise ConfigError('data.masks asks for "files", so data.mask_files must name their folder')
        if self.masks.get("objects") and not self.object_classes:
            raise ConfigError('data.masks asks for "objects", so data.object_classes must name classes')


def data_root(config_root: str = "") -> Path:
    """Where public data sets lie: the config's folder, or the one named by SCENEFILL_DATA. Raises DataError without either."""
    root = config_root or os.environ.get("SCENEFILL_DATA", "")
    if not root:
        raise DataError("no data folder is known: set data.root in the config, or the environment variable SCENEFILL_DATA")
    return Path(root)


class Sample(NamedTuple):
    """One crop: arrays as `Batch` holds them for B crops, pictures (size, size, 3) and label maps (size, size) uint8."""

    image: NDArray[np.uint8]
    mask: masks.Mask
    labels: LabelMap
    hints: LabelMap
    forbid: NDArray[np.bool_]
    given: NDArray[np.uint8]


class Stream:
    """Batches of crops from photos.

    labels: the label set the maps are translated into; None: all unknown, K = 0.
    rank, world: this process's place among those that train together; each gets other photos of the same global batch.
    Raises DataError for missing data, ImageError and LabelError for files that cannot be used.
    """

    def __init__(
        self, config: DataConfig, labels: LabelSet | None, batch_size: int, seed: int, *, rank: int = 0, world: int = 1
    ) -> None:
        self.config, self.batch_size, self.seed, self.rank, self.world = config, batch_size, seed, rank, world
        self.label_set = labels
        self.classes = len(labels) if labels else 0
        self.members = labels.members() if labels else np.zeros((256, 0), bool)
        self.object_ids = labels.ids(config.object_classes) if labels and config.object_classes else ()
        self.source = self._source(labels)
        self.movable = labels.ids(labels.movable) if labels else ()
        self.mask_files = self._mask_files() if config.masks.get("files") else None
        kinds = [(kind, share) for kind, share in config.masks.items() if share > 0]
        self.kinds = [kind for kind, _ in kinds]
        self.shares = np.array([share for _, share in kinds]) / sum(share for _, share in kinds)

    def __len__(self) -> int:
        """Samples of one pass over the data."""
        return len(self.source)

    def positions(self, number: int) -> range:
        """Where in the row the samples of batch `number` of this process are."""
        first = (number * self.world + self.rank) * self.batch_size
        return range(first, first + self.batch_size)

    def batch(self, number: int) -> Batch:
        """Batch `number` (0, 1, ...) of this process."""
        places = self.positions(number)
        return self._batch(places, list(self.source.photos(places)))

    def _batch(self, places: range, drawn: Sequence[Drawn]) -> Batch:
        samples = [self._sample(place, *each) for place, each in zip(places, drawn, strict=True)]
        image, mask, labels, hints, forbid, given = (np.stack(part) for part in zip(*samples, strict=True))
        return Batch(
            _signed(image),
            torch.from_numpy(mask).unsqueeze(1).float(),
            torch.from_numpy(labels).long(),
            torch.from_numpy(hints).long(),
            torch.from_numpy(forbid),
            _signed(given),
        )

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Batches `start`, `start + 1`, ... without end, prepared ahead by the worker threads."""
        ahead = self.config.workers + 1
        row = self.source.photos(place for number in count(start) for place in self.positions(number))
        with ThreadPoolExecutor(self.config.workers) as pool:
            waiting: list[Future[Batch]] = []
            try:
                for number in count(start):
                    places = self.positions(number)
                    waiting.append(pool.submit(self._batch, places, list(islice(row, len(places)))))
                    if len(waiting) > ahead:
                        yield waiting.pop(0).result()
            finally:
                for future in waiting:
                    future.cancel()

    def sample(self, position: int) -> Sample:
        """One sample of the endless row."""
        return self._sample(position, *next(iter(self.source.photos([position]))))

    def _sample(self, position: int, photo: Photo, company: Company) -> Sample:
        rng = np.random.default_rng((self.seed, 2, position))
        image, labels = photo.load()
        low, high = self.config.short_side
        image, labels = resize_short_side(image, labels, int(rng.integers(low, high + 1)))
        image, labels = random_flip(*random_crop(image, labels, self.config.size, rng), rng)
        image = colour_jitter(image, self.config.colour_jitter, rng)
        given, forbid = image, np.zeros(self.classes, bool)
        kind = self.kind(rng)
        hole, other = None, None
        if kind == "removal" and (peopled := company.showing(self.movable)):
            other = peopled[int(rng.integers(len(peopled)))].load()
            hole = shapes.removal(labels, other[1], self.movable, rng)
        if hole is not None and other is not None:
            if rng.random() < self.config.residue:
                given = shapes.residue(image, hole, *other, self.movable, rng)
            forbid[list(self.movable)] = rng.random() < self.config.told
        else:
            hole = self.hole(kind, company, rng)
        hints = np.full_like(labels, UNKNOWN)
        if rng.random() < self.config.hints:
            hints = draw_hints(labels, hole, self.classes, rng)
        if rng.random() < self.config.forbid:
            forbid |= draw_forbidden(labels, hole, self.members, rng)
        return Sample(image, hole, labels, hints, forbid, given)

    def kind(self, rng: np.random.Generator) -> str:
        """A kind of hole, by the configured shares."""
        return str(rng.choice(self.kinds, p=self.shares))

    def hole(self, kind: str, company: Company, rng: np.random.Generator) -> masks.Mask:
        """A hole of a kind that does not ask what it lies on; boxes where there is nothing to make it of."""
        size = self.config.size
        if draw := shapes.DRAWN.get(kind.replace("_", "-")):
            return draw(size, size, rng)
        match kind:
            case "files" if self.mask_files:
                return self.mask_files.draw(size, size, rng)
            case "objects" if self.object_ids and (labelled := company.showing(self.object_ids)):
                other = labelled[int(rng.integers(len(labelled)))].load()[1]
                shaped = shapes.objects(other, self.object_ids, size, size, rng)
                return shapes.boxes(size, size, rng) if shaped is None else shaped
            case "empty":
                return np.zeros((size, size), bool)
            case _:
                return shapes.boxes(size, size, rng)

    def _source(self, labels: LabelSet | None) -> Source:
        config = self.config
        if config.shards:
            return Sharded(config.shards, labels, self.seed, buffer=config.buffer, short_side=config.short_side[1])
        if not config.sources:
            raise ConfigError("data.sources is empty: name at least one data set or folder, or the shards of `scenefill pack`")
        root = data_root(config.root) if any(":" in entry for entry in config.sources) else ""
        coded = label_sets.get(config.folder_label_set) if config.folder_label_set else labels
        found = InMemory(self.seed)
        for entry in config.sources:
            source, star, times = entry.partition("*")
            if star and not (times.strip().isdecimal() and int(times)):
                raise ConfigError(f'data.sources: "*{times}" in "{entry}" is not a whole number of times, such as "* 3"')
            dataset = public.source(source.strip(), root, coded)
            found.add(dataset, labels, config.short_side[1], int(times) if star else 1, config.workers)
        return found

    def _mask_files(self) -> shapes.MaskFiles:
        named = self.config.mask_files
        where = Path(named)
        if ":" not in named and not where.is_dir():
            where = data_root(self.config.root) / named
        if where.is_dir():
            files = shapes.MaskFiles(where)
        elif ":" in named:
            files = public.masks(named, data_root(self.config.root))
        else:
            raise DataError(f"data.mask_files: there is no folder {where}")
        return files.training() if self.config.mask_files_held_out else files


def _signed(pictures: NDArray[np.uint8]) -> Tensor:
    """(B, H, W, 3) uint8 -> (B, 3, H, W) float32 in [-1, 1]."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div_(127.5).sub_(1).contiguous()


def to_device(batch: Batch, device: torch.device) -> Batch:
    """The same batch on another device, pictures channels last."""

    def moved(t: Tensor) -> Tensor:
        layout = torch.channels_last if t.dim() == 4 else torch.preserve_format
        return t.to(device, non_blocking=True, memory_format=layout)

    return Batch(*map(moved, batch))
