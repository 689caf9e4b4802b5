"""PatchMatch: where the colours come from, and that patterns go on where Telea's method blurs them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenefill.filling.patchmatch import RADIUS, fill, find
from scenefill.pictures import masks, shapes

STRIPES = np.repeat((np.indices((96, 96)).sum(axis=0)[..., None] // 4 % 2 * 200 + 20).astype(np.uint8), 3, axis=2)
CHECKER = np.repeat(((np.indices((96, 96)) // 6).sum(axis=0)[..., None] % 2 * 180 + 40).astype(np.uint8), 3, axis=2)


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    """(H, W, 3) uint8 with structure at several scales."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8 + 2, width // 8 + 2, 3)).astype(np.float32)
    return (0.7 * cv2.resize(coarse, (width, height)) + 0.3 * rng.integers(0, 256, (height, width, 3))).astype(np.uint8)


def error(image: np.ndarray, truth: np.ndarray, hole: masks.Mask) -> float:
    return float(np.abs(image[hole].astype(float) - truth[hole]).mean())


def test_the_same_seed_gives_the_same_picture_and_another_another() -> None:
    image, hole = noise(64, 80), shapes.centre(64, 80)
    first = fill(image, hole, seed=3)
    assert (first == fill(image, hole, seed=3)).all()
    assert (first != fill(image, hole, seed=4)).any()


@given(seed=st.integers(0, 10**6), height=st.integers(1, 48), width=st.integers(1, 48))
@settings(max_examples=12, deadline=None)
def test_any_size_and_any_hole(seed: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    hole = shapes.boxes(height, width, rng, side=(0.1, 0.4)) if seed % 2 else rng.random((height, width)) < rng.random()
    hole.flat[0] = False
    image = noise(height, width, seed)
    before = image.copy(), hole.copy()
    filled = fill(image, hole)
    assert filled.shape == image.shape
    assert filled.dtype == np.uint8
    assert (filled[~hole] == image[~hole]).all()
    assert all((given == kept).all() for given, kept in zip((image, hole), before, strict=True)), "what is given is left alone"
    assert (filled == fill(np.where(hole[..., None], 255 - image, image), hole)).all(), "the hole's content has no influence"


def test_without_a_hole_nothing_happens() -> None:
    assert (fill(noise(20, 30), np.zeros((20, 30), bool)) == noise(20, 30)).all()


@pytest.mark.parametrize("picture", [STRIPES, CHECKER], ids=["stripes", "checker"])
def test_a_pattern_goes_on(picture: np.ndarray) -> None:
    hole = shapes.centre(96, 96, 36)
    telea = np.asarray(cv2.inpaint(picture, hole.astype(np.uint8), 3, cv2.INPAINT_TELEA))
    assert error(fill(picture, hole), picture, hole) < 0.1 * error(telea, picture, hole)


def test_a_pattern_goes_on_to_the_edge_of_the_picture() -> None:
    hole = np.zeros((96, 96), bool)
    hole[:30, 40:70] = True
    assert error(fill(STRIPES, hole), STRIPES, hole) < 12


def test_patches_that_touch_the_hole_are_never_used() -> None:
    """Red lies round the hole, nearer than a patch needs: no patch of known pixels has it at its centre."""
    image, hole = noise(96, 96), shapes.centre(96, 96, 30)
    image[..., 0] = 0
    image[masks.dilate(hole, 1) & ~hole] = 255, 0, 0
    reach = cv2.dilate(hole.astype(np.uint8), np.ones((2 * RADIUS + 1, 2 * RADIUS + 1))) > 0
    inside = cv2.erode(hole.astype(np.uint8), np.ones((17, 17))) > 0  # farther in than the tone of the border reaches
    assert (reach & ~hole).any()
    assert fill(image, hole)[inside][:, 0].max() < 40


def test_what_is_of_one_class_is_made_of_that_class() -> None:
    """Blue sky over brown ground, the map says sky half-way down the hole; a dark seam between the two must not spread."""
    image, labels = noise(96, 96) // 4, np.zeros((96, 96), np.uint8)
    labels[48:] = 1
    image[:48, :, 2] += 190
    image[48:, :, 0] += 190
    hole = shapes.centre(96, 96, 40)
    filled = fill(image, hole, labels=labels).astype(int)
    sky, ground = filled[hole & (labels == 0)], filled[hole & (labels == 1)]
    assert (sky[:, 2] >= 190 - 1).all()
    assert (sky[:, 0] < 64).all()
    assert (ground[:, 0] >= 190 - 1).all()


def test_a_class_that_is_nowhere_else_takes_what_there_is() -> None:
    hole = shapes.centre(48, 48, 16)
    labels = np.where(hole, 7, 0).astype(np.uint8)
    assert error(fill(STRIPES[:48, :48], hole, labels=labels), STRIPES[:48, :48], hole) < 12


def test_unknown_labels_bind_nothing() -> None:
    image, hole = noise(64, 64), shapes.centre(64, 64, 24)
    assert (fill(image, hole, labels=np.full((64, 64), 255, np.uint8)) == fill(image, hole)).all()


def test_offsets_lead_to_patches_that_are_known_and_of_the_same_class() -> None:
    image, hole, labels = noise(64, 80) / np.float32(255), shapes.centre(64, 80, 24), np.zeros((64, 80), np.uint8)
    labels[:, 40:] = 1
    match = find(image, hole, labels=labels, seed=1)
    assert match is not None
    y, x = np.moveaxis(np.indices(hole.shape).transpose(1, 2, 0) + match.offsets, 2, 0)
    reach = cv2.dilate(hole.astype(np.uint8), np.ones((2 * RADIUS + 1, 2 * RADIUS + 1))) > 0
    assert not reach[y[reach], x[reach]].any()
    assert (match.offsets[~reach] == 0).all()
    assert (labels[y, x] == labels).all()
    filled = np.where(hole[..., None], np.rint(match.colours * 255).clip(0, 255), image * 255).round()
    assert (filled == fill(noise(64, 80), hole, labels=labels, seed=1)).all()


def test_the_border_has_no_step_in_tone() -> None:
    """A wall that grows darker to the right: no patch has its tone elsewhere, the border has it made right."""
    image = (noise(96, 96) // 8 + np.linspace(200, 20, 96)[None, :, None]).astype(np.uint8)
    hole = shapes.centre(96, 96, 32)
    step = np.diff(fill(image, hole).astype(float).mean(axis=2), axis=0)
    across = np.abs([step[31, 32:64], step[63, 32:64]]).mean()
    assert across < 1.5 * np.abs(step[:31]).mean()


def test_a_guide_says_what_lies_where() -> None:
    """Left dark, right bright; the guide asks for the opposite in the hole, out of focus."""
    image, hole = noise(128, 128) // 4, shapes.centre(128, 128, 56)
    image[:, 64:] += 180
    swapped = cv2.GaussianBlur(image[:, ::-1], (0, 0), 3)
    filled = fill(image, hole, guide=np.where(hole[..., None], swapped, image)).mean(axis=2)
    core = shapes.centre(128, 128, 36)
    assert filled[:, :64][core[:, :64]].mean() > 150
    assert filled[:, 64:][core[:, 64:]].mean() < 100
    assert np.abs(np.diff(filled))[core[:, 1:]].mean() > 1.5 * np.abs(np.diff(swapped.mean(axis=2)))[core[:, 1:]].mean()
