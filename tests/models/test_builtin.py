"""The weights that ship: within their budget, whole, and at work on a real photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import scenefill
from scenefill import labels
from scenefill.filling.inpainter import Inpainter
from scenefill.models import registry, weights
from scenefill.pictures import images, masks

EXAMPLES = Path(__file__).parents[2] / "examples"
PHOTO, MASK = EXAMPLES / "photos" / "red-car.jpg", EXAMPLES / "masks" / "red-car.png"
STREET = labels.get("street")


@pytest.fixture(scope="module")
def street() -> Inpainter:
    return scenefill.load("sge-net-street", threads=1)


def test_the_weights_are_within_their_budget() -> None:
    path = registry.find("sge-net-street")
    info = weights.read_info(path)
    assert weights.parameter_count(path) <= 8_000_000
    assert path.stat().st_size + path.with_suffix(".onnx").stat().st_size <= 16 * 10**6
    assert info.metrics["gflop_256"] <= 16
    assert info.licence == "CC BY-NC 4.0"
    assert info.label_set == "street"
    assert 0.5 < info.temperature < 2


@pytest.mark.parametrize(("name", "label_set"), [("spg-net-street", "street"), ("pen-net-street", None)])
def test_those_to_compare_with(name: str, label_set: str | None) -> None:
    path = registry.find(name)
    info = weights.read_info(path)
    assert path.stat().st_size + path.with_suffix(".onnx").stat().st_size <= 6 * 10**6
    assert (info.label_set, info.known_map, info.working_size) == (label_set, label_set is not None, 256)
    assert info.licence == "CC BY-NC 4.0"
    result = scenefill.load(name, threads=1)(PHOTO, MASK)
    before = images.read(PHOTO).rgb8()
    np.testing.assert_array_equal(result.image[~result.mask], before[~result.mask])
    assert np.abs(result.image[result.mask].astype(int) - before[result.mask]).mean() > 10
    assert (result.labels is None) == (label_set is None)


def test_two_maps_give_two_fills_of_the_same_hole() -> None:
    spg = scenefill.load("spg-net-street", threads=1)
    mask = masks.read(MASK)
    fills = []
    for name in ("road", "vegetation"):
        wish = np.full(mask.shape, labels.UNKNOWN, np.uint8)
        wish[mask] = STREET.id(name)
        result = spg(PHOTO, MASK, labels=wish)
        assert result.labels is not None
        assert (result.labels[mask] == STREET.id(name)).all()
        fills.append(result.image[mask].astype(int))
    assert np.abs(fills[0] - fills[1]).mean() > 5


def test_a_photo_is_filled_with_street(street: Inpainter) -> None:
    result = street(PHOTO, MASK)
    before = images.read(PHOTO).rgb8()
    np.testing.assert_array_equal(result.image[~result.mask], before[~result.mask])
    assert np.abs(result.image[result.mask].astype(int) - before[result.mask]).mean() > 10
    assert result.labels is not None
    assert result.confidence is not None
    road = (result.labels == STREET.id("road"))[-40:]
    assert road.mean() > 0.9
    assert 0.3 < result.confidence.mean() <= 1


def test_a_painted_class_is_obeyed_and_changes_the_fill(street: Inpainter) -> None:
    mask = masks.read(MASK)
    wish = np.full(mask.shape, labels.UNKNOWN, np.uint8)
    wish[mask] = STREET.id("vegetation")
    free, steered = street(PHOTO, MASK), street(PHOTO, MASK, labels=wish)
    assert steered.labels is not None
    assert (steered.labels[mask] == STREET.id("vegetation")).all()
    assert np.abs(free.image[mask].astype(int) - steered.image[mask]).mean() > 2


def test_a_forbidden_class_is_not_in_the_map(street: Inpainter) -> None:
    result = street(PHOTO, MASK, forbid=["road"])
    assert result.labels is not None
    assert not (result.labels[result.mask] == STREET.id("road")).any()


def test_cars_are_found_and_erased(street: Inpainter) -> None:
    result = street.erase(PHOTO, ["car"])
    found = result.mask[140:200, 250:360]  # the silver car at the right edge
    assert found.mean() > 0.2
    assert result.labels is not None
    assert not (result.labels[result.mask] == STREET.id("vehicle")).any()
