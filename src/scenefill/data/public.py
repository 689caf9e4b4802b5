"""Public data sets: one function per set that finds the photos of a split on disk and says how its label files are coded.

    open("camvid", root, "train")

Nothing is downloaded: `root` is the folder below which the layout that catalogue.py names is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from ..errors import DataError
from ..labels import LabelSet, get
from ..pictures.folders import by_name
from ..pictures.shapes import MaskFiles
from .catalogue import PublicSet, known
from .folder import Dataset, folder, paired


def open(name: str, root: str | Path, split: str) -> Dataset:  # noqa: A001
    """The photos of one split of a public data set, sorted by name, as `Dataset` "NAME/SPLIT".

    Raises DataError for an unknown data set or split (with the known ones), a missing or empty folder (with the layout that is
    expected below `root`), and photos and label maps that do not pair.
    """
    what = _checked(name, split, "photos")
    try:
        data = _READERS[name](Path(root), split)
    except DataError as error:
        raise DataError(f"{error}; below {root}, {name} is laid out as {what.layout}") from None
    return replace(data, name=f"{name}/{split}")


def masks(text: str, root: str | Path) -> MaskFiles:
    """What a config or the command line names: a folder of masks, or "NAME:SPLIT" of a public set of masks below `root`.

    "nvidia-masks" are the test masks of Liu et al. (2018), white = hole; "10-20" and the like are the parts of 2,000 by their
    order, which the authors call by the hole ratio in percent; whoever uses them measures the ratio at his size.
    Raises DataError for an unknown set or split, and for a missing folder; MaskError for one without a picture.
    """
    name, colon, split = text.partition(":")
    if Path(text).is_dir() or not colon:
        return MaskFiles(text)
    what = _checked(name, split, "masks")
    folder = Path(root) / "mask" / "testing_mask_dataset"
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}; below {root}, {name} is laid out as {what.layout}")
    files = MaskFiles(folder)
    if split == "test":
        return files
    part, size = [*what.counts].index(split) - 1, what.counts[split]
    mine = [path for path in files.paths if path.stem.isdecimal() and int(path.stem) // size == part]
    if not mine:
        raise DataError(f"{folder} holds none of {part * size:05}.png to {part * size + size - 1:05}.png, which {text} is")
    return MaskFiles(mine)


def _checked(name: str, split: str, holds: str) -> PublicSet:
    what = known(name)
    if what.holds != holds:
        raise DataError(f"{name} holds {what.holds}, and {holds} are asked for")
    if split not in what.counts:
        raise DataError(f'data set {name} has no split "{split}"; it has: {", ".join(what.counts)}')
    return what


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


_READERS: Mapping[str, Callable[[Path, str], Dataset]] = {
    "camvid": camvid,
    "labelmefacade": labelmefacade,
    "idd-lite": idd_lite,
    "bsds500": bsds500,
    "cityscapes": cityscapes,
    "cityscapes-256": cityscapes_256,
    "outdoor-scenes": outdoor_scenes,
    "places2": places2,
    "celeba-hq": celeba_hq,
    "dtd": dtd,
    "cmp-facades": cmp_facades,
    "paris-streetview": paris_streetview,
    "helen": helen,
}
