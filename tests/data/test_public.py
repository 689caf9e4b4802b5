"""Public data sets: each official layout as a tiny tree, the named splits, and the counts of the real sets."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scenefill.data import catalogue, public
from scenefill.data.check import check_masks, check_set
from scenefill.errors import DataError
from scenefill.labels import UNKNOWN, get

STREET = get("street")


def photo(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 2), (10, 20, 30)).save(path)


def label_map(path: Path, *ids: int) -> None:
    """One row of ids, twice, four wide."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array([ids, ids], np.uint8)).save(path)


def pair(folder: Path, name: str, *ids: int) -> None:
    photo(folder / "images" / f"{name}.jpg")
    label_map(folder / "labels" / f"{name}.png", *ids or (0, 0, 0, 0))


def names(name: str, root: Path, split: str) -> list[str]:
    return [item.name for item in public.open(name, root, split).items]


def row(name: str, root: Path, split: str, index: int = 0) -> list[int]:
    """First row of a label map in the ids of "street"."""
    return [int(v) for v in public.open(name, root, split).load(index, STREET)[1][0]]


def test_camvid(tmp_path: Path) -> None:
    pair(tmp_path / "camvid/train", "0001TP_006690", 0, 8, 10, 11)
    pair(tmp_path / "camvid/test", "0001TP_008550")
    pair(tmp_path / "camvid/test", "Seq05VD_f00000")
    assert row("camvid", tmp_path, "train") == [STREET.id("sky"), STREET.id("vehicle"), STREET.id("person"), UNKNOWN]
    assert names("camvid", tmp_path, "test") == ["0001TP_008550", "Seq05VD_f00000"]
    assert names("camvid", tmp_path, "test-seq05vd") == ["Seq05VD_f00000"]
    assert public.open("camvid", tmp_path, "test-seq05vd").name == "camvid/test-seq05vd"


def test_labelmefacade_holds_out_whole_series(tmp_path: Path) -> None:
    for series in range(20):
        for n in range(3):
            pair(tmp_path / "labelmefacade/train", f"series_{series:02}__p{n}", 0, 1, 8, 3)
    assert row("labelmefacade", tmp_path, "train") == [UNKNOWN, *[STREET.id("building")] * 3]
    held_out = names("labelmefacade", tmp_path, "train-val")
    assert held_out == [f"series_{series}__p{n}" for series in (18, 19) for n in range(3)]
    assert names("labelmefacade", tmp_path, "train-fit") + held_out == names("labelmefacade", tmp_path, "train")


def test_idd_lite_holds_out_whole_sequences(tmp_path: Path) -> None:
    for sequence in (0, 1, 10, 100, 9):
        pair(tmp_path / "idd_lite/train", f"{sequence}_000001", 0, 5, 6, 255)
        pair(tmp_path / "idd_lite/train", f"{sequence}_000002")
    photo(tmp_path / "idd_lite/unlabelled/images/7_000001.jpg")
    road, either, sky = STREET.id("road"), STREET.partial_names["far objects"], STREET.id("sky")
    assert row("idd-lite", tmp_path, "train") == [road, either, sky, UNKNOWN]
    assert names("idd-lite", tmp_path, "train-val") == ["9_000001", "9_000002"]
    assert len(names("idd-lite", tmp_path, "train-fit")) == 8
    assert row("idd-lite", tmp_path, "unlabelled") == [UNKNOWN] * 4


def cityscapes_tree(root: Path, kind: str, *ids: int) -> None:
    for split, city in (("train", "aachen"), ("val", "lindau"), ("test", "berlin")):
        stem = f"{split}/{city}/{city}_000000_000019"
        photo(root / "leftImg8bit" / f"{stem}_leftImg8bit.png")
        label_map(root / "gtFine" / f"{stem}_gtFine_{kind}.png", *ids)
        for other in ("instanceIds", "color"):
            label_map(root / "gtFine" / f"{stem}_gtFine_{other}.png", 99, 99, 99, 99)


@pytest.mark.parametrize(("kind", "ids"), [("labelIds", (7, 26, 24, 3)), ("labelTrainIds", (0, 13, 11, 255))])
def test_cityscapes(tmp_path: Path, kind: str, ids: tuple[int, ...]) -> None:
    cityscapes_tree(tmp_path, kind, *ids)
    expected = [STREET.id("road"), STREET.id("vehicle"), STREET.id("person"), UNKNOWN]
    assert names("cityscapes", tmp_path, "train") == ["aachen/aachen_000000_000019"]
    assert row("cityscapes", tmp_path, "train") == row("cityscapes", tmp_path, "val") == expected
    assert row("cityscapes", tmp_path, "test") == [UNKNOWN] * 4
    assert names("cityscapes", tmp_path, "train+test") == ["aachen/aachen_000000_000019", "berlin/berlin_000000_000019"]
    assert row("cityscapes", tmp_path, "train+test") == expected
    assert row("cityscapes", tmp_path, "train+test", 1) == [UNKNOWN] * 4


def test_cityscapes_without_photos_or_with_a_missing_map(tmp_path: Path) -> None:
    photo(tmp_path / "leftImg8bit/train/aachen/notes.png")
    with pytest.raises(DataError, match=r"holds no \*_leftImg8bit.png; below .* cityscapes is laid out as leftImg8bit/"):
        public.open("cityscapes", tmp_path, "train")
    cityscapes_tree(tmp_path, "labelIds", 7, 7, 7, 7)
    photo(tmp_path / "leftImg8bit/val/lindau/lindau_000001_000019_leftImg8bit.png")
    with pytest.raises(DataError, match="1 of 2 photos have no label map of the same name: lindau/lindau_000001_000019;"):
        public.open("cityscapes", tmp_path, "val")


def test_outdoor_scenes(tmp_path: Path) -> None:
    for images, maps in (("OutdoorSeg/images", "OutdoorSeg/annotations"), ("OutdoorSceneTest300", "OutdoorSceneTest300_anno")):
        photo(tmp_path / images / "OST_001.jpg")
        label_map(tmp_path / maps / "OST_001.png", 1, 6, 2, 255)
    for split in ("train", "test"):
        assert row("outdoor-scenes", tmp_path, split) == [STREET.id("sky"), STREET.id("vegetation"), UNKNOWN, UNKNOWN]


PHOTOS_ONLY = {
    ("places2", "train"): "data_large/a/abbey/00000001.jpg",
    ("places2", "val"): "val_large/Places365_val_00000001.jpg",
    ("places2", "val-256"): "val_256/Places365_val_00000001.jpg",
    ("celeba-hq", "train"): "train_256/00001.jpg",
    ("celeba-hq", "test"): "test_256/00001.jpg",
    ("cmp-facades", "base"): "base/cmp_b0001.jpg",
    ("cmp-facades", "extended"): "extended/cmp_x0001.jpg",
    ("paris-streetview", "train"): "paris-streetview/train/001_im.png",
    ("bsds500", "val"): "bsds500/val/101085.jpg",
}


@pytest.mark.parametrize(("name", "split"), PHOTOS_ONLY)
def test_photos_only(tmp_path: Path, name: str, split: str) -> None:
    photo(tmp_path / PHOTOS_ONLY[name, split])
    label_map(tmp_path / "base/cmp_b0001.png", 1, 2, 3, 4)
    data = public.open(name, tmp_path, split)
    assert [item.image for item in data.items] == [tmp_path / PHOTOS_ONLY[name, split]]
    assert data.labels is None
    assert row(name, tmp_path, split) == [UNKNOWN] * 4


def test_dtd_follows_its_lists(tmp_path: Path) -> None:
    for n in range(1, 4):
        photo(tmp_path / f"images/banded/banded_000{n}.jpg")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/val2.txt").write_text("banded/banded_0003.jpg\nbanded/banded_0001.jpg\n")
    assert names("dtd", tmp_path, "val2") == ["banded/banded_0001", "banded/banded_0003"]
    (tmp_path / "labels/test1.txt").write_text("banded/banded_0009.jpg\n")
    with pytest.raises(DataError, match="no photo named banded/banded_0009"):
        public.open("dtd", tmp_path, "test1")
    with pytest.raises(DataError, match=r"there is no list .*train1\.txt"):
        public.open("dtd", tmp_path, "train1")


def test_helen_follows_its_lists(tmp_path: Path) -> None:
    root = tmp_path / "SmithCVPR2013_dataset_resized"
    for name in ("100032540_1", "10405146_1"):
        photo(root / f"images/{name}.jpg")
    (root / "testing.txt").write_text("1 , 100032540_1\n\n")
    (root / "tuning.txt").write_text("10405146_1\n")
    assert names("helen", tmp_path, "testing") == ["100032540_1"]
    assert names("helen", tmp_path, "tuning") == ["10405146_1"]


def test_unknown_names_list_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='no public data set "camvit"; known are: camvid, labelmefacade'):
        public.open("camvit", tmp_path, "train")
    with pytest.raises(DataError, match='bsds500 has no split "test"; it has: train, val'):
        public.open("bsds500", tmp_path, "test")


@pytest.mark.parametrize("name", [name for name, what in catalogue.SETS.items() if what.holds == "photos"])
def test_a_missing_folder_is_answered_with_the_layout(tmp_path: Path, name: str) -> None:
    for split in catalogue.known(name).counts:
        with pytest.raises(DataError, match=f"^there is no .*; below .*, {name} is laid out as "):
            public.open(name, tmp_path, split)


def irregular(root: Path, *numbers: int) -> None:
    folder = root / "mask" / "testing_mask_dataset"
    folder.mkdir(parents=True)
    for number in numbers:
        hole = np.zeros((8, 8), np.uint8)
        hole[:4] = 255
        Image.fromarray(hole).save(folder / f"{number:05}.png")


def test_nvidia_masks_are_parted_by_their_numbers(tmp_path: Path) -> None:
    irregular(tmp_path, 0, 1999, 2000, 11_999)
    assert public.masks("nvidia-masks:test", tmp_path).names == ("00000.png", "01999.png", "02000.png", "11999.png")
    assert [len(public.masks(f"nvidia-masks:{part}", tmp_path)) for part in ("1-10", "10-20", "50-60")] == [2, 1, 1]
    with pytest.raises(DataError, match=r"holds none of 04000.png to 05999.png, which nvidia-masks:20-30 is"):
        public.masks("nvidia-masks:20-30", tmp_path)
    assert public.masks(str(tmp_path / "mask"), "").names == tuple(
        f"testing_mask_dataset/{number:05}.png" for number in (0, 1999, 2000, 11_999)
    )


def test_masks_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no folder .*; below .*, nvidia-masks is laid out as mask/"):
        public.masks("nvidia-masks:test", tmp_path)
    with pytest.raises(DataError, match='nvidia-masks has no split "60-70"; it has: test, 1-10, 10-20'):
        public.masks("nvidia-masks:60-70", tmp_path)
    with pytest.raises(DataError, match="camvid holds photos, and masks are asked for"):
        public.masks("camvid:train", tmp_path)
    with pytest.raises(DataError, match="nvidia-masks holds masks, and photos are asked for"):
        public.open("nvidia-masks", tmp_path, "test")


def test_a_set_is_checked_against_what_its_archive_holds(tmp_path: Path) -> None:
    pair(tmp_path / "camvid/train", "0001TP_006690")
    stripes = np.repeat(np.arange(11), 4)
    label_map(tmp_path / "camvid/train/labels/0001TP_006690.png", *stripes)
    Image.new("RGB", (44, 2)).save(tmp_path / "camvid/train/images/0001TP_006690.jpg")
    report = check_set(public.open("camvid", tmp_path, "train"), 367)
    assert [finding.sentence for finding in report.findings] == ["1 photos are there, and 367 in the whole set"]
    assert report.ok
    assert check_set(public.open("camvid", tmp_path, "train"), 1).findings == ()

    irregular(tmp_path, 0, 1)
    report = check_masks(public.masks("nvidia-masks:test", tmp_path), 12_000)
    assert (report.photos, report.masks) == (0, 2)
    assert [finding.sentence for finding in report.findings] == ["2 masks are there, and 12,000 in the whole set"]


@pytest.mark.skipif("SCENEFILL_DATA" not in os.environ, reason="SCENEFILL_DATA does not name the folder of the data sets")
@pytest.mark.parametrize("name", ["camvid", "labelmefacade", "idd-lite", "bsds500", "cityscapes-256"])
def test_real_data(name: str) -> None:
    for split, count in catalogue.known(name).counts.items():
        data = public.open(name, os.environ["SCENEFILL_DATA"], split)
        assert len(data) == count
        image, labels = data.load(count // 2, STREET)
        assert image.shape == (*labels.shape, 3)
        STREET.check(labels)
        assert ((labels != UNKNOWN).mean() > 0.5) == (data.labels is not None)
