"""The endless row of photos out of shards: read one after the other, mixed in a buffer, and begun anywhere.

In each pass the shards come in another order, and a buffer of so many photos is kept of which one, drawn at random, makes place
for the next that is read. What is drawn depends on numbers alone: the whole order of a pass is known before a byte is read.
Whoever begins in the middle reads from the first shard that still counts, and every process of several sees the same row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..labels import UNKNOWN, LabelSet, remap
from . import shards
from .augment import resize_short_side
from .photos import Drawn, Pair, Photo

COMPANY = 16
"""So many photos before it in the row lend a photo the outlines of their things."""


class Packed:
    """A photo as the files of a shard, decoded whenever it is asked for."""

    def __init__(self, entry: shards.Entry, source: Sharded) -> None:
        self._entry, self._source = entry, source

    def load(self) -> Pair:
        image, ids = shards.pair(self._entry, self._source.coded)
        return resize_short_side(image, self._source.table[ids], self._source.short_side)

    def shows(self, ids: Sequence[int]) -> bool:
        return bool({int(self._source.table[number]) for number in shards.classes(self._entry)} & set(ids))


class Nearby:
    """The photos that came before one."""

    def __init__(self, others: Sequence[Packed]) -> None:
        self._others = others

    def showing(self, ids: tuple[int, ...]) -> Sequence[Photo]:
        return [other for other in self._others if other.shows(ids)]


class Sharded:
    """The photos of the shards at an address.

    labels: the classes that their maps are brought to; None: all unknown.   buffer: photos among which the next one is drawn.
    short_side: what they are brought to, the largest size that is asked for.
    Raises DataError where there are none, or none of their classes is one of `labels`.
    """

    def __init__(self, address: str, labels: LabelSet | None, seed: int, *, buffer: int, short_side: int) -> None:
        self.address, self.seed, self.buffer, self.short_side = address, seed, buffer, short_side
        self.index = shards.read_index(address)
        self.names, self.counts = tuple(self.index.shards), tuple(self.index.shards.values())
        self.coded = self.index.labels
        self.table = np.full(256, UNKNOWN, np.uint8)
        self.held = 0
        """Photos that are in memory now."""
        if labels is not None and self.coded is not None:
            known = np.array([*range(len(self.coded)), *self.coded.partial], np.uint8)
            self.table[known] = remap(known, self.coded, labels)
            if (self.table == UNKNOWN).all():
                raise DataError(
                    f"the shards at {address} have the classes of {self.coded.name}, of which {labels.name} knows none"
                )
        self._plan = lru_cache(2)(self._planned)

    def __len__(self) -> int:
        return sum(self.counts)

    def photos(self, positions: Iterable[int]) -> Iterator[Drawn]:
        """See `Source`. What is held has been read, and is still to come or to lend; `first` is where the pass begins."""
        wanted = iter(positions)
        target = next(wanted, None)
        while target is not None:
            held: dict[int, Packed] = {}
            first = target // len(self) * len(self)
            for place, photo in self._read(first // len(self), max(first, target - COMPANY)):
                held[place] = photo
                self.held = len(held)
                while target is not None and target < first + len(self):
                    around = range(max(first, target - COMPANY), target + 1)
                    if not all(other in held for other in around):
                        break
                    yield Drawn(held[target], Nearby([held[other] for other in around[:-1]] or [held[target]]))
                    target = next(wanted, None)
                    for gone in [other for other in held if target is None or other < target - COMPANY]:
                        del held[gone]
                if target is None or target >= first + len(self):
                    break

    def _read(self, epoch: int, start: int) -> Iterator[tuple[int, Packed]]:
        """Places in the row and the photos there, of a pass, in the order of reading; without those before `start`."""
        order, drawn = self._plan(epoch)
        done = 0
        for shard in order:
            count = self.counts[shard]
            places = drawn[done : done + count]
            done += count
            if (places >= start).any():
                for place, entry in zip(places.tolist(), shards.entries(self.address, self.names[shard], count), strict=False):
                    if place >= start:
                        yield place, Packed(entry, self)

    def _planned(self, epoch: int) -> tuple[list[int], NDArray[np.int64]]:
        """The shards in the order of this pass; and for each photo, in the order of reading, its place in the row."""
        rng = np.random.default_rng((self.seed, 1, epoch))
        order, total = rng.permutation(len(self.counts)).tolist(), len(self)
        slots = rng.integers(self.buffer, size=total)
        place, held = np.empty(total, np.int64), list[int]()
        drawn = epoch * total
        for read in range(total):
            if len(held) < self.buffer:
                held.append(read)
                continue
            place[held[slots[read]]] = drawn
            held[slots[read]] = read
            drawn += 1
        place[np.array(held)[rng.permutation(len(held))]] = np.arange(drawn, drawn + len(held))
        return order, place
