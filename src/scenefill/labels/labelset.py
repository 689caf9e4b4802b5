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
    """The classes of one label set, in the order of their ids.

    >>> street = get("street")
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


def get(name: str) -> LabelSet:
    """The label set of that name. Raises LabelError that lists the known ones."""
    if name not in _SETS:
        raise LabelError(f'there is no label set "{name}"; known are: {", ".join(sorted(_SETS))}')
    return _SETS[name]


def available() -> tuple[str, ...]:
    """Names of all label sets."""
    return tuple(_SETS)


_STREET = LabelSet(
    name="street",
    classes=("sky", "building", "road", "pavement", "vegetation", "vehicle", "person", "object"),
    colours=(
        (70, 130, 180),
        (170, 90, 80),
        (128, 64, 128),
        (244, 35, 232),
        (107, 142, 35),
        (0, 0, 142),
        (220, 20, 60),
        (230, 190, 60),
    ),
    aliases={
        **dict.fromkeys(("window", "door", "wall", "house", "facade"), "building"),
        **dict.fromkeys(("street", "drivable"), "road"),
        **dict.fromkeys(("sidewalk", "non-drivable"), "pavement"),
        **dict.fromkeys(("tree", "trees", "grass", "terrain", "plant", "bush"), "vegetation"),
        **dict.fromkeys(("car", "truck", "bus", "van", "train", "motorcycle", "bicycle", "vehicles"), "vehicle"),
        **dict.fromkeys(("pedestrian", "cyclist", "bicyclist", "rider", "people", "living things"), "person"),
        **dict.fromkeys(("pole", "sign", "fence", "traffic sign", "traffic light", "roadside objects"), "object"),
    },
    partial={FIRST_PARTIAL: ("building", "vegetation")},
    partial_names={"far objects": FIRST_PARTIAL},
    movable=("vehicle", "person"),
)

_CAMVID = LabelSet(
    name="camvid",
    classes=("sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian", "bicyclist"),
    colours=(
        (128, 128, 128),
        (128, 0, 0),
        (192, 192, 128),
        (128, 64, 128),
        (0, 0, 192),
        (128, 128, 0),
        (192, 128, 128),
        (64, 64, 128),
        (64, 0, 128),
        (64, 64, 0),
        (0, 128, 192),
    ),
    aliases={"vegetation": "tree", "sidewalk": "pavement", "cyclist": "bicyclist", "vehicle": "car"},
    file_ids={**{i: i for i in range(11)}, 11: UNKNOWN},
    movable=("car", "pedestrian", "bicyclist"),
)

_LABELMEFACADE = LabelSet(
    name="labelmefacade",
    classes=("building", "car", "door", "pavement", "road", "sky", "vegetation", "window"),
    colours=((128, 0, 0), (128, 0, 128), (128, 128, 0), (128, 128, 128), (128, 64, 0), (0, 128, 128), (0, 128, 0), (0, 0, 128)),
    aliases={"tree": "vegetation", "vehicle": "car", "sidewalk": "pavement"},
    file_ids={0: UNKNOWN, **{i + 1: i for i in range(8)}},
    movable=("car",),
)

_IDD_LITE = LabelSet(
    name="idd-lite",
    classes=("drivable", "non-drivable", "living things", "vehicles", "roadside objects", "far objects", "sky"),
    colours=((128, 64, 128), (244, 35, 232), (220, 20, 60), (0, 0, 142), (220, 190, 40), (70, 70, 70), (70, 130, 180)),
    aliases={"road": "drivable", "pavement": "non-drivable", "person": "living things", "vehicle": "vehicles", "car": "vehicles"},
    movable=("living things", "vehicles"),
)

_CITYSCAPES = LabelSet(
    name="cityscapes",
    classes=(
        "road",
        "sidewalk",
        "building",
        "wall",
        "fence",
        "pole",
        "traffic light",
        "traffic sign",
        "vegetation",
        "terrain",
        "sky",
        "person",
        "rider",
        "car",
        "truck",
        "bus",
        "train",
        "motorcycle",
        "bicycle",
    ),
    colours=(
        (128, 64, 128),
        (244, 35, 232),
        (70, 70, 70),
        (102, 102, 156),
        (190, 153, 153),
        (153, 153, 153),
        (250, 170, 30),
        (220, 220, 0),
        (107, 142, 35),
        (152, 251, 152),
        (70, 130, 180),
        (220, 20, 60),
        (255, 0, 0),
        (0, 0, 142),
        (0, 0, 70),
        (0, 60, 100),
        (0, 80, 100),
        (0, 0, 230),
        (119, 11, 32),
    ),
    aliases={"tree": "vegetation", "grass": "terrain", "pavement": "sidewalk", "pedestrian": "person", "cyclist": "rider"},
    movable=("person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"),
)

# The files *_gtFine_labelIds.png hold the 34 original ids; 19 of them are trained on.
CITYSCAPES_LABEL_IDS: Mapping[int, int] = {
    **dict.fromkeys(range(34), UNKNOWN),
    7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9, 23: 10, 24: 11, 25: 12, 26: 13, 27: 14,
    28: 15, 31: 16, 32: 17, 33: 18,
}  # fmt: skip

_OUTDOOR = LabelSet(
    name="outdoor-scenes",
    classes=("background", "sky", "water", "grass", "mountain", "building", "plant", "animal"),
    colours=(
        (64, 64, 64),
        (70, 130, 180),
        (40, 90, 230),
        (152, 251, 152),
        (153, 102, 51),
        (170, 90, 80),
        (107, 142, 35),
        (220, 20, 60),
    ),
    aliases={"tree": "plant", "vegetation": "plant"},
    movable=("animal",),
)

_SETS = {s.name: s for s in (_STREET, _CAMVID, _LABELMEFACADE, _IDD_LITE, _CITYSCAPES, _OUTDOOR)}
