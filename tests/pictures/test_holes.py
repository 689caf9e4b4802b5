"""What is hole: decided by what a mask holds, and refused only where it can be meant in two ways."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from scenefill.errors import MaskError
from scenefill.pictures import masks

HOLE = np.zeros((48, 64), bool)
HOLE[9:30, 11:42] = True
COLOURS = {"red": (255, 0, 0), "green": (0, 200, 0), "blue": (0, 0, 255), "maroon": (128, 0, 0), "magenta": (255, 0, 255)}


def painted(colour: tuple[int, ...], ground: tuple[int, ...], hole: np.ndarray = HOLE) -> np.ndarray:
    return np.where(hole[:, :, None], np.array(colour, np.uint8), np.array(ground, np.uint8))


# --- numbers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int32, np.int64, np.float16, np.float32, np.float64])
def test_zeros_and_ones_of_every_type(dtype: type) -> None:
    assert (masks.read(HOLE.astype(dtype)) == HOLE).all()
    assert (masks.read(HOLE.astype(dtype)[:, :, None]) == HOLE).all()
    assert (masks.read(HOLE.astype(dtype)[None]) == HOLE).all(), "one channel in front, as tensors have it"
    assert (masks.read(HOLE.astype(dtype), invert=True) == ~HOLE).all()


@pytest.mark.parametrize("values", [(0, 255), (0, 100), (0, 3), (60, 200), (-1, 1), (0, 65535), (0, 100_000)])
def test_of_two_values_the_higher_one_is_the_hole(values: tuple[int, int]) -> None:
    for dtype in (np.int64, np.float64):
        assert (masks.read(np.where(HOLE, values[1], values[0]).astype(dtype)) == HOLE).all()


def test_two_values_that_hardly_differ_count_by_half_of_the_range() -> None:
    assert masks.read(np.where(HOLE, 255, 254).astype(np.uint8)).all()
    assert masks.read(np.array([[127, 128]], np.uint8)).tolist() == [[False, True]]


def test_floats_are_hole_from_one_half_on() -> None:
    assert masks.read(np.array([[0.0, 0.25, 0.499, 0.5, 1.0]])).tolist() == [[False, False, False, True, True]]
    colours = np.repeat(np.array([[0.0, 0.25, 0.499, 0.5, 1.0]])[:, :, None], 3, 2)
    assert masks.read(colours).tolist() == [[False, False, False, True, True]]


def test_integers_have_the_range_that_holds_them() -> None:
    row = np.array([[0, 127, 128, 255]], np.int64)
    assert masks.read(row).tolist() == [[False, False, True, True]]
    assert masks.read(row * 257).tolist() == [[False, False, True, True]]


def test_one_value_everywhere() -> None:
    for none in (np.zeros((3, 3), np.uint8), np.zeros((3, 3)), np.zeros((3, 3), np.int64)):
        assert not masks.read(none).any()
    for everything in (np.ones((3, 3), np.uint8), np.ones((3, 3)), np.full((3, 3), 255, np.uint8)):
        assert masks.read(everything).all()


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.arange(9, dtype=np.uint8).reshape(3, 3) % 3, "several values and none that reaches half of 255, the highest is 2"),
        (np.arange(9.0).reshape(3, 3), "holds 0 to 8: floats are 0 to 1"),
        (np.array([[0.0, 0.1, 0.2]]), "none that reaches half of 1"),
        (np.array([[0.0, np.nan]]), "not finite"),
        (np.array([[-1, 0, 1]]), "holds -1 to 1: floats are 0 to 1, integers 0 to 255 or 65535"),
        (np.full((2, 2, 3), 7.0), "has colours of 7.0 to 7.0"),
    ],
)
def test_numbers_that_can_be_meant_in_two_ways(array: np.ndarray, sentence: str) -> None:
    with pytest.raises(MaskError, match=sentence):
        masks.read(array)


def test_pil_images_of_floats_and_wide_integers() -> None:
    assert (masks.read(Image.fromarray(HOLE.astype(np.float32))) == HOLE).all()
    assert (masks.read(Image.fromarray(HOLE.astype(np.int32))) == HOLE).all()


# --- colours -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COLOURS)
@pytest.mark.parametrize("ground", [(0, 0, 0), (40, 40, 40)])
def test_one_colour_on_a_dark_ground_is_the_hole(name: str, ground: tuple[int, ...]) -> None:
    array = painted(COLOURS[name], ground)
    for mask in (array, array.astype(np.int64), array / 255, array.astype(np.uint16) * 257, Image.fromarray(array)):
        assert (masks.read(mask) == HOLE).all()
    assert (masks.read(array, invert=True) == ~HOLE).all()


def test_a_palette_picture_in_the_colours_of_a_label_set(tmp_path: Path) -> None:
    image = Image.fromarray(HOLE.astype(np.uint8))
    image.putpalette([0, 0, 0, 128, 0, 0])
    image.save(tmp_path / "mask.png")
    assert (masks.read(tmp_path / "mask.png") == HOLE).all()


@pytest.mark.parametrize("quality", [50, 90])
@pytest.mark.parametrize("name", COLOURS)
def test_a_compressed_colour_is_off_by_a_pixel_at_most(name: str, quality: int) -> None:
    file = io.BytesIO()
    Image.fromarray(painted(COLOURS[name], (0, 0, 0))).save(file, "JPEG", quality=quality)
    found = masks.read(file)
    assert found[10:29, 12:41].all()
    assert not found[~masks.dilate(HOLE, 2)].any()


def test_a_soft_brush_is_hole_from_half_on() -> None:
    canvas = Image.new("RGB", (80, 60))
    ImageDraw.Draw(canvas).ellipse((20, 15, 60, 45), fill=(255, 0, 0))
    soft = canvas.filter(ImageFilter.GaussianBlur(3))
    red, found = np.asarray(soft)[:, :, 0], masks.read(soft)
    assert found[red >= 136].all()
    assert not found[red < 120].any()


def test_a_photo_with_colours_of_a_fringe_is_black_and_white() -> None:
    array = painted((255, 255, 255), (0, 0, 0))
    array[9:30, 10] = (120, 0, 60)
    assert (masks.read(array) == HOLE).all()


@pytest.mark.parametrize(
    ("colour", "ground", "sentence"),
    [
        ((255, 0, 0), (255, 255, 255), r"holds white and \(255, 0, 0\), and either could be the hole"),
        ((255, 255, 255), (255, 0, 0), r"holds white and \(255, 0, 0\), and either could be the hole"),
        ((255, 0, 0), (0, 0, 255), "holds several colours and no ground"),
    ],
)
def test_colours_that_can_be_meant_in_two_ways(colour: tuple[int, ...], ground: tuple[int, ...], sentence: str) -> None:
    with pytest.raises(MaskError, match=sentence):
        masks.read(painted(colour, ground))


def test_a_second_colour_is_refused_however_small_it_is() -> None:
    array = painted((255, 0, 0), (0, 0, 0))
    array[45, 60] = (0, 0, 255)
    with pytest.raises(MaskError, match=r"holds \(255, 0, 0\), \(0, 0, 255\) and a ground: paint the hole in one colour"):
        masks.read(array)


def test_a_photo_is_no_mask() -> None:
    rows, columns = np.indices((48, 64))
    array = np.stack([rows * 5, columns * 4, 255 - rows * 5], -1).astype(np.uint8)
    with pytest.raises(MaskError, match="paint the hole in one"):
        masks.read(array)


# --- layers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COLOURS)
@pytest.mark.parametrize("opacity", [255, 100])
def test_what_is_painted_on_transparency_is_the_hole(name: str, opacity: int) -> None:
    layer = np.dstack([painted(COLOURS[name], (0, 0, 0)), HOLE.astype(np.uint8) * np.uint8(opacity)])
    assert (masks.read(layer) == HOLE).all()
    assert (masks.read(Image.fromarray(layer)) == HOLE).all()


def test_a_photo_whose_hole_is_transparent_is_no_layer() -> None:
    rows, columns = np.indices((48, 64))
    photo = np.stack([rows * 5, columns * 4, 255 - rows * 5, np.where(HOLE, 0, 255)], -1).astype(np.uint8)
    with pytest.raises(MaskError, match=r"a photo with a transparent part, .*give it as the photo and leave the mask out"):
        masks.read(photo)
    assert (masks.read(photo, invert=True) == HOLE).all()
