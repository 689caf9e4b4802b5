"""Telea, Navier-Stokes and PatchMatch as backends: what a hole must look like when the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenefill.filling.classical import BACKENDS
from scenefill.models import registry
from scenefill.models.runtime import Answer, Backend
from scenefill.pictures import masks, shapes

NO_CLASSES = np.zeros((1, 0), bool)
each = pytest.mark.parametrize("name", BACKENDS)


def run(name: str, image: np.ndarray, hole: masks.Mask) -> Answer:
    """image: (B, 3, H, W) in [-1, 1]. hole: (H, W) bool, the same for every image."""
    batch, _, height, width = image.shape
    mask = np.broadcast_to(hole, (batch, 1, height, width)).astype(np.float32)
    hints = np.full((batch, height, width), 255, np.int64)
    return BACKENDS[name].run(image.astype(np.float32), mask, hints, np.repeat(NO_CLASSES, batch, 0))


def ramp(height: int, width: int) -> np.ndarray:
    """(1, 3, H, W): red grows to the right, green downwards, blue is constant."""
    rows, columns = np.indices((height, width))
    return np.stack([columns / (width - 1) - 0.5, rows / (height - 1) - 0.5, np.full((height, width), 0.25)])[None]


@each
def test_they_keep_the_contract(name: str) -> None:
    backend: Backend = BACKENDS[name]
    assert backend.name == name
    assert (backend.labels, backend.working_size, backend.stride, backend.temperature) == (None, None, 1, 1.0)
    answer = run(name, np.repeat(ramp(9, 14), 2, 0), shapes.centre(9, 14, 3))
    assert answer.logits is None
    assert answer.image.shape == (2, 3, 9, 14)
    assert answer.image.dtype == np.float32


def test_the_registry_lists_them() -> None:
    assert set(registry.CLASSICAL) == set(BACKENDS)


@each
@given(colour=st.tuples(*[st.integers(0, 255)] * 3), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_one_colour_is_continued(name: str, colour: tuple[int, int, int], seed: int) -> None:
    image = np.ones((1, 3, 24, 31)) * (np.array(colour) / 127.5 - 1)[:, None, None]
    hole = shapes.boxes(24, 31, np.random.default_rng(seed), side=(0.1, 0.4))
    assert np.abs(run(name, image, hole).image - image).max() * 127.5 <= (5 if name == "telea" else 1)  # OpenCV's Telea drifts


@each
def test_a_ramp_is_continued_in_rgb_order(name: str) -> None:
    image, hole = ramp(48, 64), shapes.centre(48, 64, 8)
    error = np.abs(run(name, image, hole).image - image)[0]
    assert error[:, hole].mean() < 0.06
    assert error[:, ~hole].max() <= 1 / 255 + 1e-6, "known pixels are at most rounded to 8 bits"


@each
def test_what_lies_in_the_hole_has_no_influence(name: str) -> None:
    image, hole = ramp(32, 32), shapes.free_form(32, 32, np.random.default_rng(0))
    loud = np.where(hole, -image[:, ::-1], image)
    assert (run(name, image, hole).image == run(name, loud, hole).image).all()


@each
def test_every_picture_of_a_batch_is_filled_on_its_own(name: str) -> None:
    hole = shapes.centre(20, 20)
    both = np.concatenate([ramp(20, 20), -ramp(20, 20)])
    answer = run(name, both, hole).image
    for k in range(2):
        assert (answer[k] == run(name, both[k : k + 1], hole).image[0]).all()


@each
@pytest.mark.parametrize(
    "corner", [(slice(None, 6), slice(None, 6)), (slice(-6, None), slice(-6, None)), (slice(8, 12), slice(None))]
)
def test_holes_at_the_border_are_filled(name: str, corner: tuple[slice, slice]) -> None:
    image, hole = np.full((1, 3, 20, 20), 0.5), np.zeros((20, 20), bool)
    hole[corner] = True
    assert run(name, image, hole).image == pytest.approx(image, abs=0.04)


@each
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 2), (300, 3)])
def test_odd_sizes(name: str, size: tuple[int, int]) -> None:
    hole = np.zeros(size, bool)
    hole[0, -1] = size != (1, 1)
    assert run(name, np.zeros((1, 3, *size)), hole).image == pytest.approx(np.zeros((1, 3, *size)), abs=0.04)


@pytest.mark.parametrize("name", ["telea", "navier-stokes"])
@pytest.mark.parametrize("axis", [2, 3])
def test_a_single_line_is_filled_like_two_equal_ones(name: str, axis: int) -> None:
    """OpenCV's Telea by itself reads what lies in memory behind a single line."""
    line = np.random.default_rng(0).uniform(-1, 1, (1, 3, *((1, 9) if axis == 2 else (9, 1))))
    hole = np.zeros(line.shape[2:], bool)
    hole.flat[[0, 4, 8]] = True
    two = run(name, np.repeat(line, 2, axis), np.repeat(hole, 2, axis - 2)).image
    assert (run(name, line, hole).image == np.take(two, [0], axis)).all()


@each
def test_without_a_hole_nothing_happens(name: str) -> None:
    assert run(name, ramp(8, 8), np.zeros((8, 8), bool)).image == pytest.approx(ramp(8, 8), abs=1 / 255 + 1e-6)
