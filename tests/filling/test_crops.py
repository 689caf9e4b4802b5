"""Crops: every hole pixel belongs to one, windows are as large as promised, and the way there and back is what it says."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from properties import examples

from scenefill.filling import crops
from scenefill.labels import UNKNOWN


def _mask(height: int, width: int, *boxes: tuple[int, int, int, int]) -> NDArray[np.bool_]:
    """Holes as (top, left, height, width)."""
    mask = np.zeros((height, width), bool)
    for top, left, rows, columns in boxes:
        mask[top : top + rows, left : left + columns] = True
    return mask


@st.composite
def holes(draw: st.DrawFn, largest: int = 150) -> NDArray[np.bool_]:
    """Rectangles and dust on a photo of any size, with at least one known pixel."""
    height, width = draw(st.integers(1, largest)), draw(st.integers(2, largest))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    mask = rng.random((height, width)) < draw(st.sampled_from([0, 0.002, 0.05, 0.6]))
    for _ in range(draw(st.integers(0, 4))):
        top, left = rng.integers(height), rng.integers(width)
        mask[top : top + rng.integers(1, 60), left : left + rng.integers(1, 60)] = True
    mask[rng.integers(height), rng.integers(width)] = False
    return mask


@examples(80)
@given(holes(), st.sampled_from([None, 16, 32, 40]), st.sampled_from([1, 8, 16]), st.integers(0, 5))
def test_every_hole_pixel_is_filled_once_from_a_window_large_enough(
    mask: NDArray[np.bool_], working_size: int | None, stride: int, margin: int
) -> None:
    filled = np.zeros(mask.shape, int)
    for crop in crops.plan(mask, working_size, stride, margin=margin):
        assert crop.hole.shape == (crop.height, crop.width)
        assert crop.hole.any()
        filled[crop.slices] += crop.hole
        rows, columns = (np.flatnonzero(crop.hole.any(axis=axis)) for axis in (1, 0))
        box = [rows[-1] - rows[0] + 1 + 2 * margin, columns[-1] - columns[0] + 1 + 2 * margin]
        for side, hole_side, photo_side in zip((crop.height, crop.width), box, mask.shape, strict=True):
            assert side >= min(photo_side, 2 * hole_side, 2 * max(box))
            assert side >= min(photo_side, working_size or crops.CONTEXT)
        for first, last, side, start, photo_side in (
            (rows[0], rows[-1], crop.height, crop.top, mask.shape[0]),
            (columns[0], columns[-1], crop.width, crop.left, mask.shape[1]),
        ):
            assert first >= min(margin, start + first)
            assert side - 1 - last >= min(margin, photo_side - 1 - start - last)
        assert 1 <= crop.rows <= crop.height
        assert 1 <= crop.columns <= crop.width
        assert crop.frame[0] % stride == crop.frame[1] % stride == 0
        assert crop.rows <= crop.frame[0]
        assert crop.columns <= crop.frame[1]
        if working_size is None:
            assert (crop.rows, crop.columns) == (crop.height, crop.width)
        else:
            assert max(crop.frame) < working_size + stride
            assert (crop.scale == 1) == (max(crop.height, crop.width) <= working_size)
    np.testing.assert_array_equal(filled, mask)


def test_a_small_hole_is_seen_at_full_resolution_in_the_middle_of_its_window() -> None:
    (crop,) = crops.plan(_mask(1000, 2000, (500, 700, 100, 60)), 256, 16)
    assert (crop.top, crop.left, crop.height, crop.width) == (422, 602, 256, 256)
    assert (crop.rows, crop.columns, crop.frame, crop.scale) == (256, 256, (256, 256), 1)


def test_a_window_is_moved_into_the_photo() -> None:
    (crop,) = crops.plan(_mask(300, 400, (0, 390, 10, 10)), 256, 16)
    assert (crop.top, crop.left, crop.height, crop.width) == (0, 144, 256, 256)


def test_a_large_hole_is_seen_at_reduced_resolution() -> None:
    (crop,) = crops.plan(_mask(3000, 4000, (1000, 1500, 600, 400)), 256, 16)
    assert (crop.top, crop.left, crop.height, crop.width) == (700, 1100, 1200, 1200)
    assert (crop.rows, crop.columns, crop.scale) == (256, 256, 1200 / 256)


def test_a_window_in_a_narrow_photo_keeps_its_aspect() -> None:
    (crop,) = crops.plan(_mask(3, 20000, (1, 9000, 1, 1000)), 256, 16)
    assert (crop.height, crop.width, crop.rows, crop.columns, crop.frame) == (3, 2000, 1, 256, (256, 256))


def test_near_holes_share_a_crop_and_far_ones_do_not() -> None:
    near = _mask(1000, 1000, (100, 100, 20, 20), (180, 170, 20, 20))
    far = _mask(1000, 1000, (100, 100, 20, 20), (100, 400, 20, 20))
    assert [crop.hole.sum() for crop in crops.plan(near, 256, 16)] == [800]
    assert [crop.hole.sum() for crop in crops.plan(far, 256, 16)] == [400, 400]


def test_a_speck_joins_the_large_hole_beside_it_but_two_large_holes_stay_sharp() -> None:
    beside = _mask(2000, 2000, (100, 100, 400, 400), (300, 510, 20, 20))
    both = _mask(2000, 2000, (100, 100, 400, 400), (100, 510, 400, 400))
    assert len(crops.plan(beside, 256, 16)) == 1
    assert [crop.height for crop in crops.plan(both, 256, 16)] == [800, 800]


def test_dust_all_over_a_photo_stays_sharp_and_is_planned_quickly() -> None:
    mask = np.random.default_rng(0).random((1500, 2000)) < 0.005
    start = time.perf_counter()
    plan = crops.plan(mask, 256, 16)
    assert time.perf_counter() - start < 2
    assert all(crop.scale == 1 for crop in plan)
    assert len(plan) < 400


def test_no_hole_no_crop() -> None:
    assert crops.plan(_mask(5, 5), 16, 8) == []


@pytest.mark.parametrize(
    ("size", "working_size", "seen", "frame"),
    [
        ((3000, 4000), 256, (256, 341), (256, 352)),
        ((360, 480), 256, (256, 341), (256, 352)),
        ((100, 300), 256, (100, 300), (256, 304)),
        ((1, 1), 256, (1, 1), (256, 256)),
        ((20000, 3), 256, (1024, 1), (1024, 256)),
        ((37, 500), None, (37, 500), (48, 512)),
    ],
)
def test_whole_photos(size: tuple[int, int], working_size: int | None, seen: tuple[int, int], frame: tuple[int, int]) -> None:
    crop = crops.whole(*size, working_size, 16)
    assert (crop.top, crop.left, crop.height, crop.width) == (0, 0, *size)
    assert ((crop.rows, crop.columns), crop.frame) == (seen, frame)


# --------------------------------------------------------------------------------------------------- the way in and the way back


def _crop(
    height: int, width: int, rows: int, columns: int, frame: tuple[int, int], hole: NDArray[np.bool_] | None = None
) -> crops.Crop:
    return crops.Crop(0, 0, height, width, rows, columns, frame, np.zeros((height, width), bool) if hole is None else hole)


def test_shrink_is_the_mean_of_what_a_pixel_covers_and_pads_by_reflection() -> None:
    photo = np.arange(4 * 6, dtype=np.uint8).reshape(4, 6, 1) * 10
    seen = crops.shrink(photo, _crop(4, 6, 2, 3, (4, 4)))
    means = photo[:, :, 0].reshape(2, 2, 3, 2).mean((1, 3)) / 127.5 - 1
    expected = means[[0, 1, 0, 1]][:, [0, 1, 2, 1]]
    assert (seen.shape, seen.dtype) == ((3, 4, 4), np.float32)
    for channel in seen:
        np.testing.assert_allclose(channel, expected, atol=0.5 / 127.5)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_shrink_maps_the_range_to_minus_one_to_one(dtype: type) -> None:
    photo = np.zeros((2, 2, 3), dtype)
    photo[0, 1] = np.iinfo(dtype).max
    seen = crops.shrink(photo, _crop(2, 2, 2, 2, (2, 2)))
    np.testing.assert_array_equal(seen, np.broadcast_to(np.array([[-1, 1], [-1, -1]], np.float32), (3, 2, 2)))


@examples(40)
@given(holes(90), st.integers(1, 30), st.integers(1, 30))
def test_every_pixel_that_touches_a_hole_is_hole(mask: NDArray[np.bool_], rows: int, columns: int) -> None:
    height, width = mask.shape
    rows, columns = min(rows, height), min(columns, width)
    seen = crops.shrink_mask(mask, _crop(height, width, rows, columns, (rows, columns)))
    # The middle of every hole pixel lies in a pixel that is hole; where there is no hole, there is none.
    y, x = np.nonzero(mask)
    assert seen[((y + 0.5) * rows / height).astype(int), ((x + 0.5) * columns / width).astype(int)].all()
    assert seen.any() == mask.any()
    # What a hole holds has no influence on any pixel that is not hole.
    photo = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    other = np.where(mask[:, :, None], 255 - photo, photo)
    crop = _crop(height, width, rows, columns, (rows, columns))
    np.testing.assert_array_equal(crops.shrink(photo, crop)[:, ~seen], crops.shrink(other, crop)[:, ~seen])


def test_hints_go_by_majority_and_a_thin_stroke_survives() -> None:
    labels = np.full((4, 8), UNKNOWN, np.uint8)
    labels[:, 0] = 5  # a stroke one pixel wide
    labels[:, 2:4] = [[3, 3], [3, 2], [2, 3], [3, 3]]
    labels[:, 6] = 130  # a set of classes, not one
    hints = crops.shrink_hints(labels, 8, _crop(4, 8, 2, 4, (4, 4)))
    np.testing.assert_array_equal(hints[:2], [[5, 3, 255, 255], [5, 3, 255, 255]])
    np.testing.assert_array_equal(hints[2:], hints[:2])
    assert hints.dtype == np.int64


@pytest.mark.parametrize("interpolation", [cv2.INTER_LINEAR, cv2.INTER_CUBIC])
def test_enlarging_in_bands_is_enlarging_at_once(interpolation: int) -> None:
    values = np.random.default_rng(0).random((5, 40, 32), np.float32)
    crop = _crop(211, 130, 37, 29, (40, 32))
    at_once = cv2.resize(values[:, :37, :29].transpose(1, 2, 0), (130, 211), interpolation=interpolation)
    bands = list(crops.enlarge(values, crop, interpolation))
    assert len(bands) == 4
    np.testing.assert_allclose(np.concatenate([band for _, band in bands]), at_once, atol=1e-5)
    assert [rows.start for rows, _ in bands] == [0, 64, 128, 192]


def test_one_channel_enlarges_too() -> None:
    (rows, band), *_ = crops.enlarge(np.ones((1, 2, 2), np.float32), _crop(4, 6, 2, 2, (2, 2)), cv2.INTER_CUBIC)
    assert (rows, band.shape) == (slice(0, 4), (4, 6, 1))


def test_paste_writes_the_hole_and_nothing_else() -> None:
    mask = _mask(4, 4, (1, 1, 2, 2))
    photo = np.full((4, 4, 3), 7, np.uint8)
    answer = np.broadcast_to(np.array([-1, 0.2, 1.7], np.float32)[:, None, None], (3, 4, 4))
    crops.paste(photo, answer, mask, _crop(4, 4, 4, 4, (4, 4), mask), feather=0)
    np.testing.assert_array_equal(photo[mask], [[0, 153, 255]] * 4)
    assert (photo[~mask] == 7).all()


@pytest.mark.parametrize(("dtype", "expected"), [(np.uint8, 255 * 0.587), (np.uint16, 65535 * 0.587)])
def test_grey_photos_take_the_luminance(dtype: type, expected: float) -> None:
    mask = _mask(2, 2, (0, 0, 1, 1))
    photo = np.zeros((2, 2, 1), dtype)
    green = np.stack([np.full((2, 2), value, np.float32) for value in (-1, 1, -1)])
    crops.paste(photo, green, mask, _crop(2, 2, 2, 2, (2, 2), mask), feather=0)
    assert photo[0, 0, 0] == round(expected)
    assert not photo[~mask].any()


def test_a_feather_falls_off_in_equal_steps_and_spares_other_holes() -> None:
    mask = _mask(1, 9, (0, 0, 1, 2), (0, 5, 1, 1))
    mine = _mask(1, 9, (0, 0, 1, 2))
    photo = np.zeros((1, 9, 1), np.uint8)
    crops.paste(photo, np.ones((3, 1, 9), np.float32), mask, _crop(1, 9, 1, 9, (1, 9), mine), feather=4)
    np.testing.assert_array_equal(photo[0, :, 0], [255, 255, 204, 153, 102, 0, 0, 0, 0])


def test_labels_are_enlarged_as_scores() -> None:
    scores = np.zeros((3, 1, 2), np.float32)
    scores[0, 0, 0], scores[2, 0, 1], scores[1] = 2, 2, 1.4  # class 1 is second on both sides and best in between
    labels, confidence = np.empty((1, 8), np.uint8), np.empty((1, 8), np.float32)
    nothing, free = np.zeros((1, 8), bool), np.full((1, 8), UNKNOWN, np.uint8)
    crop = _crop(1, 8, 1, 2, (1, 2))
    crops.paste_labels(labels, confidence, scores, crop, nothing, free, np.zeros(3, bool), temperature=2.0)
    np.testing.assert_array_equal(labels, [[0, 0, 0, 1, 1, 2, 2, 2]])
    assert confidence[0, 0] == pytest.approx(np.exp(1) / (np.exp(1) + np.exp(0.7) + 1))


def test_classes_fade_into_those_of_the_whole_photo_towards_the_sides_of_a_window() -> None:
    everything = crops.whole(120, 200, 60, 4)  # half the size
    hole = np.zeros((120, 200), bool)
    hole[40:60, 90:112] = True
    crop = crops.Crop(0, 60, 64, 64, 64, 64, (64, 64), hole[:64, 60:124])
    here, there = np.zeros((2, 64, 64), np.float32), np.zeros((2, *everything.frame), np.float32)
    here[0], there[1] = 4, 2
    there[1, :, 50:] = 6  # from column 100 of the photo
    mixed = crops.faded(here, crop, hole, there, everything, temperature=2.0)
    first = crops.chances(mixed, 2.0)[0]
    inside = 1 / (1 + np.exp(-4 / 2))
    np.testing.assert_allclose(first[hole[:64, 60:124]], inside, rtol=1e-5)
    np.testing.assert_allclose(first[20, 12:50], inside, rtol=1e-5)
    np.testing.assert_allclose(first[0, 12:50], inside, rtol=1e-5)  # the window touches the photo's upper side
    at_sides = [1 / (1 + np.exp(2 / 2)), 1 / (1 + np.exp(6 / 2))]
    np.testing.assert_allclose(first[20, [0, 63]], at_sides, atol=0.06)
    assert (np.diff(first[20, :12]) > 0).all()
    assert (np.diff(first[20, 53:]) < 0).all()
    assert (np.diff(first[53:, 20]) < 0).all()


def test_label_map_of_a_hole_obeys_and_leaves_other_holes_alone() -> None:
    hole, mine = np.array([[1, 1, 1, 0, 1]], bool), np.array([[1, 1, 1, 0, 0]], bool)
    hints = np.array([[UNKNOWN, UNKNOWN, 0, UNKNOWN, UNKNOWN]], np.uint8)
    scores = np.broadcast_to(np.log(np.array([0.1, 0.3, 0.6], np.float32))[:, None, None], (3, 1, 5))
    labels, confidence = np.full((1, 5), 9, np.uint8), np.full((1, 5), 9, np.float32)
    forbid = np.array([False, False, True])
    crops.paste_labels(labels, confidence, scores, _crop(1, 5, 1, 5, (1, 5), mine), hole, hints, forbid, temperature=1.0)
    np.testing.assert_array_equal(labels, [[1, 1, 0, 2, 9]])
    np.testing.assert_allclose(confidence, [[0.75, 0.75, 1, 0.6, 9]], rtol=1e-6)
