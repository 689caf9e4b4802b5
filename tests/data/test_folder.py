"""Folders of photos and label maps: pairing, loading, subsets, and what is said about what does not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from scenefill.data.folder import Item, folder, listed
from scenefill.errors import DataError, ImageError, LabelError
from scenefill.labels import UNKNOWN, get
from scenefill.pictures.folders import by_name

CAMVID, STREET = get("camvid"), get("street")


def save(path: Path, array: NDArray[np.uint8]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return path


def grey(value: int, height: int = 4, width: int = 6) -> NDArray[np.uint8]:
    return np.full((height, width), value, np.uint8)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """images/{a,deep/b}.png and their maps: a is all sky (0), b half car (8), half void (11) in CamVid's numbers."""
    photo = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    save(tmp_path / "images/deep/b.png", photo)
    save(tmp_path / "images/a.png", 255 - photo)
    save(tmp_path / "labels/a.png", grey(0))
    save(tmp_path / "labels/deep/b.png", np.hstack([grey(8, width=3), grey(11, width=3)]))
    return tmp_path


def test_pairs_by_relative_stem_in_sorted_order(tree: Path) -> None:
    data = folder(tree / "images", tree / "labels", CAMVID, name="mine")
    assert data.items == (
        Item("a", tree / "images/a.png", tree / "labels/a.png"),
        Item("deep/b", tree / "images/deep/b.png", tree / "labels/deep/b.png"),
    )
    assert (data.name, len(data), data.labels) == ("mine", 2, CAMVID)


def test_load_gives_rgb_and_ids_of_the_target(tree: Path) -> None:
    data = folder(tree / "images", tree / "labels", CAMVID)
    image, labels = data.load(1, STREET)
    np.testing.assert_array_equal(image, np.arange(72, dtype=np.uint8).reshape(4, 6, 3))
    np.testing.assert_array_equal(labels, np.hstack([grey(STREET.id("vehicle"), width=3), grey(UNKNOWN, width=3)]))
    assert image.dtype == labels.dtype == np.uint8
    assert data.load(1, CAMVID)[1][0].tolist() == [8, 8, 8, 255, 255, 255]


def test_without_labels_all_is_unknown(tree: Path) -> None:
    for labels in (folder(tree / "images").load(0, STREET)[1], folder(tree / "images", tree / "labels", CAMVID).load(0, None)[1]):
        np.testing.assert_array_equal(labels, grey(UNKNOWN))


def test_jpeg_photos_pair_with_png_maps_and_hidden_files_do_not_count(tree: Path) -> None:
    save(tree / "images/c.JPG", np.zeros((4, 6, 3), np.uint8))
    save(tree / "labels/c.png", grey(3))
    (tree / "images/._a.png").write_bytes(b"")
    (tree / "images/notes.txt").write_text("x")
    assert [item.name for item in folder(tree / "images", tree / "labels", CAMVID).items] == ["a", "c", "deep/b"]


def test_photos_without_map_are_listed_and_counted(tree: Path) -> None:
    for n in range(5):
        save(tree / f"images/extra{n}.png", np.zeros((4, 6, 3), np.uint8))
    with pytest.raises(DataError, match=r"5 of 7 photos have no label map of the same name: extra0, extra1, extra2 and 2 more$"):
        folder(tree / "images", tree / "labels", CAMVID)


def test_maps_without_photo_are_listed_and_counted(tree: Path) -> None:
    save(tree / "labels/lonely.png", grey(0))
    with pytest.raises(DataError, match=r"1 of 3 label maps have no photo of the same name: lonely$"):
        folder(tree / "images", tree / "labels", CAMVID)


def test_missing_empty_and_ambiguous_folders(tree: Path) -> None:
    with pytest.raises(DataError, match=r"there is no folder .*nowhere"):
        folder(tree / "nowhere")
    (tree / "empty").mkdir()
    with pytest.raises(DataError, match="holds no pictures"):
        folder(tree / "empty")
    save(tree / "images/a.bmp", np.zeros((4, 6, 3), np.uint8))
    with pytest.raises(DataError, match=r"a\.bmp and .*a\.png differ in their suffix alone"):
        folder(tree / "images")


def test_label_maps_need_a_label_set(tree: Path) -> None:
    with pytest.raises(DataError, match="need a label set"):
        folder(tree / "images", tree / "labels")


def test_photo_and_map_of_two_sizes(tree: Path) -> None:
    save(tree / "labels/a.png", grey(0, height=5))
    with pytest.raises(DataError, match=r"6x4 but its label map .* is 6x5"):
        folder(tree / "images", tree / "labels", CAMVID).load(0, STREET)


def test_unusable_files_are_named(tree: Path) -> None:
    save(tree / "labels/a.png", grey(77))
    data = folder(tree / "images", tree / "labels", CAMVID)
    with pytest.raises(LabelError, match=r"a\.png.*id 77"):
        data.load(0, STREET)
    (tree / "images/a.png").write_bytes((tree / "images/a.png").read_bytes()[:40])
    with pytest.raises(ImageError, match=r"a\.png"):
        data.load(0, STREET)


def test_subset_keeps_the_order_of_the_data_set(tree: Path) -> None:
    data = folder(tree / "images", tree / "labels", CAMVID)
    assert data.subset(["deep/b", "a"]) == data
    assert [item.name for item in data.subset(["deep/b"]).items] == ["deep/b"]
    assert data.subset(slice(0, 1)).items == data.items[:1]
    with pytest.raises(DataError, match=r"has no photo named nobody$"):
        data.subset(["a", "nobody"])


@settings(max_examples=30, deadline=None)
@given(st.sets(st.text("abc", min_size=1, max_size=4)), st.integers(1, 5))
def test_listed_names_the_first_and_counts_the_rest(names: set[str], most: int) -> None:
    text = listed(names, most)
    head, _, more = text.partition(" and ")
    shown = head.split(", ") if head else []
    assert shown == sorted(names)[:most]
    assert more == (f"{len(names) - most} more" if len(names) > most else "")


def test_pictures_of_one_kind(tree: Path) -> None:
    save(tree / "images/a.jpg", np.zeros((4, 6, 3), np.uint8))
    assert list(by_name(tree / "images", {".jpg"})) == ["a"]
