"""Photos in a folder, with or without label maps: found, paired by stem, loaded one at a time.

images/street/a.jpg   pairs with   labels/street/a.png   under the name "street/a"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..labels import UNKNOWN, LabelMap, LabelSet, remap
from ..pictures import images as image_files
from ..pictures.folders import by_name


@dataclass(frozen=True)
class Item:
    """One photo of a data set."""

    name: str
    """Unique within its data set: the path below the data set's folder without its suffix."""
    image: Path
    labels: Path | None = None


@dataclass(frozen=True)
class Dataset:
    """An ordered list of photos; nothing is read before `load`."""

    name: str
    items: tuple[Item, ...]
    labels: LabelSet | None = None
    """How the label files are coded. None: there are no label files."""
    aspect: float | None = None
    """Width over height that the photos are stretched to, where their files hold them squeezed."""

    @classmethod
    def of_photos(cls, name: str, photos: Mapping[str, Path]) -> Dataset:
        """Photos without label maps, by their unique names."""
        return cls(name, tuple(Item(key, path) for key, path in photos.items()))

    def __len__(self) -> int:
        return len(self.items)

    def load(self, index: int, target: LabelSet | None) -> tuple[NDArray[np.uint8], LabelMap]:
        """Photo (H, W, 3) uint8 RGB and its label map (H, W) uint8 in the ids of `target`.

        The map is 255 (unknown) everywhere where the photo has no label file, or when `target` is None: then it is not read.
        Raises ImageError or LabelError for a file that cannot be used, DataError when photo and map differ in size.
        """
        item = self.items[index]
        image = self._stretched(image_files.read(item.image).rgb8(), cv2.INTER_CUBIC)
        if item.labels is None or self.labels is None or target is None:
            return image, np.full(image.shape[:2], UNKNOWN, np.uint8)
        labels = self._stretched(image_files.read_labels(item.labels, self.labels), cv2.INTER_NEAREST_EXACT)
        if labels.shape != image.shape[:2]:
            (h, w), (label_h, label_w) = image.shape[:2], labels.shape
            raise DataError(
                f"{item.image} is {w}x{h} but its label map {item.labels} is {label_w}x{label_h}; they must be of one size"
            )
        return image, remap(labels, self.labels, target)

    def _stretched(self, pixels: NDArray[np.uint8], way: int) -> NDArray[np.uint8]:
        if self.aspect is None:
            return pixels
        height = pixels.shape[0]
        return np.asarray(cv2.resize(pixels, (round(self.aspect * height), height), interpolation=way), np.uint8)

    def subset(self, keep: Iterable[str] | slice) -> Dataset:
        """The photos of these names, in the order of this data set, or a slice of it.

        Raises DataError for a name that it does not have.
        """
        if isinstance(keep, slice):
            return replace(self, items=self.items[keep])
        wanted = set(keep)
        if missing := wanted - {item.name for item in self.items}:
            raise DataError(f"data set {self.name} has no photo named {listed(missing)}")
        return replace(self, items=tuple(item for item in self.items if item.name in wanted))


def folder(
    images: str | Path, labels: str | Path | None = None, label_set: LabelSet | None = None, *, name: str | None = None
) -> Dataset:
    """All pictures below `images`, sorted by name, each with the map of the same relative path and stem below `labels`.

    Raises DataError when a folder is missing or holds no pictures, or when photos and maps do not pair one to one.
    """
    photos = by_name(images)
    name = name or str(images)
    if labels is None:
        return Dataset.of_photos(name, photos)
    if label_set is None:
        raise DataError(f"label maps in {labels} need a label set that says what their ids mean")
    return paired(name, photos, by_name(labels), label_set)


def paired(name: str, photos: Mapping[str, Path], maps: Mapping[str, Path], label_set: LabelSet) -> Dataset:
    """Photos and label maps of the same key. Raises DataError that lists what has no partner."""
    for what, partner, lone, total in (
        ("photos", "label map", photos.keys() - maps.keys(), len(photos)),
        ("label maps", "photo", maps.keys() - photos.keys(), len(maps)),
    ):
        if lone:
            raise DataError(f"data set {name}: {len(lone)} of {total} {what} have no {partner} of the same name: {listed(lone)}")
    return Dataset(name, tuple(Item(key, path, maps[key]) for key, path in photos.items()), label_set)


def listed(names: Iterable[str], most: int = 3) -> str:
    """The first few names, sorted, and how many more there are."""
    ordered = sorted(names)
    more = f" and {len(ordered) - most} more" if len(ordered) > most else ""
    return ", ".join(ordered[:most]) + more
