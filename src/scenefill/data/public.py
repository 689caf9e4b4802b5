"""Public data sets: one function per set that knows its layout on disk, its splits and how its label files are coded.

    open("camvid", root, "train")

Nothing is downloaded: `root` is the folder below which the layout named in the table at the end of this file is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import DataError
from ..labels import LabelSet, get
from ..pictures.folders import by_name
from .folder import Dataset, folder, paired


def open(name: str, root: str | Path, split: str) -> Dataset:  # noqa: A001
    """The photos of one split of a public data set, sorted by name, as `Dataset` "NAME/SPLIT".

    Raises DataError for an unknown data set or split (with the known ones), a missing or empty folder (with the layout that is
    expected below `root`), and photos and label maps that do not pair.
    """
    if split not in splits(name):
        raise DataError(f'data set {name} has no split "{split}"; it has: {", ".join(splits(name))}')
    try:
        data = _SETS[name].read(Path(root), split)
    except DataError as error:
        raise DataError(f"{error}; below {root}, {name} is laid out as {_SETS[name].layout}") from None
    return replace(data, name=f"{name}/{split}")


def source(text: str, root: str | Path, label_set: LabelSet | None) -> Dataset:
    """What a config or the command line names: a folder, or "NAME:SPLIT" of a public data set (split "test" where none is given).

    root: of the public sets.   label_set: how the maps of a plain folder are coded.
    A plain folder holds `images/` and perhaps `labels/`, or photos alone. Raises DataError as `open` and `folder.folder` do.
    """
    where = Path(text)
    if where.is_dir():
        photos, maps = where / "images", where / "labels"
        if not photos.is_dir():
            return folder(where, name=text)
        return folder(photos, maps if maps.is_dir() and label_set else None, label_set, name=text)
    name, _, split = text.partition(":")
    return open(name, root, split or "test")


def available() -> tuple[str, ...]:
    """Names of all public data sets that `open` knows."""
    return tuple(_SETS)


def splits(name: str) -> tuple[str, ...]:
    """Names of the splits of a data set. Raises DataError for an unknown one."""
    if name not in _SETS:
        raise DataError(f'there is no public data set "{name}"; known are: {", ".join(_SETS)}')
    return _SETS[name].splits


def camvid(root: Path, split: str) -> Dataset:
    """CamVid (Brostow et al. 2008), 11 classes, 480x360.

    "test-seq05vd" is the part of "test" whose sequence, Seq05VD, has no frame in "train".
    """
    data = _images_and_labels(root / "camvid" / split.removesuffix("-seq05vd"), "camvid")
    return _where(data, lambda name: name.startswith("Seq05VD")) if split == "test-seq05vd" else data


def labelmefacade(root: Path, split: str) -> Dataset:
    """LabelMeFacade (Froehlich et al. 2010), 8 classes. Files are named SERIES__PHOTO.

    "train" is "train-fit" and "train-val": the latter is the last tenth of the series by sorted name.
    """
    part, _, share = split.partition("-")
    return _share(_images_and_labels(root / "labelmefacade" / part, "labelmefacade"), share, lambda name: name.split("__")[0])


def idd_lite(root: Path, split: str) -> Dataset:
    """IDD Lite (Varma et al. 2019), 7 classes, 320x227. Files are named SEQUENCE_FRAME.

    "train" is "train-fit" and "train-val": the latter is the last tenth of the sequences by sorted name.
    "unlabelled" has photos only.
    """
    part, _, share = split.partition("-")
    if part == "unlabelled":
        return folder(root / "idd_lite" / part / "images")
    return _share(_images_and_labels(root / "idd_lite" / part, "idd-lite"), share, lambda name: name.split("_")[0])


def bsds500(root: Path, split: str) -> Dataset:
    """BSDS500 (Arbelaez et al. 2011): natural photos without labels."""
    return folder(root / "bsds500" / split)


def cityscapes(root: Path, split: str) -> Dataset:
    """Cityscapes (Cordts et al. 2016), 19 classes, 2048x1024, from the official archives leftImg8bit and gtFine.

    The labels of the test photos are not public, so "test" has none. "train+test" is the 2,975 + 1,525 photos that SGE-Net
    is trained on; its test photos are unknown everywhere.
    Ids are read from *_labelIds.png; where a part of gtFine has none of these, from *_labelTrainIds.png.
    """
    if split == "train+test":
        train, test = cityscapes(root, "train"), cityscapes(root, "test")
        return replace(train, items=train.items + test.items)
    photos = _ending(by_name(root / "leftImg8bit" / split), "_leftImg8bit")
    if not photos:
        raise DataError(f"folder {root / 'leftImg8bit' / split} holds no *_leftImg8bit.png")
    if split == "test":
        return Dataset.of_photos(split, photos)
    maps = by_name(root / "gtFine" / split)
    if original := _ending(maps, "_gtFine_labelIds"):
        return paired(split, photos, original, get("cityscapes-label-ids"))
    return paired(split, photos, _ending(maps, "_gtFine_labelTrainIds"), get("cityscapes"))


def cityscapes_256(root: Path, split: str) -> Dataset:
    """Cityscapes squeezed to 256x256, as "NNNN.webp" and label train ids; stretched to its 2:1 when a photo is loaded.

    "train" is "train-fit" and "train-val": the latter is every sixth photo by sorted name.
    """
    part, _, share = split.partition("-")
    data = replace(_images_and_labels(root / "cityscapes_256" / part, "cityscapes"), aspect=2.0)
    if not share:
        return data
    held_out = {item.name for item in data.items[5::6]}
    return _where(data, lambda name: (name in held_out) == (share == "val"))


def outdoor_scenes(root: Path, split: str) -> Dataset:
    """Outdoor Scenes (Wang et al. 2018, SFTGAN), 8 classes: 9,900 photos in OutdoorSeg for training, 300 for tests."""
    if split == "train":
        return folder(root / "OutdoorSeg" / "images", root / "OutdoorSeg" / "annotations", get("outdoor-scenes"))
    return folder(root / "OutdoorSceneTest300", root / "OutdoorSceneTest300_anno", get("outdoor-scenes"))


def places2(root: Path, split: str) -> Dataset:
    """Places365-Standard (Zhou et al. 2017), photos only: the high-resolution archives, or "val-256" of the small ones."""
    return folder(root / {"train": "data_large", "val": "val_large", "val-256": "val_256"}[split])


def celeba_hq(root: Path, split: str) -> Dataset:
    """CelebA-HQ (Karras et al. 2018) at 256x256, photos only."""
    return folder(root / f"{split}_256")


def dtd(root: Path, split: str) -> Dataset:
    """Describable Textures (Cimpoi et al. 2014), photos only; the ten official partitions "train1" ... "test10"."""
    lines = _lines(root / "labels" / f"{split}.txt")
    return folder(root / "images").subset(line.rsplit(".", 1)[0] for line in lines)


def cmp_facades(root: Path, split: str) -> Dataset:
    """CMP Facades (Tylecek and Sara 2013), photos only (JPEG; label maps of the same stem lie beside them)."""
    return Dataset.of_photos(split, by_name(root / split, {".jpg"}))


def paris_streetview(root: Path, split: str) -> Dataset:
    """Paris StreetView (Doersch et al. 2012), photos only.

    Its authors hand it out on request and no layout is published: put the photos into two folders.
    """
    return folder(root / "paris-streetview" / split)


def helen(root: Path, split: str) -> Dataset:
    """Helen with the splits of Smith et al. (2013), photos only: its labels are soft maps, one file per class."""
    root = root / "SmithCVPR2013_dataset_resized"
    lines = _lines(root / f"{split}.txt")
    return folder(root / "images").subset(line.rsplit(",", 1)[-1].strip() for line in lines)


def _images_and_labels(root: Path, label_set: str) -> Dataset:
    return folder(root / "images", root / "labels", get(label_set))


def _where(data: Dataset, keep: Callable[[str], bool]) -> Dataset:
    return replace(data, items=tuple(item for item in data.items if keep(item.name)))


def _share(data: Dataset, share: str, group: Callable[[str], str]) -> Dataset:
    """All of `data` (share ""), its last tenth of groups by sorted name ("val"), or the rest ("fit"). Groups stay whole."""
    if not share:
        return data
    groups = sorted({group(item.name) for item in data.items})
    held_out = set(groups[-max(1, round(len(groups) / 10)) :])
    return _where(data, lambda name: (group(name) in held_out) == (share == "val"))


def _ending(files: Mapping[str, Path], ending: str) -> dict[str, Path]:
    """The files whose stem ends so, by what comes before it."""
    return {key.removesuffix(ending): path for key, path in files.items() if key.endswith(ending)}


def _lines(path: Path) -> Iterable[str]:
    if not path.is_file():
        raise DataError(f"there is no list {path}")
    return [line for line in path.read_text("utf-8").splitlines() if line.strip()]


@dataclass(frozen=True)
class _Set:
    read: Callable[[Path, str], Dataset]
    splits: tuple[str, ...]
    layout: str


_SETS: Mapping[str, _Set] = {
    "camvid": _Set(camvid, ("train", "val", "test", "test-seq05vd"), "camvid/{train,val,test}/{images,labels}/*"),
    "labelmefacade": _Set(
        labelmefacade, ("train", "test", "train-fit", "train-val"), "labelmefacade/{train,test}/{images,labels}/SERIES__*"
    ),
    "idd-lite": _Set(
        idd_lite,
        ("train", "val", "unlabelled", "train-fit", "train-val"),
        "idd_lite/{train,val}/{images,labels}/SEQUENCE_* and idd_lite/unlabelled/images/*",
    ),
    "bsds500": _Set(bsds500, ("train", "val"), "bsds500/{train,val}/*"),
    "cityscapes": _Set(
        cityscapes,
        ("train", "val", "test", "train+test"),
        "leftImg8bit/{train,val,test}/CITY/*_leftImg8bit.png and gtFine/{train,val}/CITY/*_gtFine_labelIds.png",
    ),
    "cityscapes-256": _Set(
        cityscapes_256, ("train", "val", "train-fit", "train-val"), "cityscapes_256/{train,val}/{images,labels}/*"
    ),
    "outdoor-scenes": _Set(
        outdoor_scenes,
        ("train", "test"),
        "OutdoorSeg/{images,annotations}/*, OutdoorSceneTest300/* and OutdoorSceneTest300_anno/*",
    ),
    "places2": _Set(places2, ("train", "val", "val-256"), "data_large/, val_large/ and val_256/"),
    "celeba-hq": _Set(celeba_hq, ("train", "test"), "train_256/* and test_256/*"),
    "dtd": _Set(
        dtd,
        tuple(f"{part}{n}" for part in ("train", "val", "test") for n in range(1, 11)),
        "images/TEXTURE/TEXTURE_NNNN.jpg and labels/{train,val,test}{1..10}.txt",
    ),
    "cmp-facades": _Set(cmp_facades, ("base", "extended"), "base/cmp_bNNNN.jpg and extended/cmp_xNNNN.jpg"),
    "paris-streetview": _Set(paris_streetview, ("train", "test"), "paris-streetview/{train,test}/*"),
    "helen": _Set(
        helen,
        ("exemplars", "tuning", "testing"),
        "SmithCVPR2013_dataset_resized/images/* and SmithCVPR2013_dataset_resized/{exemplars,tuning,testing}.txt",
    ),
}
