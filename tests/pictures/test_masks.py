"""Hole masks: polarity, shapes, sizes, and the same mask from the same seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from properties import examples

from scenefill.errors import MaskError
from scenefill.pictures import masks, shapes
from scenefill.pictures.shapes import MaskFiles

LABELS = np.kron(np.array([[0, 1], [2, 3]], np.uint8), np.ones((8, 8), np.uint8))
RANDOM: dict[str, Callable[..., Any]] = {
    **{kind: draw for kind, draw in shapes.DRAWN.items() if kind != "centre"},
    "objects": lambda h, w, rng: shapes.objects(LABELS, (1, 2), h, w, rng),
}

sizes = st.tuples(st.integers(16, 70), st.integers(16, 70))
small_masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12))
quick = examples(25)


def save(pixels: np.ndarray, path: Path) -> Path:
    Image.fromarray(pixels).save(path)
    return path


# --- reading -----------------------------------------------------------------------------------------------------------


def test_white_from_128_on_is_hole(tmp_path: Path) -> None:
    grey = np.array([[0, 1, 127, 128, 254, 255]], np.uint8)
    expected = [[False, False, False, True, True, True]]
    assert masks.read(grey).tolist() == expected
    assert masks.read(save(grey, tmp_path / "mask.png")).tolist() == expected
    assert (~masks.read(tmp_path / "mask.png", invert=True)).tolist() == expected


def test_sixteen_bits_have_their_own_threshold() -> None:
    assert masks.read(np.array([[0, 128, 32767, 32768]], np.uint16)).tolist() == [[False, False, False, True]]


def test_what_is_painted_on_a_transparent_layer_is_hole() -> None:
    painted = np.zeros((2, 3, 4), np.uint8)  # black everywhere, so the colours alone would say: no hole
    painted[0, :, 3] = 255
    assert masks.read(painted).tolist() == [[True] * 3, [False] * 3]


def test_an_opaque_alpha_leaves_the_choice_to_the_colours() -> None:
    opaque = np.full((2, 3, 4), 255, np.uint8)
    opaque[1, :, :3] = 0
    assert masks.read(opaque).tolist() == [[True] * 3, [False] * 3]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "LA"])
def test_every_kind_of_file_means_the_same(mode: str, tmp_path: Path) -> None:
    hole = np.zeros((6, 9), bool)
    hole[2:4, 3:8] = True
    Image.fromarray(hole.astype(np.uint8) * 255).convert(mode).save(tmp_path / "mask.png")
    assert (masks.read(tmp_path / "mask.png") == hole).all()


def test_jpeg_noise_makes_no_holes(tmp_path: Path) -> None:
    hole = np.zeros((64, 64), bool)
    hole[19:45, 19:45] = True  # not along the blocks of 8x8
    Image.fromarray(hole.astype(np.uint8) * 255).save(tmp_path / "mask.jpg", quality=60)
    noisy = np.asarray(Image.open(tmp_path / "mask.jpg"))
    assert ((noisy > 0) & (noisy < 255)).any()
    assert (masks.read(tmp_path / "mask.jpg") == hole).all()


@quick
@given(small_masks)
def test_bool_arrays_and_pil_images_agree(hole: masks.Mask) -> None:
    assert (masks.read(hole) == hole).all()
    assert (masks.read(hole, invert=True) == ~hole).all()
    assert (masks.read(Image.fromarray(hole.astype(np.uint8) * 255)) == hole).all()


def test_a_mask_is_a_copy() -> None:
    hole = np.zeros((3, 3), bool)
    masks.read(hole)[0, 0] = True
    assert not hole.any()


@given(hole=small_masks)
@quick
def test_what_is_written_is_read_back(hole: masks.Mask, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("masks") / "mask.png"
    masks.write(hole, path)
    assert (masks.read(path) == hole).all()


@pytest.mark.parametrize(
    "array", [np.zeros((4, 4), complex), np.zeros(4, np.uint8), np.zeros((4, 4, 2), np.uint8), np.zeros((2, 2, 2), bool)]
)
def test_other_arrays_are_refused(array: np.ndarray) -> None:
    with pytest.raises(MaskError, match=r"must|is an array"):
        masks.read(array)


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(MaskError, match=r"gone\.png: there is no such file"):
        masks.read(tmp_path / "gone.png")
    (tmp_path / "bad.png").write_bytes(b"not a picture")
    with pytest.raises(MaskError, match=r"bad\.png is not a picture"):
        masks.read(tmp_path / "bad.png")


# --- what every mask must satisfy --------------------------------------------------------------------------------------


def test_check_names_both_sizes_and_the_way_out() -> None:
    with pytest.raises(MaskError, match=r"mask is 6x4 and the photo 30x20 .*--resize-mask"):
        masks.check(np.zeros((4, 6), bool), (20, 30))


def test_check_refuses_a_mask_without_a_known_pixel() -> None:
    masks.check(np.zeros((4, 6), bool), (4, 6))
    with pytest.raises(MaskError, match="all hole"):
        masks.check(np.ones((4, 6), bool), (4, 6))


def test_ratio() -> None:
    assert masks.ratio(np.array([[True, False], [False, False]])) == 0.25


# --- growing and resizing ----------------------------------------------------------------------------------------------


@given(hole=small_masks, pixels=st.integers(0, 4))
@quick
def test_dilate_reaches_exactly_as_far_as_told(hole: masks.Mask, pixels: int) -> None:
    rows, columns = np.indices(hole.shape)
    reached = np.zeros_like(hole)
    for row, column in np.argwhere(hole):
        reached |= (rows - row) ** 2 + (columns - column) ** 2 <= pixels**2
    assert (masks.dilate(hole, pixels) == reached).all()


def test_dilate_backwards_is_refused() -> None:
    with pytest.raises(MaskError, match="not by -1"):
        masks.dilate(np.eye(3, dtype=bool), -1)


@given(seeds=small_masks, area=small_masks)
@quick
def test_connected_parts_hold_a_seed(seeds: masks.Mask, area: masks.Mask) -> None:
    rows, columns = (min(pair) for pair in zip(seeds.shape, area.shape, strict=True))
    seeds, area = seeds[:rows, :columns], area[:rows, :columns]
    reached = seeds & area
    for _ in range(reached.size):
        reached = masks.dilate(reached, 1.5) & area
    assert (masks.connected(seeds, area) == reached).all()


@given(hole=small_masks, height=st.integers(1, 20), width=st.integers(1, 20))
@quick
def test_shrinking_leaves_out_no_part_of_a_hole(hole: masks.Mask, height: int, width: int) -> None:
    small = masks.resize(hole, min(height, hole.shape[0]), min(width, hole.shape[1]))
    for row, column in np.argwhere(hole):
        assert small[row * small.shape[0] // hole.shape[0], column * small.shape[1] // hole.shape[1]]
    assert not masks.resize(np.zeros_like(hole), height, width).any()
    assert masks.resize(np.ones_like(hole), height, width).all()


def test_enlarging_keeps_the_shape() -> None:
    large = masks.resize(shapes.centre(8, 8), 80, 64)
    assert large.shape == (80, 64)
    assert masks.ratio(large) == pytest.approx(0.25, abs=0.01)
    assert (large == large[::-1, ::-1]).all()


# --- generators --------------------------------------------------------------------------------------------------------


def test_centre() -> None:
    mask = shapes.centre(256, 256)
    assert mask[64:192, 64:192].all()
    assert mask.sum() == 128 * 128
    assert shapes.centre(10, 20, 4).sum() == 16
    with pytest.raises(MaskError, match="11 pixels does not fit into 20x10"):
        shapes.centre(10, 20, 11)


@pytest.mark.parametrize("name", RANDOM)
@given(size=sizes, seed=st.integers(0, 2**32))
@quick
def test_random_masks_fit_and_repeat(name: str, size: tuple[int, int], seed: int) -> None:
    first, second = (RANDOM[name](*size, np.random.default_rng(seed)) for _ in range(2))
    assert first.shape == size
    assert first.dtype == bool
    assert first.flags.c_contiguous
    assert 0 < masks.ratio(first) <= 1
    assert (first == second).all()


@pytest.mark.parametrize("name", RANDOM)
def test_random_masks_differ(name: str) -> None:
    rng = np.random.default_rng(0)
    drawn = {RANDOM[name](64, 64, rng).tobytes() for _ in range(20)}
    assert len(drawn) >= 18


def test_boxes_are_as_large_as_asked() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        mask = shapes.boxes(100, 200, rng, count=(1, 1), side=(0.2, 0.4))
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert 20 <= len(rows) <= 40
        assert 40 <= len(columns) <= 80
        assert mask.sum() == len(rows) * len(columns)


def test_brush_strokes_leave_most_of_the_picture() -> None:
    rng = np.random.default_rng(2)
    ratios = [masks.ratio(shapes.free_form(256, 256, rng)) for _ in range(100)]
    assert 0.1 < np.mean(ratios) < 0.25
    assert max(ratios) < 0.6


def test_objects_are_one_region_of_a_wanted_class() -> None:
    labels = np.zeros((40, 40), np.uint8)
    labels[5:15, 5:15] = labels[25:39, 20:38] = 7
    labels[20:22, 0:2] = 3  # 4 of 1600 pixels: too small
    rng = np.random.default_rng(3)
    drawn = [shapes.objects(labels, (3, 7), 40, 40, rng, grow=(0, 0)) for _ in range(30)]
    assert {None if mask is None else int(mask.sum()) for mask in drawn} == {100, 14 * 18}
    assert shapes.objects(labels, (3, 5), 40, 40, rng) is None
    assert shapes.objects(labels, (0,), 40, 40, rng) is None, "the background takes more than half"


# --- masks in files ----------------------------------------------------------------------------------------------------


@pytest.fixture
def mask_folder(tmp_path: Path) -> Path:
    (tmp_path / "thick").mkdir()
    masks.write(shapes.centre(32, 32, 16), tmp_path / "thick" / "b.png")
    masks.write(shapes.centre(32, 32, 8), tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("not a mask")
    return tmp_path


def test_a_folder_is_read_in_the_order_of_its_names(mask_folder: Path) -> None:
    files = shapes.MaskFiles(mask_folder)
    assert files.names == ("a.png", "thick/b.png")
    assert [masks.ratio(files[i]) for i in range(len(files))] == [1 / 16, 1 / 4]


def test_a_list_keeps_its_order(mask_folder: Path) -> None:
    files = shapes.MaskFiles(shapes.MaskFiles(mask_folder).paths[::-1])
    assert files.names == ("b.png", "a.png")
    assert masks.ratio(shapes.MaskFiles(files.paths, invert=True)[0]) == 3 / 4


def test_drawn_masks_keep_their_hole_ratio(mask_folder: Path) -> None:
    files = shapes.MaskFiles(mask_folder)
    rng = np.random.default_rng(4)
    drawn = [files.draw(64, 48, rng) for _ in range(20)]
    assert {mask.shape for mask in drawn} == {(64, 48)}
    assert {masks.ratio(mask) for mask in drawn} == {1 / 16, 1 / 4}


def test_drawn_masks_are_turned_and_mirrored(tmp_path: Path) -> None:
    corner = np.zeros((9, 9), bool)
    corner[0, :4] = True  # no symmetry: eight different ways to lie
    masks.write(corner, tmp_path / "corner.png")
    rng = np.random.default_rng(5)
    assert len({shapes.MaskFiles(tmp_path).draw(9, 9, rng).tobytes() for _ in range(100)}) == 8


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MaskError, match="no mask in"):
        shapes.MaskFiles(tmp_path)


def test_mask_files_are_split_into_training_and_held_out(tmp_path: Path) -> None:
    for index in range(13):
        masks.write(shapes.centre(8, 8), tmp_path / f"{index:02d}.png")
    files = MaskFiles(tmp_path)
    assert files.held_out().names == ("05.png", "11.png")
    assert sorted(files.training().names + files.held_out().names) == list(files.names)
