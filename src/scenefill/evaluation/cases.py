"""Which hole in which part of which photo: fixed cases that every model is given, and the hash that proves it.

Protocol: the largest square in the middle of the photo, brought to 256x256 (the short side to 256, then a centre crop): by area
where it shrinks, bicubic where it grows; label maps and mask files by the nearest pixel.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..data import public
from ..data.folder import Dataset
from ..errors import ConfigError, MaskError
from ..labels import UNKNOWN, LabelMap, LabelSet
from ..pictures import shapes
from ..pictures.masks import Mask
from ..pictures.shapes import MaskFiles

SIZE = 256
COMPLEXITY_SHARE = 0.01
"""A class counts for the complexity of a scene where it covers at least this share of the known labels."""

MASKS = (*shapes.DRAWN, "irregular", "removal", "removal-residue")


@dataclass(frozen=True)
class Square:
    """A part of a photo, in its pixels, orientation applied."""

    top: int
    left: int
    side: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.top + self.side), slice(self.left, self.left + self.side)


@dataclass(frozen=True)
class Case:
    """One hole to fill; together with the photo and the mask file it says everything."""

    dataset: str
    item: str
    crop: Square
    mask: str
    """A kind of `shapes.DRAWN`, "file:NAME" below the mask folder, or "removal:ITEM" and "removal-residue:ITEM" with the
    photo whose movable things give the outline."""
    seed: int
    """For what is drawn."""


@dataclass(frozen=True)
class Sample:
    """A case as pixels."""

    case: Case
    image: NDArray[np.uint8]
    """(size, size, 3) RGB, the whole truth."""
    labels: LabelMap
    """(size, size), 255 everywhere without labels."""
    mask: Mask
    """(size, size) bool, True = hole."""
    given: NDArray[np.uint8]
    """(size, size, 3): the photo as it is given to a model, with what a removed object left around the hole."""

    @property
    def blanked(self) -> NDArray[np.uint8]:
        """What a model is given: the hole is grey, so that nothing of the truth can leak."""
        return np.where(self.mask[..., None], np.uint8(128), self.given)

    @cached_property
    def complexity(self) -> int:
        """How many classes the scene holds; 0 without labels. A partial label counts as a class."""
        counts = np.bincount(self.labels[self.labels != UNKNOWN], minlength=1)
        return int((counts >= max(1, COMPLEXITY_SHARE * counts.sum())).sum())

    @cached_property
    def content(self) -> int:
        """The id that most of the hole's known pixels have; 255 without any."""
        inside = self.labels[self.mask & (self.labels != UNKNOWN)]
        return int(np.bincount(inside).argmax()) if inside.size else UNKNOWN


@dataclass(frozen=True)
class CaseSet:
    """Fixed cases and where their photos, labels and masks are; `cases[i]` loads one."""

    cases: tuple[Case, ...]
    dataset: Dataset
    masks: str
    """What `build` was asked for."""
    labels: LabelSet | None
    """The classes that label maps are brought to. None: without labels."""
    mask_files: MaskFiles | None = None
    size: int = SIZE

    def __len__(self) -> int:
        return len(self.cases)

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Sample:
        """Raises ImageError, LabelError or MaskError for a file that cannot be used."""
        case = self.cases[index]
        image, labels = self._square(case.item, case.crop)
        if not case.mask.startswith("removal"):
            return Sample(case, image, labels, self._mask(case), image)
        kind, _, item = case.mask.partition(":")
        other, other_labels = self._square(item)
        rng, movable = np.random.default_rng(case.seed), _movable(self.labels)
        hole = shapes.removal(labels, other_labels, movable, rng)
        if hole is None:
            raise MaskError(f"nothing of {item} can be laid over the background of {case.item}: make the cases anew")
        given = shapes.residue(image, hole, other, other_labels, movable, rng) if "residue" in kind else image
        return Sample(case, image, labels, hole, given)

    def _square(self, item: str, crop: Square | None = None) -> tuple[NDArray[np.uint8], LabelMap]:
        """A photo and its map at the size of the cases; without `crop`, their middle."""
        image, labels = self.dataset.load(self._positions[item], self.labels)
        return square(image, labels, crop or _middle(image), self.size)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {item.name: index for index, item in enumerate(self.dataset.items)}

    def _mask(self, case: Case) -> Mask:
        if draw := shapes.DRAWN.get(case.mask):
            return draw(self.size, self.size, np.random.default_rng(case.seed))
        if self.mask_files is None:
            raise MaskError(f'case {case.item} asks for mask "{case.mask}" but there is no folder of masks')
        name = case.mask.removeprefix("file:")
        mask = _nearest(self.mask_files[self.mask_files.names.index(name)].astype(np.uint8), self.size).astype(bool)
        if not mask.any() or mask.all():
            raise MaskError(
                f"mask {name} is {'all' if mask.all() else 'without a'} hole at {self.size}x{self.size}; leave it out"
            )
        return mask

    def to_json(self) -> str:
        """The cases as text, always the same for the same cases."""
        labels = self.labels.name if self.labels else None
        head = {"format": 1, "dataset": self.dataset.name, "label_set": labels, "masks": self.masks, "size": self.size}
        return json.dumps({**head, "cases": [asdict(case) for case in self.cases]}, indent=1)

    @property
    def digest(self) -> str:
        """sha256 of `to_json`: equal digests, equal cases."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def build(
    dataset: Dataset,
    mask: str,
    *,
    labels: LabelSet | None = None,
    masks_dir: Path | None = None,
    root: str | Path = "",
    count: int | None = None,
    seed: int = 0,
    size: int = SIZE,
) -> CaseSet:
    """One case per photo, or `count` of them spread evenly over the sorted photos.

    mask: a kind of `shapes.DRAWN` ("centre" is a square of half the side), "irregular" (every sixth file of `masks_dir`,
    `MaskFiles.held_out`), "removal" (outlines of the movable things of another photo, over background), "removal-residue" (with
    what such a thing leaves in the known pixels: `shapes.residue`), a folder of masks, or "nvidia-masks:20-30" and the like of a
    public set below `root` (`data.public.masks`). A photo without enough background for the things of another has no case then.
    A photo keeps its mask when `count` changes; a mask file is used again only when there are fewer files than photos.
    Raises ConfigError for an unknown kind of mask, DataError for an unknown set, MaskError where there are no masks.
    """
    files = None
    if mask == "irregular":
        if masks_dir is None:
            raise ConfigError("irregular masks need the folder that holds them (--masks-dir)")
        files = MaskFiles(masks_dir).held_out()
    elif mask not in MASKS:
        if not Path(mask).is_dir() and ":" not in mask:
            raise ConfigError(f'masks "{mask}" are not known; give a folder of masks or one of {", ".join(MASKS)}')
        files = public.masks(mask, root)
    rng = np.random.default_rng(seed)
    seeds = rng.integers(2**31, size=len(dataset))
    chosen = range(len(dataset))
    if count is not None and count < len(dataset):
        chosen = np.linspace(0, len(dataset) - 1, count).round().astype(int).tolist()
    if mask.startswith("removal"):
        return _removals(dataset, mask, labels, chosen, seeds, size)
    if files is None:
        names = [mask] * len(dataset)
    else:
        rounds = -(-len(dataset) // len(files))
        order = np.concatenate([rng.permutation(len(files)) for _ in range(rounds)])
        names = [f"file:{files.names[index]}" for index in order[: len(dataset)]]
    cases = tuple(
        Case(dataset.name, dataset.items[i].name, _middle(dataset.load(i, None)[0]), names[i], int(seeds[i])) for i in chosen
    )
    return CaseSet(cases, dataset, Path(mask).name, labels, files, size)


def _movable(labels: LabelSet | None) -> tuple[int, ...]:
    if labels is None or not labels.movable:
        name = "none" if labels is None else labels.name
        raise ConfigError(f'removal holes need label maps and a label set that says what is movable; given is "{name}"')
    return labels.ids(labels.movable)


OTHERS = 40
"""So many other photos at most are asked for an outline that fits."""


def _removals(
    dataset: Dataset, mask: str, labels: LabelSet | None, chosen: Sequence[int], seeds: NDArray[np.int_], size: int
) -> CaseSet:
    movable = _movable(labels)
    parts = [dataset.load(index, labels) for index in range(len(dataset))]
    maps = [square(image, ids, _middle(image), size)[1] for image, ids in parts]
    cases = []
    for index in chosen:
        for other in np.random.default_rng(seeds[index]).permutation(len(dataset))[:OTHERS]:
            rng = np.random.default_rng(seeds[index])
            if other != index and shapes.removal(maps[index], maps[other], movable, rng) is not None:
                crop, name = _middle(parts[index][0]), f"{mask}:{dataset.items[other].name}"
                cases.append(Case(dataset.name, dataset.items[index].name, crop, name, int(seeds[index])))
                break
    return CaseSet(tuple(cases), dataset, mask, labels, None, size)


def square(image: NDArray[np.uint8], labels: LabelMap, crop: Square, size: int) -> tuple[NDArray[np.uint8], LabelMap]:
    """The cropped part of photo (H, W, 3) and label map (H, W) at (size, size): see the protocol above."""
    part = np.ascontiguousarray(image[crop.slices])
    way = cv2.INTER_AREA if crop.side > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (size, size), interpolation=way), np.uint8), _nearest(labels[crop.slices], size)


def _nearest(array: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    sized = cv2.resize(np.ascontiguousarray(array), (size, size), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(sized, np.uint8)


def _middle(image: NDArray[np.uint8]) -> Square:
    """The largest square in the middle of a photo."""
    height, width = image.shape[:2]
    side = min(height, width)
    return Square((height - side) // 2, (width - side) // 2, side)
