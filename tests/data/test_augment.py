"""One random draw per sample: sizes, what is told and forbidden, and chance from one source alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenefill import labels
from scenefill.data.augment import colour_jitter, draw_forbidden, draw_hints, random_crop, random_flip, resize_short_side
from scenefill.labels import UNKNOWN
from scenefill.pictures import shapes

STREET = labels.get("street")
MEMBERS = STREET.members()
SKY, BUILDING, ROAD, TREE, CAR = (STREET.id(name) for name in ("sky", "building", "road", "tree", "car"))


def scene(height: int = 24, width: int = 36) -> tuple[np.ndarray, np.ndarray]:
    """A photo whose colour at each pixel is that of its class, and its map."""
    ids = np.full((height, width), SKY, np.uint8)
    ids[height // 2 :] = ROAD
    ids[:, width // 2 :] = CAR
    return STREET.colourise(ids), ids


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("size", "short_side", "expected"),
    [((24, 36), 12, (12, 18)), ((36, 24), 12, (18, 12)), ((24, 36), 48, (48, 72)), ((24, 37), 10, (10, 15)), ((7, 7), 5, (5, 5))],
)
def test_the_short_side_gets_its_length(size: tuple[int, int], short_side: int, expected: tuple[int, int]) -> None:
    image, ids = scene(*size)
    sized, sized_ids = resize_short_side(image, ids, short_side)
    assert sized.shape == (*expected, 3)
    assert sized_ids.shape == expected
    assert sized.dtype == sized_ids.dtype == np.uint8
    assert set(np.unique(sized_ids)) <= set(np.unique(ids)), "ids stay ids"


def test_a_photo_of_the_right_size_is_left_alone() -> None:
    image, ids = scene()
    sized, sized_ids = resize_short_side(image, ids, 24)
    assert sized is image
    assert sized_ids is ids


@given(size=st.integers(1, 24), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_a_crop_is_a_window_of_both(size: int, seed: int) -> None:
    image, ids = scene()
    crop, crop_ids = random_crop(image, ids, size, rng(seed))
    assert crop.shape == (size, size, 3)
    assert crop_ids.shape == (size, size)
    np.testing.assert_array_equal(crop, STREET.colourise(crop_ids))


def test_crops_come_from_everywhere() -> None:
    ids = np.arange(16, dtype=np.uint8).reshape(4, 4)
    image = np.repeat(ids[..., None], 3, axis=2)
    corners = {int(random_crop(image, ids, 2, rng(seed))[1][0, 0]) for seed in range(200)}
    assert corners == {0, 1, 2, 4, 5, 6, 8, 9, 10}


def test_half_of_the_photos_are_mirrored_with_their_maps() -> None:
    image, ids = scene()
    mirrored = 0
    for seed in range(100):
        flipped, flipped_ids = random_flip(image, ids, rng(seed))
        np.testing.assert_array_equal(flipped, STREET.colourise(flipped_ids))
        mirrored += bool((flipped_ids[:, ::-1] == ids).all())
    assert 30 < mirrored < 70


def test_jitter_stays_within_its_strength() -> None:
    grey = np.full((4, 4, 3), 100, np.uint8)
    assert colour_jitter(grey, 0.0, rng()) is grey
    values = [colour_jitter(grey, 0.2, rng(seed)) for seed in range(50)]
    means = [value.mean() for value in values]
    assert 79 <= min(means) < 90 < 110 < max(means) <= 120
    assert all(value.dtype == np.uint8 and len(np.unique(value)) == 1 for value in values), "an even grey stays one"


def test_hints_are_true_and_inside_the_hole() -> None:
    _, ids = scene()
    ids[0, :] = UNKNOWN
    ids[1, :] = 128
    hole = shapes.centre(24, 36, 20)
    shares = set()
    for seed in range(60):
        hints = draw_hints(ids, hole, len(STREET), rng(seed))
        told = hints != UNKNOWN
        assert not (told & ~hole).any()
        np.testing.assert_array_equal(hints[told], ids[told])
        assert (hints[told] < len(STREET)).all()
        shares.add(round(told[hole].mean(), 2))
    assert max(shares) == 1, "sometimes the whole map is told"
    assert len(shares) > 5, "and often a part of it"


def test_where_nothing_is_known_nothing_is_told() -> None:
    hole = np.ones((8, 8), bool)
    for fill in (UNKNOWN, 128):
        for seed in range(8):
            assert (draw_hints(np.full((8, 8), fill, np.uint8), hole, 8, rng(seed)) == UNKNOWN).all()
    assert (draw_hints(np.zeros((8, 8), np.uint8), ~hole, 8, rng()) == UNKNOWN).all()


def test_forbidden_classes_are_absent_from_the_hole() -> None:
    _, ids = scene()
    hole = np.zeros(ids.shape, bool)
    hole[:, :18] = True  # sky and road; the car is outside
    drawn = np.array([draw_forbidden(ids, hole, MEMBERS, rng(seed)) for seed in range(200)])
    assert drawn.dtype == bool
    assert not drawn[:, [SKY, ROAD]].any()
    absent = [i for i in range(8) if i not in (SKY, ROAD)]
    assert (abs(drawn[:, absent].mean(axis=0) - 0.5) < 0.15).all()


def test_each_class_of_a_partial_label_may_be_in_the_hole() -> None:
    ids = np.full((8, 8), 128, np.uint8)
    drawn = np.array([draw_forbidden(ids, np.ones((8, 8), bool), MEMBERS, rng(seed)) for seed in range(50)])
    assert not drawn[:, [BUILDING, TREE]].any()
    assert drawn[:, SKY].any()


def test_nothing_is_forbidden_where_too_little_is_known() -> None:
    hole = np.ones((10, 10), bool)
    ids = np.full((10, 10), SKY, np.uint8)
    ids[0] = UNKNOWN  # a tenth of the hole
    assert any(draw_forbidden(ids, hole, MEMBERS, rng(seed)).any() for seed in range(5))
    ids[1, 0] = UNKNOWN
    assert not any(draw_forbidden(ids, hole, MEMBERS, rng(seed)).any() for seed in range(5))
    assert not draw_forbidden(ids, ~hole, MEMBERS, rng()).any(), "no hole"
