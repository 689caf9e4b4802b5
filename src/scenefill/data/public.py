"""Public data sets: one function per set that knows its layout on disk, its splits and how its label files are coded.

    open("camvid", root, "train")

`root` is the folder that holds the folder(s) named in the docstring of each function; `splits` lists what can be opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from ..errors import DataError
from ..labels import get
from .folder import Dataset, folder


def open(name: str, root: str | Path, split: str) -> Dataset:  # noqa: A001
    """The photos of one split of a public data set, sorted by name, as `Dataset` "NAME/SPLIT".

    Raises DataError for an unknown data set or split (with the known ones), a missing or empty folder (with the layout that is
    expected below `root`), and photos and label maps that do not pair.
    """
    if name not in _SETS:
        raise DataError(f'there is no public data set "{name}"; known are: {", ".join(_SETS)}')
    if split not in splits(name):
        raise DataError(f'data set {name} has no split "{split}"; it has: {", ".join(splits(name))}')
    opener = _SETS[name][0]
    return replace(opener(Path(root), split), name=f"{name}/{split}")


def available() -> tuple[str, ...]:
    """Names of all public data sets that `open` knows."""
    return tuple(_SETS)


def splits(name: str) -> tuple[str, ...]:
    """Names of the splits of a data set."""
    return _SETS[name][1]


def camvid(root: Path, split: str) -> Dataset:
    """CamVid, 11 classes at 480x360: camvid/{train,val,test}/{images,labels}.

    "test-seq05vd" is the part of the test split whose sequence, Seq05VD, has no frame in the training split.
    """
    data = _pairs(root / "camvid" / split.removesuffix("-seq05vd"), "camvid")
    return data.subset([i.name for i in data.items if i.name.startswith("Seq05VD")]) if split == "test-seq05vd" else data


def labelmefacade(root: Path, split: str) -> Dataset:
    """LabelMeFacade: labelmefacade/{train,test}/{images,labels}, files named SERIES__PHOTO.

    "train" is "train-fit" plus "train-val", the last tenth of its series by sorted name.
    """
    part, _, share = split.partition("-")
    return _share(_pairs(root / "labelmefacade" / part, "labelmefacade"), share, lambda name: name.split("__")[0])


def idd_lite(root: Path, split: str) -> Dataset:
    """IDD Lite: idd_lite/{train,val}/{images,labels} and idd_lite/unlabelled/images, files named SEQUENCE_FRAME.

    "train" is "train-fit" plus "train-val", the last tenth of its sequences by sorted name.
    """
    part, _, share = split.partition("-")
    if part == "unlabelled":
        return folder(root / "idd_lite" / part / "images")
    return _share(_pairs(root / "idd_lite" / part, "idd-lite"), share, lambda name: name.split("_")[0])


def bsds500(root: Path, split: str) -> Dataset:
    """BSDS500, natural photos without labels: bsds500/{train,val}."""
    return folder(root / "bsds500" / split)


def _pairs(root: Path, label_set: str) -> Dataset:
    return folder(root / "images", root / "labels", get(label_set))


def _share(data: Dataset, share: str, group: Callable[[str], str]) -> Dataset:
    """All of `data` (share ""), its last tenth of groups by sorted name ("val"), or the rest ("fit"); groups stay whole."""
    groups = sorted({group(item.name) for item in data.items})
    held_out = set(groups[-max(1, round(len(groups) / 10)) :])
    return data.subset([i.name for i in data.items if not share or (group(i.name) in held_out) == (share == "val")])


_SETS: Mapping[str, tuple[Callable[[Path, str], Dataset], tuple[str, ...]]] = {
    "camvid": (camvid, ("train", "val", "test", "test-seq05vd")),
    "labelmefacade": (labelmefacade, ("train", "test", "train-fit", "train-val")),
    "idd-lite": (idd_lite, ("train", "val", "unlabelled", "train-fit", "train-val")),
    "bsds500": (bsds500, ("train", "val")),
}
