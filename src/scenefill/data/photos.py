"""What a stream draws its samples from: photos in memory here, shards that are read one after the other in sharded.py.

Position n of the endless row is the same photo whatever came before, so that a run goes on where it was broken off, and several
processes share one row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..labels import LabelMap, LabelSet
from .augment import resize_short_side
from .folder import Dataset

Pair = tuple[NDArray[np.uint8], LabelMap]
"""Photo (H, W, 3) uint8 RGB and its label map (H, W) uint8, 255 where unknown."""

GRID = 8
"""Every so many pixels a label map is looked at for what it shows."""


class Photo(Protocol):
    """A photo and its map."""

    def load(self) -> Pair: ...

    def shows(self, ids: Sequence[int]) -> bool:
        """Whether one of these classes is seen, at every GRID-th pixel."""


class Company(Protocol):
    """Other photos, whose things serve as outlines of holes."""

    def showing(self, ids: tuple[int, ...]) -> Sequence[Photo]:
        """Those that show one of some classes."""


class Drawn(NamedTuple):
    """A photo at its place in the row."""

    photo: Photo
    company: Company


class Source(Protocol):
    """An endless row of photos; one pass over the data after the other, each in another order."""

    def __len__(self) -> int:
        """Photos of one pass."""

    def photos(self, positions: Iterable[int]) -> Iterator[Drawn]:
        """The photos at some positions of the row, which rise."""


class Held(NamedTuple):
    """A photo in memory."""

    image: NDArray[np.uint8]
    labels: LabelMap

    def load(self) -> Pair:
        return self.image, self.labels

    def shows(self, ids: Sequence[int]) -> bool:
        return bool(np.isin(self.labels[::GRID, ::GRID], ids).any())


class InMemory:
    """All photos at once, each as often in a pass as it counts."""

    def __init__(self, seed: int) -> None:
        self.held: list[Held] = []
        self.order: list[int] = []
        self._permutation = lru_cache(2)(lambda epoch: np.random.default_rng((seed, 1, epoch)).permutation(len(self.order)))
        self.showing = lru_cache(None)(self._showing)

    def add(self, dataset: Dataset, labels: LabelSet | None, short_side: int, times: int, workers: int) -> None:
        """The photos of a data set, shrunk to the largest size that is asked of them."""

        def load(index: int) -> Held:
            return Held(*resize_short_side(*dataset.load(index, labels), short_side))

        start = len(self.held)
        with ThreadPoolExecutor(workers) as pool:
            self.held += pool.map(load, range(len(dataset)))
        self.order += list(range(start, len(self.held))) * times

    def __len__(self) -> int:
        return len(self.order)

    def photos(self, positions: Iterable[int]) -> Iterator[Drawn]:
        for position in positions:
            epoch, index = divmod(position, len(self.order))
            yield Drawn(self.held[self.order[self._permutation(epoch)[index]]], self)

    def _showing(self, ids: tuple[int, ...]) -> Sequence[Photo]:
        return [photo for photo in self.held if photo.shows(ids)]
