"""Photos and maps in tar files, as WebDataset lays them out: sets that fit no memory, and no folder, are read from end to end.

FOLDER/index.json    label set, and how many photos each shard holds
FOLDER/00000.tar     KEY.jpg (or .png, .webp), KEY.labels.png where there is a map, KEY.json with its name and its classes

The photos are mixed before they are written, so that neighbours in a shard are no neighbours in the set.
"""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .. import labels as label_sets
from ..errors import DataError, MissingExtraError, OutputError
from ..labels import UNKNOWN, LabelMap, LabelSet
from ..pictures import images
from ..pictures.picture import from_array
from .augment import random_crop, resize_short_side
from .folder import Dataset, Item
from .photos import GRID

FORMAT = 1
INDEX = "index.json"
KEPT_AS_THEY_ARE = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
"""Files of these formats are not encoded again where nothing of the photo changes."""


@dataclass(frozen=True)
class Cut:
    """What becomes of a photo before it is packed."""

    short_side: tuple[int, int] | None = None
    """It is shrunk to a size drawn from this range; None: it stays as it is."""
    crops: int = 0
    """So many squares from anywhere in it are packed in its place, each from another size; 0: the whole photo."""
    size: int = 256
    """Side of these squares."""


@dataclass(frozen=True)
class Index:
    """What lies in a folder of shards."""

    shards: Mapping[str, int]
    """Name -> photos."""
    label_set: str | dict[str, Any] | None
    """How the maps are coded: a name, or the set spelled out. None: there are none."""
    format: int = FORMAT

    @property
    def labels(self) -> LabelSet | None:
        return None if self.label_set is None else label_sets.get(self.label_set)


Entry = dict[str, bytes]
"""The files of one photo, by what follows its key."""


def pack(
    datasets: Sequence[Dataset],
    out: Path,
    labels: LabelSet | None,
    *,
    cut: Cut | None = None,
    per_shard: int = 1000,
    seed: int = 0,
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Index:
    """Writes shards of data sets, whose maps are brought to `labels`, into the folder `out`; it is there when all is written.

    seed: mixes the photos, and draws sizes and places of crops.   progress: hears of photos done and photos in all.
    Raises OutputError where `out` stands (unless `overwrite`) or cannot be written, and what `Dataset.load` raises.
    """
    if out.exists() and not overwrite:
        raise OutputError(f"{out} stands already: give another folder, or --overwrite to replace it")
    cut = cut or Cut()
    every = [(data, index) for data in datasets for index in range(len(data))]
    total, made = len(every) * max(1, cut.crops), _mixed(every, labels, cut, seed)
    part = out.with_name(out.name + ".part")
    shards: dict[str, int] = {}
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        done = 0
        while done < total:
            name, count = f"{len(shards):05}.tar", min(per_shard, total - done)
            with (part / name).open("wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
                for _ in range(count):
                    _add(tar, f"{done:09}", next(made))
                    done += 1
                    progress(done, total)
            shards[name] = count
        index = Index(shards, None if labels is None else label_sets.portable(labels))
        (part / INDEX).write_text(json.dumps(asdict(index), indent=1), "utf-8")
        if out.exists():
            shutil.rmtree(out)
        part.rename(out)
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror or error}") from None
    return index


def _mixed(every: Sequence[tuple[Dataset, int]], labels: LabelSet | None, cut: Cut, seed: int) -> Iterator[Entry]:
    """All photos in an order drawn by the seed; where squares are cut, one of each photo before the second of any."""
    order = np.random.default_rng(seed).permutation(len(every)).tolist()
    drawn = bool(cut.crops or cut.short_side)
    for copy in range(max(1, cut.crops)):
        for place in order:
            data, index = every[place]
            yield _entry(data, index, labels, cut, np.random.default_rng((seed, place, copy)) if drawn else None)


def _entry(data: Dataset, index: int, labels: LabelSet | None, cut: Cut, rng: np.random.Generator | None) -> Entry:
    """One photo, or a square of it, as files. rng: draws size and place; None where nothing is drawn."""
    item = data.items[index]
    image, ids = data.load(index, labels)
    if rng is not None:
        low, high = cut.short_side or (min(ids.shape),) * 2
        side = int(rng.integers(low, high + 1))
        image, ids = resize_short_side(image, ids, max(side, cut.size) if cut.crops else min(side, min(ids.shape)))
        if cut.crops:
            image, ids = random_crop(image, ids, cut.size, rng)
    about = {"name": item.name, "classes": np.setdiff1d(ids[::GRID, ::GRID], [UNKNOWN]).tolist()}
    suffix, content = _encoded(item, image) if rng is None and data.aspect is None else ("png", _png(image))
    entry = {suffix: content, "json": json.dumps(about, ensure_ascii=False).encode()}
    return entry if labels is None or (ids == UNKNOWN).all() else {**entry, "labels.png": _png(ids)}


def _encoded(item: Item, image: NDArray[np.uint8]) -> tuple[str, bytes]:
    """Suffix and bytes: the photo's own file where it says no more than its pixels."""
    with Image.open(item.image) as file:
        plain = file.format in KEPT_AS_THEY_ARE and file.mode == "RGB" and not file.getexif() and "icc_profile" not in file.info
        kind = file.format or ""
    return (KEPT_AS_THEY_ARE[kind], item.image.read_bytes()) if plain else ("png", _png(image))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    return images.encode(from_array(pixels), "PNG")


def _add(tar: tarfile.TarFile, key: str, entry: Entry) -> None:
    for suffix, content in entry.items():
        info = tarfile.TarInfo(f"{key}.{suffix}")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))


def read_index(address: str) -> Index:
    """What lies at a folder or an address. Raises DataError where there are no shards, or they cannot be reached."""
    with opened(f"{address.rstrip('/')}/{INDEX}") as file:
        text = file.read()
    try:
        index = Index(**json.loads(text))
    except (ValueError, TypeError):
        raise DataError(f"{address}/{INDEX} is not what `scenefill pack` writes: pack the photos again") from None
    if index.format != FORMAT:
        raise DataError(f"{address} holds shards of format {index.format}, this scenefill reads format {FORMAT}: update it")
    return index


def opened(url: str) -> BinaryIO:
    """A file on this machine, or at an address, for reading from end to end. Raises DataError, MissingExtraError."""
    import fsspec

    try:
        file: BinaryIO = fsspec.open(url, "rb").open()
    except ImportError as error:
        raise MissingExtraError(f"{url} ({error})", "remote") from None
    except Exception as error:  # whatever the library behind the address raises
        raise DataError(f"{url} cannot be read: {error}") from None
    return file


def entries(address: str, name: str, count: int) -> Iterator[Entry]:
    """The photos of a shard, in their order. Raises DataError for a shard that cannot be read, or holds another number."""
    url, found = f"{address.rstrip('/')}/{name}", 0
    try:
        with opened(url) as file, tarfile.open(fileobj=file, mode="r|") as tar:
            key, entry = "", Entry()
            for member in tar:
                mine, _, suffix = member.name.partition(".")
                if mine != key and entry:
                    found += 1
                    yield entry
                    entry = {}
                content = tar.extractfile(member)
                key, entry[suffix] = mine, content.read() if content else b""
            if entry:
                found += 1
                yield entry
    except (tarfile.TarError, OSError, EOFError) as error:
        raise DataError(f"{url} is damaged, or the connection broke, behind photo {found} of {count} ({error})") from None
    if found != count:
        raise DataError(f"{url} holds {found} photos, and the index says {count}: copy or pack it again")


def pair(entry: Entry, coded: LabelSet | None) -> tuple[NDArray[np.uint8], LabelMap]:
    """Photo (H, W, 3) and map (H, W) in the ids of the shards, 255 without one. Raises ImageError, LabelError."""
    suffix = next(suffix for suffix in KEPT_AS_THEY_ARE.values() if suffix in entry)
    image = images.read(io.BytesIO(entry[suffix])).rgb8()
    if coded is None or "labels.png" not in entry:
        return image, np.full(image.shape[:2], UNKNOWN, np.uint8)
    return image, images.read_labels(io.BytesIO(entry["labels.png"]), coded)


def classes(entry: Entry) -> frozenset[int]:
    """Which classes the map shows, in the ids of the shards."""
    return frozenset(json.loads(entry["json"])["classes"])
