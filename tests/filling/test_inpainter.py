"""The Inpainter: known pixels stay, holes are filled from the right places, steering arrives, models are found by name."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import PALETTE, STREET, Grey, Painter, scene, write_network
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from specimens import box, noise

import scenefill
from scenefill.errors import MaskError, ScenefillWarning, WeightsError
from scenefill.filling import classical
from scenefill.filling.benchmark import timed
from scenefill.filling.inpainter import Inpainter
from scenefill.filling.notices import warnings_kept
from scenefill.labels import UNKNOWN
from scenefill.models import registry, weights
from scenefill.pictures import images, masks

SHAPES = [(), (1,), (3,), (4,)]


@st.composite
def cases(draw: st.DrawFn) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """A photo of any size, kind and depth, and a mask with a hole and a known pixel."""
    height, width = draw(st.integers(1, 90)), draw(st.integers(2, 90))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    mask = rng.random((height, width)) < draw(st.sampled_from([0, 0.01, 0.4]))
    top, left = rng.integers(height), rng.integers(width)
    mask[top : top + rng.integers(1, 40), left : left + rng.integers(1, 40)] = True
    mask[rng.integers(height), rng.integers(width)] ^= True
    mask[0, :2] = [True, False]
    return noise(
        height, width, *draw(st.sampled_from(SHAPES)), dtype=draw(st.sampled_from([np.uint8, np.uint16])), seed=seed
    ), mask


def _quietly(fill: Inpainter, *arguments: Any, **options: Any) -> scenefill.Result:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScenefillWarning)
        return fill(*arguments, **options)


@settings(max_examples=80, deadline=None)
@given(cases(), st.sampled_from(["grey", "painter", "telea"]), st.integers(0, 3), st.integers(0, 4))
def test_known_pixels_stay_and_the_array_is_like_the_one_given(
    case: tuple[NDArray[Any], NDArray[np.bool_]], model: str, grow: int, feather: int
) -> None:
    photo, mask = case
    hole = masks.dilate(mask, grow)
    if hole.all():
        return
    backend = {"grey": Grey(), "painter": Painter(), "telea": classical.BACKENDS["telea"]}[model]
    before = photo.copy(), mask.copy()
    result = _quietly(Inpainter(backend), photo, mask, grow=grow, feather=feather)
    assert (result.image.shape, result.image.dtype) == (photo.shape, photo.dtype)
    np.testing.assert_array_equal(result.mask, hole)
    known = ~masks.dilate(hole, feather)
    np.testing.assert_array_equal(result.image[known], photo[known])
    if photo.shape[2:] == (4,):
        np.testing.assert_array_equal(result.image[:, :, 3], photo[:, :, 3])
    np.testing.assert_array_equal(photo, before[0])
    np.testing.assert_array_equal(mask, before[1])


@settings(max_examples=40, deadline=None)
@given(cases())
def test_every_hole_pixel_is_filled_and_its_content_has_no_influence(case: tuple[NDArray[Any], NDArray[np.bool_]]) -> None:
    photo, mask = case
    top = np.iinfo(photo.dtype).max
    filled = _quietly(Inpainter(Grey(0.2)), photo, mask, intent="restore", detail="none").image.reshape(*mask.shape, -1)[:, :, :3]
    np.testing.assert_allclose(filled[mask], 0.6 * top, atol=0.51)

    other = photo.copy()
    other[mask] = top - other[mask]
    if photo.shape[2:] == (4,):
        other[:, :, 3] = photo[:, :, 3]
    for fill in (Inpainter(Painter()), Inpainter(classical.BACKENDS["telea"])):
        filled = [_quietly(fill, each, mask, intent="restore").image for each in (photo, other)]
        np.testing.assert_array_equal(*filled)


@settings(max_examples=40, deadline=None)
@given(cases(), st.integers(0, len(STREET) - 1), st.integers(0, 2**32 - 1))
def test_hints_are_obeyed(case: tuple[NDArray[Any], NDArray[np.bool_]], forbidden: int, seed: int) -> None:
    """Where the photo is not shrunk, every hinted pixel gets its class, the others the first one allowed."""
    photo, mask = case
    photo = np.ascontiguousarray(np.broadcast_to(photo.reshape(*mask.shape, -1)[:, :, :1], (*mask.shape, 3))).astype(np.uint8)
    labels = np.random.default_rng(seed).choice(np.array([*range(len(STREET)), UNKNOWN], np.uint8), mask.shape)
    result = _quietly(
        Inpainter(Painter(working_size=192)),
        photo,
        mask,
        labels=labels,
        forbid=[STREET.classes[forbidden]],
        intent="restore",
        detail="none",
    )
    default = STREET.id("building") if forbidden != STREET.id("building") else STREET.id("sky")
    wanted = np.where(labels == UNKNOWN, default, labels)
    np.testing.assert_array_equal(result.image[mask], PALETTE[wanted[mask]])
    assert result.labels is not None
    assert result.confidence is not None
    hinted = mask & (labels != UNKNOWN)
    np.testing.assert_array_equal(result.labels[hinted], labels[hinted])
    assert (result.confidence[hinted] == 1).all()
    assert (result.labels[mask & ~hinted] != forbidden).all()


def test_extreme_sizes() -> None:
    for height, width in ((1, 2), (2, 1), (3, 20000), (20000, 3)):
        photo, mask = noise(height, width, 3), np.zeros((height, width), bool)
        mask[0, 0] = mask[-1, -1] = height * width > 2
        mask[0, 0] = True
        for backend in (Grey(1), Painter()):
            result = Inpainter(backend).fill(photo, mask)
            np.testing.assert_array_equal(result.image[~mask], photo[~mask])
            if backend.labels:
                assert result.labels is not None
                assert result.labels.shape == (height, width)


def test_one_pixel_can_be_segmented_but_not_filled() -> None:
    photo = PALETTE[STREET.id("road")].reshape(1, 1, 3)
    labels, confidence = Inpainter(Painter()).segment(photo)
    np.testing.assert_array_equal(labels, [[STREET.id("road")]])
    assert confidence.shape == (1, 1)
    with pytest.raises(MaskError, match="all hole"):
        Inpainter(Painter()).fill(photo, np.ones((1, 1), bool))


def test_a_large_hole_is_filled_with_the_enlarged_picture() -> None:
    photo = np.zeros((100, 100, 3), np.uint8)
    labels = np.full((100, 100), STREET.id("sky"), np.uint8)
    labels[:, 50:] = STREET.id("road")
    mask = box(100, 100, 10, 10, 80, 80)
    with pytest.warns(ScenefillWarning, match="64%"):
        result = Inpainter(Painter())(photo, mask, labels=labels, intent="restore")
    assert (result.image[20:80, 20:40] == PALETTE[STREET.id("sky")]).all()
    assert (result.image[20:80, 60:80] == PALETTE[STREET.id("road")]).all()
    np.testing.assert_array_equal(result.labels[mask], labels[mask])


def test_maps_are_saved(tmp_path: Path) -> None:
    labels = scene()
    result = Inpainter(Painter(working_size=64))(STREET.colourise(labels), box(40, 60, 4, 4, 6, 6), labels=labels)
    result.save_labels(tmp_path / "labels.png")
    result.save_confidence(tmp_path / "confidence.png")
    np.testing.assert_array_equal(images.read_labels(tmp_path / "labels.png", STREET), labels)
    confidence = images.read(tmp_path / "confidence.png").pixels[:, :, 0]
    assert confidence[5, 5] == 255
    assert confidence[20, 40] == round(255 * np.exp(3) / (np.exp(3) + 7))


def test_load_by_path_and_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_network(tmp_path, "avenue")
    photo, mask = noise(100, 90, 3), box(100, 90, 20, 20, 20, 30)
    monkeypatch.setattr(registry, "builtin_dir", lambda: tmp_path)
    colour = weights.read_tensors(path)[1]["colour"].astype(np.float32).ravel()
    for name in (path, str(path), "avenue"):
        fill = scenefill.load(name, threads=1)
        assert fill.labels is STREET
        result = fill(photo, mask, intent="restore", detail="none")
        np.testing.assert_allclose(result.image[mask], np.broadcast_to((colour + 1) * 127.5, (600, 3)), atol=0.51)
        assert result.labels is not None
        assert result.labels.shape == (100, 90)
    lighter = fill(photo, mask, forbid=["car"], detail="none").image[mask].astype(int) - result.image[mask]
    assert set(np.unique(lighter)) <= {31, 32}


@pytest.mark.parametrize("name", registry.CLASSICAL)
def test_load_classical(name: str) -> None:
    photo = np.full((40, 50), 77, np.uint8)
    result = scenefill.load(name)(photo, box(40, 50, 10, 10, 5, 5))
    np.testing.assert_allclose(result.image, photo.astype(float), atol=4)


def test_every_classical_method_is_listed() -> None:
    assert set(registry.CLASSICAL) == set(classical.BACKENDS)


def test_load_of_what_there_is_not() -> None:
    with pytest.raises(WeightsError, match='no model "teleb", did you mean "telea"'):
        scenefill.load("teleb")


def test_a_photo_of_twelve_megapixels_fits_into_a_gibibyte(tmp_path: Path) -> None:
    """In a process of its own, with a JPEG in and a JPEG out, and a hole of 600 pixels."""
    Image.fromarray(np.kron(noise(30, 40, 3), np.ones((100, 100, 1), np.uint8))).save(tmp_path / "in.jpg")
    masks.write(box(3000, 4000, 1000, 1500, 600, 600), tmp_path / "mask.png")
    path = write_network(tmp_path)
    code = (
        "import scenefill\n"
        f"result = scenefill.load({str(path)!r}, threads=1)({str(tmp_path / 'in.jpg')!r}, {str(tmp_path / 'mask.png')!r})\n"
        f"result.save({str(tmp_path / 'out.jpg')!r})\n"
    )
    _, peak = timed([sys.executable, "-c", code])
    assert peak is None or peak < 1024
    with Image.open(tmp_path / "out.jpg") as out:
        assert out.size == (4000, 3000)


def _two_holes() -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    return noise(40, 400, 3), box(40, 400, 4, 4, 8, 8) | box(40, 400, 4, 380, 8, 8)


def test_progress_is_told_crop_by_crop() -> None:
    heard: list[tuple[int, int]] = []
    photo, mask = _two_holes()
    Inpainter(Grey()).fill(photo, mask, progress=lambda done, total: heard.append((done, total)))
    assert heard == [(0, 2), (1, 2), (2, 2)]
    heard.clear()
    Inpainter(Painter()).erase(STREET.colourise(scene()), "car", progress=lambda done, total: heard.append((done, total)))
    assert heard == [(0, 1), (1, 1)]


def test_what_progress_raises_ends_the_fill() -> None:
    painter = Painter()

    def stop(done: int, total: int) -> None:
        if done == 1:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        Inpainter(painter).fill(*_two_holes(), intent="restore", progress=stop)
    assert len(painter.asked) == 1


def test_warnings_can_be_kept_to_oneself() -> None:
    with warnings_kept() as said:
        Inpainter(Grey()).fill(noise(20, 20, 3), np.zeros((20, 20), bool))
    (sentence,) = said
    assert sentence.startswith("the mask has no hole")
    with pytest.warns(ScenefillWarning, match="no hole"):
        Inpainter(Grey()).fill(noise(20, 20, 3), np.zeros((20, 20), bool))
