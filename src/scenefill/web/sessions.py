"""Photos that the editor works on: each with its fills, in memory, bounded in number, size and age."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from PIL.Image import Resampling

from ..filling.result import Result, Scores
from ..labels import LabelMap, LabelSet
from ..pictures import images, masks
from ..pictures.images import Picture, Pixels
from ..pictures.masks import Mask
from . import intake
from .pool import Job

CELL = 64
"""Side in pixels of the cells that tell apart where a fill changed the photo."""
JOBS = 32
"""So many of the last jobs of a session can be asked about."""
MAPS = 4
"""So many of the last maps of whole pictures are kept, encoded, for pages."""
LOOKS = 2
"""So many are kept as they are, for clicks."""
THUMBNAIL = 256
"""Longest side in pixels."""


@dataclass(frozen=True, eq=False)
class Patch:
    """A rectangle of a photo that a fill replaced."""

    top: int
    left: int
    pixels: Pixels
    """(height, width, 1|3), as in the photo."""

    @property
    def slices(self) -> tuple[slice, slice]:
        """The rectangle as an index of the photo."""
        height, width = self.pixels.shape[:2]
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


class Semantics:
    """What a model says of a picture, encoded."""

    def __init__(self, labels: LabelMap, confidence: Scores, label_set: LabelSet, hole: Mask | None = None) -> None:
        """labels: (H, W) ids.   confidence: (H, W) in 0..1.   hole: (H, W), what was filled."""
        self.labels = intake.grey(labels)
        """8-bit grey PNG of class ids."""
        self.confidence = intake.grey(np.rint(confidence * 255).astype(np.uint8))
        """8-bit grey PNG, 255 = certain, as `Result.save_confidence` writes it."""
        self.palette = images.encode_labels(labels, label_set)
        """The ids as a palette PNG, as `Result.save_labels` writes it."""
        self.in_hole = float(confidence[hole].mean()) if hole is not None and hole.any() else 1.0
        """Mean confidence in the hole, 0..1."""

    @classmethod
    def of(cls, result: Result, label_set: LabelSet) -> Semantics:
        """Of a fill. The model may have to look at the photo again for it."""
        labels, confidence = result.labels, result.confidence
        assert labels is not None, "it has a label set"
        assert confidence is not None, "it has a label set"
        return cls(labels, confidence, label_set, result.mask)

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.labels) + len(self.confidence) + len(self.palette)


@dataclass(eq=False)
class Fill:
    """One variant of a photo, kept as what it changed."""

    id: str
    base: str | None
    """The fill whose picture it goes on from; None: the photo as it was opened."""
    model: str
    seconds: float
    shape: tuple[int, int]
    hole: bytes
    """(H, W) in bits."""
    hole_ratio: float
    patches: tuple[Patch, ...]
    warnings: tuple[str, ...]
    semantics: Job[Semantics] | None = None
    """None for a model without semantics."""

    @classmethod
    def of(
        cls, number: str, base: str | None, model: str, seconds: float, result: Result, margin: int, said: Sequence[str]
    ) -> Fill:
        """margin: pixels round the hole that may have changed too."""
        pixels = result.picture.pixels
        patches = tuple(
            Patch(top, left, pixels[top:bottom, left:right].copy()) for top, left, bottom, right in boxes(result.mask, margin)
        )
        height, width = result.mask.shape
        bits, ratio = np.packbits(result.mask).tobytes(), masks.ratio(result.mask)
        return cls(number, base, model, seconds, (height, width), bits, ratio, patches, tuple(said))

    @property
    def mask(self) -> Mask:
        """(H, W) bool: what was filled."""
        height, width = self.shape
        return np.unpackbits(np.frombuffer(self.hole, np.uint8), count=height * width).reshape(height, width).astype(bool)

    @property
    def size(self) -> int:
        """Bytes."""
        known = self.semantics.future if self.semantics else None
        seen = known.result().size if known and known.done() and not known.exception() else 0
        return len(self.hole) + sum(patch.pixels.nbytes for patch in self.patches) + seen


@dataclass(eq=False)
class Session:
    """A photo that is being edited."""

    id: str
    name: str
    """Of the file that was opened."""
    picture: Picture
    mask: Mask | None = None
    labels: LabelMap | None = None
    fills: dict[str, Fill] = field(default_factory=dict)
    maps: OrderedDict[str, Semantics] = field(default_factory=OrderedDict)
    """Of whole pictures, the last that were asked for."""
    looks: OrderedDict[tuple[str, str | None], LabelMap] = field(default_factory=OrderedDict)
    """Label maps (H, W) by model and fill (None: the photo), the last that were needed."""
    jobs: OrderedDict[str, Job[Any]] = field(default_factory=OrderedDict)
    used: float = field(default_factory=time.monotonic)
    asking: int = 0
    """How many requests wait for what is made of it."""
    _made: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def number(self) -> str:
        """An id for a fill or a map."""
        self._made += 1
        return str(self._made)

    def keep(self, fill: Fill, most: int) -> bool:
        """Adds a fill; where the session then has more than `most` bytes, the oldest go that no other goes on from.

        False where even that does not make room: the fill is not kept then.
        """
        with self._lock:
            self.fills[fill.id] = fill
            while self.size > most:
                bases = {other.base for other in self.fills.values()}
                free = [number for number in self.fills if number not in bases and number != fill.id]
                if not free:
                    del self.fills[fill.id]
                    return False
                del self.fills[free[0]]
            return True

    def keep_map(self, seen: Semantics) -> str:
        """Adds the map of a whole picture, and returns its id."""
        number = self.number()
        self.maps[number] = seen
        while len(self.maps) > MAPS:
            self.maps.popitem(last=False)
        return number

    def keep_look(self, model: str, fill: str | None, labels: LabelMap) -> None:
        """Adds what a model sees in the picture of a fill."""
        with self._lock:
            self.looks[model, fill] = labels
            self.looks.move_to_end((model, fill))
            while len(self.looks) > LOOKS:
                self.looks.popitem(last=False)

    def watch(self, name: str, job: Job[Any]) -> None:
        """Lets a page ask about a job by the name that it gave it."""
        self.jobs[name] = job
        while len(self.jobs) > JOBS:
            self.jobs.popitem(last=False)

    def filled(self, number: str | None) -> Picture:
        """The photo with a fill and all that it goes on from; None: as it was opened."""
        if number is None:
            return self.picture
        chain: deque[Fill] = deque()
        while number is not None:
            chain.appendleft(self.fills[number])
            number = chain[0].base
        pixels = self.picture.pixels.copy()
        for fill in chain:
            for patch in fill.patches:
                pixels[patch.slices] = patch.pixels
        return self.picture.replaced(pixels)

    def patch(self, patch: Patch) -> bytes:
        """A patch as a page shows it: PNG, 8 bits, with the photo's colour profile."""
        alpha = None if self.picture.alpha is None else self.picture.alpha[patch.slices]
        return images.encode(shown(Picture(patch.pixels, alpha, icc=self.picture.icc)), "PNG")

    @property
    def size(self) -> int:
        """Bytes."""
        arrays = (self.picture.pixels, self.picture.alpha, self.mask, self.labels, *self.looks.copy().values())
        maps = (seen.size for seen in list(self.maps.values()))
        return (
            sum(array.nbytes for array in arrays if array is not None)
            + sum(fill.size for fill in list(self.fills.values()))
            + sum(maps)
        )


def boxes(mask: Mask, margin: int) -> list[tuple[int, int, int, int]]:
    """Boxes (top, left, bottom, right) that together hold the mask and `margin` pixels round it; few even for scattered dust."""
    height, width = mask.shape
    rows = np.logical_or.reduceat(mask, np.arange(0, height, CELL), axis=0)
    cells = np.logical_or.reduceat(rows, np.arange(0, width, CELL), axis=1)
    _, _, stats, _ = cv2.connectedComponentsWithStats(cells.astype(np.uint8))
    return [
        (
            max(0, CELL * top - margin),
            max(0, CELL * left - margin),
            min(height, CELL * (top + tall) + margin),
            min(width, CELL * (left + wide) + margin),
        )
        for left, top, wide, tall, _ in stats[1:].tolist()
    ]


def shown(picture: Picture, longest: int | None = None) -> Picture:
    """A picture as a page shows it: 8 bits, without metadata but the colour profile, at most `longest` pixels long."""
    image = images.to_pil(replace(picture, exif=None))
    if longest and longest < max(image.size):
        columns, rows = shown_size(image.size, longest)
        image = image.resize((columns, rows), Resampling.BOX)
    return images.read(image)


def shown_size(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """The size of a picture made at most `longest` pixels long."""
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


class FullError(Exception):
    """There are as many photos as may be, and all of them are in use."""


class Sessions:
    """The open photos. Whoever asks for one keeps it; the one not asked for longest goes first."""

    def __init__(self, count: int, size: int, seconds: float, rest: float = 0.0) -> None:
        """count: of photos.   size: bytes of all of them.   seconds: after which one that nobody asks for goes.

        rest: seconds after which one that nobody asks for has to make room for others.
        """
        self._count = count
        self._size = size
        self._seconds = seconds
        self._rest = rest
        self._open: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def add(self, name: str, picture: Picture, mask: Mask | None, labels: LabelMap | None) -> Session:
        """Opens a photo, and closes others until the bounds hold. Raises FullError where all of them are in use."""
        session = Session(secrets.token_urlsafe(16), name, picture, mask, labels)
        with self._lock:
            self._check()
            self._open[session.id] = session
        self.trim()
        return session

    def check(self) -> None:
        """Raises FullError as `add` would."""
        with self._lock:
            self._check()

    def _check(self) -> None:
        if len(self._open) < self._count:
            return
        oldest = self._idle()
        if oldest is None or oldest.used + self._rest > time.monotonic():
            raise FullError

    def _idle(self) -> Session | None:
        """The one not asked for longest, of those that nobody waits for."""
        return next((session for session in self._open.values() if not session.asking), None)

    @contextlib.contextmanager
    def asked(self, session: Session) -> Iterator[None]:
        """A request waits for what is made of a photo, which stays for so long."""
        with self._lock:
            session.asking += 1
        try:
            yield
        finally:
            with self._lock:
                session.asking -= 1
                session.used = time.monotonic()
                if session.id in self._open:
                    self._open.move_to_end(session.id)

    def get(self, number: str) -> Session:
        """Raises KeyError for a photo that is not, or no longer, in memory."""
        self.trim()
        with self._lock:
            session = self._open[number]
            session.used = time.monotonic()
            self._open.move_to_end(number)
            return session

    def clear(self) -> None:
        """Forgets all photos."""
        with self._lock:
            self._open.clear()
            if self._timer:
                self._timer.cancel()

    def close(self, number: str) -> None:
        """Forgets a photo. Raises KeyError as `get` does."""
        with self._lock:
            del self._open[number]

    def trim(self) -> None:
        """Closes photos until the bounds hold; the newest stays whatever its size."""
        with self._lock:
            while oldest := self._idle():
                newest = next(reversed(self._open.values()))
                over = oldest is not newest and (len(self._open) > self._count or self._total() > self._size)
                if not over and oldest.used + self._seconds > time.monotonic():
                    break
                del self._open[oldest.id]
            self._arm()

    def _arm(self) -> None:
        """A photo that is too old goes even when nobody asks for any other."""
        if self._open and (self._timer in (None, threading.current_thread()) or not self._timer.is_alive()):
            oldest = next(iter(self._open.values()))
            self._timer = threading.Timer(max(0.1, oldest.used + self._seconds - time.monotonic()), self.trim)
            self._timer.daemon = True
            self._timer.start()

    def _total(self) -> int:
        return sum(session.size for session in self._open.values())

    @property
    def size(self) -> int:
        """Bytes of all open photos."""
        with self._lock:
            return self._total()

    def __len__(self) -> int:
        return len(self._open)
