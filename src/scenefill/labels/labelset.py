"""Label sets: which classes a map may hold, how they are named, coloured and stored.

A label map is a uint8 array (H, W) of class ids: 0..K-1 are classes, 255 (`UNKNOWN`) is "not known" or "you decide",
and 128..254 may stand for *sets* of classes (a partial label, such as "building or vegetation"), listed in `LabelSet.partial`.
Files of a data set may use other numbers; `LabelSet.decode` turns them into class ids.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import LabelError

UNKNOWN = 255
FIRST_PARTIAL = 128

LabelMap = NDArray[np.uint8]


@dataclass(frozen=True)
class LabelSet:
    """The classes of one label set, in the order of their ids. What a file says of one is in tables.py.

    >>> street = scenefill.labels.get("street")
    >>> street.id("tree"), street.classes[street.id("car")]
    (4, 'vehicle')
    """

    name: str
    classes: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]
    """One RGB colour per class, 0..255. UNKNOWN is black."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Other names people use -> class name."""
    partial: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Ids 128..254 -> the classes of which one is meant."""
    partial_names: Mapping[str, int] = field(default_factory=dict)
    """What other label sets call such a set of classes -> its id 128..254."""
    file_ids: Mapping[int, int] | None = None
    """Number in the data set's files -> class id, partial id or UNKNOWN. None: files hold class ids."""
    movable: tuple[str, ...] = ()
    """Classes of things that come and go, which people remove: what stands behind them is background."""

    def __post_init__(self) -> None:
        if len(self.classes) != len(self.colours) or len(self.classes) > FIRST_PARTIAL:
            raise LabelError(f"label set {self.name}: {len(self.classes)} classes and {len(self.colours)} colours")

    def __len__(self) -> int:
        return len(self.classes)

    def id(self, name: str) -> int:
        """Class id of a name or alias (any case). Raises LabelError with the nearest name and the whole list."""
        wanted = name.strip().lower().replace("_", " ")
        wanted = self.aliases.get(wanted, wanted)
        if wanted in self.classes:
            return self.classes.index(wanted)
        near = difflib.get_close_matches(wanted, [*self.classes, *self.aliases], n=1)
        hint = f', did you mean "{near[0]}"?' if near else "."
        raise LabelError(f'label set {self.name} has no class "{name}"{hint} It has: {", ".join(self.classes)}')

    def ids(self, names: Iterable[str]) -> tuple[int, ...]:
        """Class ids of several names, without repeats, in the order given."""
        return tuple(dict.fromkeys(self.id(name) for name in names))

    def flags(self, names: Iterable[str]) -> NDArray[np.bool_]:
        """(K,) bool, True for the named classes."""
        flags = np.zeros(len(self), bool)
        flags[list(self.ids(names))] = True
        return flags

    def members(self) -> NDArray[np.bool_]:
        """(256, K) bool: which classes an id of a map allows. A class id allows itself, UNKNOWN allows none."""
        table = np.zeros((256, len(self)), bool)
        table[np.arange(len(self)), np.arange(len(self))] = True
        for number, names in self.partial.items():
            table[number, list(self.ids(names))] = True
        return table

    def decode(self, raw: NDArray[np.uint8], *, where: str = "label map") -> LabelMap:
        """Numbers as a data set's files hold them -> class ids (H, W) uint8. Raises LabelError for an unknown number."""
        table = np.full(256, -1)
        if self.file_ids is None:
            table[: len(self)] = np.arange(len(self))
            for number in self.partial:
                table[number] = number
        else:
            for number, target in self.file_ids.items():
                table[number] = target
        table[UNKNOWN] = UNKNOWN
        return self._translate(raw, table, where)

    def check(self, labels: NDArray[np.uint8], *, where: str = "label map") -> None:
        """Raises LabelError where a map holds an id that is neither a class, a partial label nor UNKNOWN."""
        table = np.full(256, -1)
        table[[*range(len(self)), *self.partial, UNKNOWN]] = 0
        self._translate(labels, table, where)

    def _translate(self, raw: NDArray[np.uint8], table: NDArray[np.int_], where: str) -> LabelMap:
        if raw.dtype != np.uint8 or raw.ndim != 2:
            raise LabelError(f"{where}: a label map is a uint8 array (H, W), this one is {raw.dtype} {raw.shape}")
        out = table[raw]
        if (out < 0).any():
            row, column = np.argwhere(out < 0)[0]
            raise LabelError(
                f"{where}: id {raw[row, column]} at row {row}, column {column} is not in label set {self.name} "
                f"(0..{len(self) - 1} and {UNKNOWN} = unknown)"
            )
        return out.astype(np.uint8)

    def palette(self) -> bytes:
        """768 bytes for a palette PNG: the colour of every id; ids without a colour are black."""
        table = np.zeros((256, 3), np.uint8)
        table[: len(self)] = self.colours
        for number, names in self.partial.items():
            table[number] = np.mean([self.colours[i] for i in self.ids(names)], axis=0)
        return table.tobytes()

    def colourise(self, labels: LabelMap) -> NDArray[np.uint8]:
        """Label map (H, W) -> RGB picture (H, W, 3) uint8."""
        return np.frombuffer(self.palette(), np.uint8).reshape(256, 3)[labels]

    def from_colours(self, rgb: NDArray[np.uint8], *, where: str = "label map") -> LabelMap:
        """Colour-coded map (H, W, 3) uint8 -> class ids; black is UNKNOWN. Raises LabelError for a colour it does not have."""
        code = rgb.astype(np.int64) @ np.array([65536, 256, 1])
        out = np.full(code.shape, -1, np.int64)
        out[code == 0] = UNKNOWN
        for index, (r, g, b) in enumerate(self.colours):
            out[code == r * 65536 + g * 256 + b] = index
        if (out < 0).any():
            row, column = np.argwhere(out < 0)[0]
            r, g, b = (int(v) for v in rgb[row, column])
            raise LabelError(f"{where}: colour ({r}, {g}, {b}) at row {row}, column {column} is not in label set {self.name}")
        return out.astype(np.uint8)


def remap(labels: LabelMap, source: LabelSet, target: LabelSet) -> LabelMap:
    """Class ids of one set -> class ids of another, by name and alias; what the target lacks becomes UNKNOWN.

    A partial label becomes the class that all its members share, a partial label of the target with the same members, or UNKNOWN.
    """
    by_members = {frozenset((name,)): i for i, name in enumerate(target.classes)}
    by_members |= {frozenset(names): number for number, names in target.partial.items()}

    def meaning(name: str) -> frozenset[str]:
        if name in target.partial_names:
            return frozenset(target.partial[target.partial_names[name]])
        return frozenset((target.aliases.get(name, name),))

    table = np.full(256, UNKNOWN, np.uint8)
    for number, names in [*((i, (name,)) for i, name in enumerate(source.classes)), *source.partial.items()]:
        table[number] = by_members.get(frozenset[str]().union(*map(meaning, names)), UNKNOWN)
    return table[labels]
