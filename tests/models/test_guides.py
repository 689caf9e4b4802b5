"""Edges: where a step is, how high it must be, what the hole hides; and what becomes of strokes that a user draws."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from scenefill.models import guides
from scenefill.models.guides import edge_guide, edges, thin


def step(height: int, *, size: int = 48, at: int = 20) -> NDArray[np.float32]:
    """(3, size, size): dark up to column `at`, `height` grey levels of 255 lighter from there on."""
    grey = np.full((size, size), 100.0)
    grey[:, at:] += height
    return np.broadcast_to((grey / 127.5 - 1).astype(np.float32), (3, size, size))


def box(size: int = 48) -> NDArray[np.bool_]:
    hole = np.zeros((size, size), bool)
    hole[size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = True
    return hole


def test_a_step_is_one_line() -> None:
    found = edges(step(60))
    assert set(np.nonzero(found)[1]) <= {19, 20}
    assert (found[1:-1].sum(axis=1) == 1).all()
    assert not found[[0, -1]].any(), "who knows what lies beyond the border"


@pytest.mark.parametrize(("height", "seen"), [(33, False), (34, True)])
def test_the_height_that_starts_an_edge(height: int, seen: bool) -> None:
    # g is the Gaussian of sigma 2: Sobel beside the step takes 4 (g(0) + g(1)) = 1.502 of its height; the threshold is 0.2
    assert edges(step(height)).any() == seen


@pytest.mark.parametrize(("height", "goes_on"), [(16, False), (17, True)])
def test_the_height_that_carries_an_edge_on(height: int, goes_on: bool) -> None:
    share = np.clip((24 - np.arange(48, dtype=np.float32)) / 16, 0, 1)[:, None]  # of a high step, down to row 24
    image = (share * step(60) + (1 - share) * step(height)).astype(np.float32)
    assert edges(image)[30:40, 18:22].any() == goes_on
    assert not edges(step(height)).any(), "but does not start one"


def test_an_even_picture_has_none() -> None:
    assert not edges(np.full((3, 32, 40), 0.3, np.float32)).any()


def test_green_is_brighter_than_blue() -> None:
    """Grey is 0.7154 green and 0.0721 blue: a step of 60 is seen in one and not in the other."""
    seen = []
    for channel in range(3):
        image = np.full((3, 48, 48), -0.2, np.float32)
        image[channel, :, 20:] += 60 / 127.5
        seen.append(edges(image).any())
    assert seen == [False, True, False]


def test_what_stands_in_the_hole_is_not_seen() -> None:
    rng, hole = np.random.default_rng(0), box()
    image = np.where(rng.random((3, 6, 6)) < 0.5, -1, 1).astype(np.float32).repeat(8, 1).repeat(8, 2)
    other = np.where(hole, rng.uniform(-1, 1, image.shape), image).astype(np.float32)
    found = edges(image, hole)
    assert np.array_equal(found, edges(other, hole))
    assert found.any()
    assert not (found & (cv2.dilate(hole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)).any()
    assert not edges(step(60), np.ones((48, 48), bool)).any()


def test_a_hole_makes_no_edge_of_its_own() -> None:
    even = np.where(box(), 1.0, np.full((3, 48, 48), -0.4)).astype(np.float32)
    assert not edges(even, box()).any()


def test_canny_of_another_library() -> None:
    """scikit-image interpolates where OpenCV takes the nearest direction: their lines are within a pixel of each other."""
    canny = pytest.importorskip("skimage.feature").canny
    rng = np.random.default_rng(1)
    image = rng.uniform(-1, 1, (3, 8, 8)).astype(np.float32).repeat(16, 1).repeat(16, 2)
    grey = np.tensordot(guides.LUMINANCE, image, 1) / 2 + 0.5
    for hole in (np.zeros((128, 128), bool), box(128)):
        ours, theirs = edges(image, hole), canny(grey, sigma=2, mask=~hole)
        for one, two in ((ours, theirs), (theirs, ours)):
            near = cv2.dilate(two.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            assert (one & near).sum() >= 0.95 * one.sum() > 100


def test_the_guide_of_a_batch() -> None:
    image = np.stack([step(60), step(60, at=30)])
    mask = np.zeros((2, 1, 48, 48), np.float32)
    mask[0, 0] = box()
    guide = edge_guide(image, mask)
    assert guide.shape == (2, 2, 48, 48)
    assert guide.dtype == np.float32
    assert np.array_equal(guide[0, 0], edges(image[0], box()))
    assert np.array_equal(guide[1, 0], edges(image[1]))
    assert np.array_equal(guide[:, 1:], 1 - mask)
    assert guides.GUIDES["edges"] is edge_guide


def test_a_stroke_counts_in_the_hole_and_for_the_pixels_beside_it() -> None:
    image, mask = np.zeros((1, 3, 48, 48), np.float32), box()[None, None].astype(np.float32)
    drawn = np.zeros_like(mask)
    drawn[..., 20:23, 5:30] = 1  # three pixels wide, and out of the hole on the left
    found, believed = edge_guide(image, mask, drawn)[0]
    wanted = np.zeros((48, 48), bool)
    wanted[21, 12:28] = True  # the middle line, whose end on the right the thinning takes off
    assert np.array_equal(found > 0, wanted)
    spoken_for = ~box()
    spoken_for[19:24, 12:31] = True
    assert np.array_equal(believed > 0, spoken_for)


def test_a_drawing_outside_the_hole_changes_nothing() -> None:
    image, mask = step(60)[None], box()[None, None].astype(np.float32)
    assert np.array_equal(edge_guide(image, mask), edge_guide(image, mask, 1 - mask))


def test_thin_keeps_lines_that_are_thin() -> None:
    lines = np.zeros((20, 20), bool)
    lines[3, 2:15] = True
    np.fill_diagonal(lines[5:15, 5:15], True)
    assert np.array_equal(thin(lines), lines)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_thin_leaves_one_line_for_each_stroke(seed: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    canvas = np.zeros((40, 40), np.uint8)
    for _ in range(3):
        cv2.line(canvas, tuple(map(int, rng.integers(0, 40, 2))), tuple(map(int, rng.integers(0, 40, 2))), 1, width)
    lines = thin(canvas > 0)
    assert not (lines & (canvas == 0)).any()
    assert cv2.connectedComponents(lines.astype(np.uint8))[0] == cv2.connectedComponents(canvas)[0]
    assert np.array_equal(thin(lines), lines)
    corners = lines[1:, 1:] & lines[1:, :-1] & lines[:-1, 1:] & lines[:-1, :-1]
    assert corners.sum() <= 4, "hardly a block of two by two is left"
