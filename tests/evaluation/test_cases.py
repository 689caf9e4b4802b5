import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streets import write_streets

from scenefill.data.folder import Dataset, folder
from scenefill.errors import ConfigError, MaskError
from scenefill.evaluation.cases import Case, Sample, Square, build, square
from scenefill.labels import LabelSet, get


def write_masks(where: Path, count: int) -> Path:
    """Mask number i has its hole in row i."""
    where.mkdir()
    for index in range(count):
        mask = np.zeros((count, count), np.uint8)
        mask[index] = 255
        Image.fromarray(mask).save(where / f"{index:03d}.png")
    return where


def sample(image: np.ndarray, labels: np.ndarray, mask: np.ndarray) -> Sample:
    return Sample(Case("scenes", "scene", Square(0, 0, 8), "centre", 0), image, labels, mask, image)


def test_the_middle_square_at_the_size_asked_for(scenes: Dataset, street: LabelSet) -> None:
    cases = build(scenes, "centre", labels=street, size=64)
    assert [case.crop for case in cases.cases] == [Square(0, 8, 64)] * 6
    first = next(iter(cases))
    image, labels = scenes.load(0, street)
    np.testing.assert_array_equal(first.image, image[:, 8:72])
    np.testing.assert_array_equal(first.labels, labels[:, 8:72])
    assert first.mask.sum() == 32 * 32


def test_shrunk_by_area_and_labels_by_nearest() -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    image[:, ::2] = 100  # every 2x2 block averages to 50
    labels = np.repeat(np.array([[0, 7], [4, 255]], np.uint8), 2, axis=0).repeat(2, axis=1)
    small, ids = square(image, labels, Square(0, 0, 4), 2)
    assert (small == 50).all()
    assert ids.tolist() == [[0, 7], [4, 255]]
    large, ids = square(image, labels, Square(0, 0, 4), 8)
    assert large.shape == (8, 8, 3)
    assert set(np.unique(ids)) == {0, 4, 7, 255}


@pytest.mark.parametrize("mask", ["centre", "boxes", "free-form"])
def test_the_same_seed_gives_the_same_cases(scenes: Dataset, mask: str) -> None:
    first, again, other = (build(scenes, mask, seed=seed, size=64) for seed in (3, 3, 4))
    assert first.digest == again.digest != other.digest
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.mask, two.mask)


def test_a_smaller_count_keeps_each_photos_mask(scenes: Dataset) -> None:
    every, some = build(scenes, "boxes", size=64), build(scenes, "boxes", count=3, size=64)
    assert [case.item for case in some.cases] == ["scene0", "scene2", "scene5"]
    assert set(some.cases) < set(every.cases)
    assert len(build(scenes, "boxes", count=99, size=64)) == 6


def test_the_file_of_cases_says_everything_and_hashes_to_the_digest(scenes: Dataset, street: LabelSet) -> None:
    cases = build(scenes, "free-form", labels=street, count=2, size=64)
    text = cases.to_json()
    assert hashlib.sha256(text.encode()).hexdigest() == cases.digest
    page = json.loads(text)
    assert (page["dataset"], page["label_set"], page["masks"], page["size"]) == ("scenes", "street", "free-form", 64)
    case = cases.cases[0]
    assert page["cases"][0] == {
        "dataset": "scenes",
        "item": "scene0",
        "crop": {"top": 0, "left": 8, "side": 64},
        "mask": "free-form",
        "seed": case.seed,
    }


def test_masks_of_a_folder_are_dealt_out_before_any_comes_twice(scenes: Dataset, tmp_path: Path) -> None:
    cases = build(scenes, str(write_masks(tmp_path / "masks", 4)), size=64)
    dealt = [case.mask for case in cases.cases]
    assert sorted(dealt[:4]) == [f"file:{index:03d}.png" for index in range(4)]
    row = int(dealt[0][5:8])
    first = next(iter(cases)).mask
    assert first[16 * row : 16 * row + 16].all()
    assert first.mean() == 0.25


def test_irregular_masks_are_every_sixth_by_name(scenes: Dataset, tmp_path: Path) -> None:
    where = tmp_path / "masks"
    where.mkdir()
    for index in range(18):
        (where / f"{index:04d}.png").touch()  # not read before a case is loaded
    cases = build(scenes, "irregular", masks_dir=where, size=64)
    assert {int(case.mask[5:9]) for case in cases.cases} == {5, 11, 17}


def test_what_a_mask_may_not_be(scenes: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'"cenre".*centre, boxes, free-form'):
        build(scenes, "cenre")
    with pytest.raises(ConfigError, match="--masks-dir"):
        build(scenes, "irregular")
    with pytest.raises(MaskError, match="no mask"):
        build(scenes, "irregular", masks_dir=tmp_path / "absent")
    (tmp_path / "masks").mkdir()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "masks" / "empty.png")
    with pytest.raises(MaskError, match=r"empty\.png is without a hole"):
        build(scenes, str(tmp_path / "masks"), size=64)[0]


def test_nothing_of_the_truth_is_left_in_what_a_model_is_given(scenes: Dataset) -> None:
    one = build(scenes, "boxes", size=64)[0]
    assert (one.blanked[one.mask] == 128).all()
    np.testing.assert_array_equal(one.blanked[~one.mask], one.image[~one.mask])


def test_complexity_and_content(scenes: Dataset, street: LabelSet) -> None:
    cases = build(scenes, "centre", labels=street, size=64)
    assert [one.complexity for one in cases] == [2, 2, 2, 2, 5, 5]
    labels = np.full((8, 8), 255, np.uint8)
    mask = np.zeros((8, 8), bool)
    mask[:4] = True
    unknown = sample(np.zeros((8, 8, 3), np.uint8), labels, mask)
    assert (unknown.complexity, unknown.content) == (0, 255)
    labels = labels.copy()
    labels[0], labels[1], labels[2:6] = 3, 128, 1
    known = sample(np.zeros((8, 8, 3), np.uint8), labels, mask)
    assert (known.complexity, known.content) == (3, 1)


def test_a_speck_does_not_make_a_scene_complex() -> None:
    labels = np.zeros((20, 20), np.uint8)
    labels[0, :3] = 5  # 0.75 %
    assert sample(np.zeros((20, 20, 3), np.uint8), labels, np.zeros((20, 20), bool)).complexity == 1


def test_photos_without_labels(scenes: Dataset, street: LabelSet) -> None:
    plain = folder(scenes.items[0].image.parent, name="plain")
    assert (build(plain, "centre", labels=street, size=64)[0].labels == 255).all()


@pytest.mark.skipif("SCENEFILL_DATA" not in os.environ, reason="SCENEFILL_DATA does not name the folder of the data sets")
def test_irregular_cases_of_real_photos(street: LabelSet) -> None:
    from scenefill.data import public

    root = Path(os.environ["SCENEFILL_DATA"])
    cases = build(public.open("idd-lite", root, "val"), "irregular", labels=street, masks_dir=root / "irregular_masks", count=3)
    for one in cases:
        assert one.image.shape == (256, 256, 3)
        assert one.case.crop.side < 256
        assert 0 < one.mask.mean() < 1
        assert one.complexity >= 2


@pytest.mark.parametrize("kind", ["removal", "removal-residue"])
def test_removal_holes_lie_over_background_and_leave_what_is_outside_as_it_was_or_not(tmp_path: Path, kind: str) -> None:
    labels = get("street")
    streets = write_streets(tmp_path / "streets", 8)
    dataset = folder(streets / "images", streets / "labels", labels)
    cases = build(dataset, kind, labels=labels, size=64)
    assert len(cases) > 4
    assert build(dataset, kind, labels=labels, size=64).digest == cases.digest
    changed = 0
    for sample in cases:
        assert sample.case.mask.startswith(f"{kind}:")
        assert (sample.labels[sample.mask] == labels.id("car")).mean() < 0.02
        np.testing.assert_array_equal(sample.given[sample.mask], sample.image[sample.mask])
        changed += int((sample.given != sample.image).any())
    assert (changed > 0) == (kind == "removal-residue")


def test_removal_holes_need_a_set_in_which_something_moves(scenes: Dataset) -> None:
    with pytest.raises(ConfigError, match="what is movable"):
        build(scenes, "removal")
