"""Detail: as sharp as what is around, in the network's colours, from the right class, and nothing that is not asked for."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from fakes import COLOURS, STREET, Grey, Painter
from numpy.typing import NDArray

from scenefill.errors import InputError
from scenefill.filling import crops, detail
from scenefill.filling.inpainter import Inpainter
from scenefill.labels import UNKNOWN
from scenefill.models.runtime import Answer, Flags, Floats, Ids
from scenefill.pictures import masks, shapes


@dataclass
class Blurry(Grey):
    """Shows what it is given out of focus, and of its hole only a colour; sees the upper half of a picture as one class."""

    value: float = 0.0
    working_size: int | None = 64
    stride: int = 16
    labels = STREET  # type: ignore[assignment]

    def run(self, image: Floats, mask: Floats, hints: Ids, forbid: Flags, guide: Floats | None = None) -> Answer:
        picture = np.where(mask > 0, np.float32(self.value), image)[0].transpose(1, 2, 0)
        soft = cv2.GaussianBlur(picture, (0, 0), 3).transpose(2, 0, 1)[None]
        logits = np.zeros((1, len(STREET), *mask.shape[2:]), np.float32)
        logits[:, STREET.id("building"), : mask.shape[2] // 2] = 5
        logits[:, STREET.id("road"), mask.shape[2] // 2 :] = 5
        return Answer(soft, logits)


def noise(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(60, 196, (height, width, 3)).astype(np.uint8)


def steps(pixels: NDArray[np.generic], where: masks.Mask, axis: int) -> float:
    """Mean squared difference of neighbours."""
    grey = pixels.astype(float).mean(axis=2)
    return float((np.diff(grey, axis=axis, append=0) ** 2)[where].mean())


@pytest.mark.parametrize("side", [192, 64], ids=["shrunk to a third", "as it is"])
def test_a_hole_is_about_as_sharp_as_its_neighbourhood(side: int) -> None:
    photo, hole = noise(side, side), shapes.centre(side, side, side // 3)
    inside = shapes.centre(side, side, side // 3 - 8)
    fill = Inpainter(Blurry())
    blurred, detailed = (fill(photo, hole, detail=wish).image for wish in ("none", "auto"))
    assert (detailed[~hole] == photo[~hole]).all()
    around = steps(photo, ~hole, 1)
    assert steps(blurred, inside, 1) < 0.05 * around
    assert 0.4 * around < steps(detailed, inside, 1) < 1.6 * around


def test_coarse_colours_are_the_networks() -> None:
    photo, hole = noise(192, 192), shapes.centre(192, 192, 96)
    fill = Inpainter(Blurry(0.3))
    blurred, detailed = (cv2.blur(fill(photo, hole, detail=wish).image, (49, 49))[96, 96] for wish in ("none", "patchmatch"))
    assert np.abs(blurred.astype(int) - detailed).max() < 16


def test_texture_is_of_the_same_class() -> None:
    """Stripes across in the upper half, a building; upright ones in the lower, a road."""
    rows, columns = np.indices((192, 192))
    stripes = np.where(rows < 96, rows, columns) // 2 % 2 * 90 + 80
    photo, hole = np.repeat(stripes[..., None], 3, axis=2).astype(np.uint8), shapes.centre(192, 192, 80)
    filled = Inpainter(Blurry()).fill(photo, hole).image
    upper, lower = np.zeros_like(hole), np.zeros_like(hole)
    upper[66:90, 66:126], lower[102:126, 66:126] = True, True
    assert steps(filled, upper, 0) > 5 * steps(filled, upper, 1)
    assert steps(filled, lower, 1) > 5 * steps(filled, lower, 0)


def test_what_is_known_nowhere_stays_the_networks() -> None:
    photo, hole = noise(64, 64), shapes.centre(64, 64, 24)
    wanted = np.full((64, 64), STREET.id("vegetation"), np.uint8)
    fill = Inpainter(Blurry())
    assert (fill(photo, hole, labels=wanted).image == fill(photo, hole, labels=wanted, detail="none").image).all()


def test_16_bits_grey_photos_and_repetition() -> None:
    photo, hole = noise(96, 96)[:, :, :1].astype(np.uint16) * 257, shapes.centre(96, 96, 40)
    first, second = (Inpainter(Blurry()).fill(photo, hole).image for _ in range(2))
    assert first.dtype == np.uint16
    assert (first[~hole] == photo[~hole]).all()
    assert (first == second).all()
    assert len(np.unique(first[hole] % 257)) > 100, "more than 8 bits"


def test_what_lies_in_holes_has_no_influence() -> None:
    photo, hole = noise(150, 170), shapes.boxes(150, 170, np.random.default_rng(1))
    other = np.where(hole[..., None], 255 - photo, photo)
    fill = Inpainter(Blurry())
    assert (fill(photo, hole, feather=3).image == fill(other, hole, feather=3).image).all()


def test_auto_is_for_networks() -> None:
    photo, hole = noise(64, 64), shapes.centre(64, 64, 24)
    for backend, same in ((Grey(), False), (Grey(working_size=None), True)):
        plain, auto = (Inpainter(backend).fill(photo, hole, detail=wish).image for wish in ("none", "auto"))
        assert (plain == auto).all() == same


def test_without_a_free_patch_the_picture_stays() -> None:
    photo, hole = noise(8, 8), shapes.centre(8, 8, 4)
    assert (Inpainter(Grey(0.5)).fill(photo, hole, detail="patchmatch").image[hole] == 191).all()


def test_an_unknown_wish() -> None:
    with pytest.raises(InputError, match='detail "more" is not known; there are auto, exemplars, patchmatch, none'):
        Inpainter(Grey()).fill(noise(8, 8), shapes.centre(8, 8, 4), detail="more")  # type: ignore[arg-type]


def test_classes_follow_hints_and_leave_out_what_is_forbidden() -> None:
    logits = np.zeros((3, 8, 8), np.float32)
    logits[0], logits[1] = 2, 1
    hints = np.full((8, 8), UNKNOWN)
    hints[0, 0] = 2
    found = detail.classes(logits, hints, np.array([True, False, False]))
    assert found[0, 0] == 2
    assert np.count_nonzero(found == 1) == 63


def test_one_offset_carries_the_band_unchanged_and_two_keep_its_energy() -> None:
    band = np.random.default_rng(0).normal(0, 0.1, (64, 64, 3)).astype(np.float32)
    offsets = np.full((16, 16, 2), (2, -3))
    y, x = (part.ravel() for part in np.mgrid[8:48, 16:60])
    np.testing.assert_allclose(detail.Lift(band, offsets)(y, x), band[y + 8, x - 12], rtol=1e-5)
    offsets = np.random.default_rng(1).integers(-1, 2, (16, 16, 2))
    assert detail.Lift(band, offsets)(y, x).std() == pytest.approx(0.1, rel=0.05)


def test_painted_classes_keep_their_colours_apart() -> None:
    """Where a network paints a sky beside a building, detail does not blend the two."""
    labels = np.full((64, 64), STREET.id("building"), np.uint8)
    labels[:32] = STREET.id("sky")
    photo, hole = STREET.colourise(labels), shapes.centre(64, 64, 24)
    filled = Inpainter(Painter(working_size=64)).fill(photo, hole, labels=labels).image
    expected = (COLOURS[labels] + 1) * 127.5
    assert np.abs(filled[hole] - expected[hole]).mean() < 1


def test_crops_that_are_not_shrunk_have_nothing_to_lift() -> None:
    photo, hole = noise(64, 64), shapes.centre(64, 64, 20)
    (crop,) = crops.plan(hole, 64, 16)
    answer = np.zeros((3, 64, 64), np.float32)
    view = crops.View.of(photo, hole, np.full(hole.shape, UNKNOWN, np.uint8), 0, crop)
    picture, lift = detail.transfer(answer, photo, hole, view, None)
    assert picture.shape == answer.shape
    assert lift is None
