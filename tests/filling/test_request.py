"""What is asked of a fill: photos, masks, label maps, sizes and drawings in every form, and what makes no sense."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import PALETTE, STREET, Draughtsman, Grey, Painter
from PIL import Image
from specimens import box, noise

from scenefill.errors import ImageError, InputError, LabelError, MaskError, OutputError, ScenefillWarning
from scenefill.filling.inpainter import Inpainter
from scenefill.labels import UNKNOWN
from scenefill.pictures import images, masks


def test_path_pil_and_array_give_the_same(tmp_path: Path) -> None:
    photo, mask = noise(30, 40, 3), box(30, 40, 5, 6, 7, 8)
    images.write_rgb(photo, tmp_path / "photo.png")
    masks.write(mask, tmp_path / "mask.png")
    fill = Inpainter(Grey(-0.5))
    expected = fill(photo, mask).image
    for image in (tmp_path / "photo.png", str(tmp_path / "photo.png"), Image.fromarray(photo), images.read(photo)):
        for hole in (tmp_path / "mask.png", Image.fromarray(mask), mask.astype(np.uint8) * 255):
            np.testing.assert_array_equal(fill(image, hole).image, expected)


def test_files_keep_their_kind(tmp_path: Path) -> None:
    mask = box(20, 30, 5, 5, 4, 4)
    for mode, shape in (("L", (20, 30)), ("LA", (20, 30, 2)), ("RGB", (20, 30, 3)), ("RGBA", (20, 30, 4))):
        Image.fromarray(noise(20, 30, *shape[2:])).save(tmp_path / "in.png")
        result = Inpainter(Grey())(tmp_path / "in.png", mask)
        assert result.image.shape == shape
        result.save(tmp_path / f"{mode}.png")
        with Image.open(tmp_path / f"{mode}.png") as saved:
            assert saved.mode == mode
            np.testing.assert_array_equal(np.asarray(saved), result.image)
    with pytest.raises(OutputError, match="stands already"):
        result.save(tmp_path / "RGBA.png")


def test_mask_options() -> None:
    photo, mask = noise(20, 30, 3), box(20, 30, 5, 5, 4, 4)
    fill = Inpainter(Grey())
    np.testing.assert_array_equal(fill(photo, ~mask, invert_mask=True).mask, mask)
    np.testing.assert_array_equal(fill(photo, mask[::2, ::2], resize_mask=True).mask, masks.resize(mask[::2, ::2], 20, 30))
    with pytest.raises(MaskError, match="the mask is 15x10 and the photo 30x20"):
        fill(photo, mask[::2, ::2])


def test_a_mask_without_a_hole_returns_the_photo_and_warns() -> None:
    photo = noise(20, 30, 4, dtype=np.uint16)
    with pytest.warns(ScenefillWarning, match="no hole") as caught:
        result = Inpainter(Painter())(photo, np.zeros((20, 30), bool), grow=3, feather=3)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(result.image, photo)
    assert not result.mask.any()
    assert not np.shares_memory(result.image, photo)
    assert result.labels is not None


def test_a_very_large_hole_warns_and_a_whole_one_is_refused() -> None:
    photo = noise(20, 30, 3)
    with pytest.warns(ScenefillWarning, match=r"67% of the photo is hole") as caught:
        Inpainter(Grey())(photo, box(20, 30, 0, 0, 20, 20))
    assert caught[0].filename == __file__
    with pytest.raises(MaskError, match="all hole"):
        Inpainter(Grey())(photo, np.ones((20, 30), bool))
    with pytest.raises(MaskError, match="all hole"):
        Inpainter(Grey())(photo, box(20, 30, 0, 0, 20, 29), grow=1)


def test_label_maps_come_as_files_images_and_arrays(tmp_path: Path) -> None:
    photo, mask = noise(20, 30, 3), box(20, 30, 5, 5, 8, 8)
    labels = np.full((20, 30), STREET.id("road"), np.uint8)
    images.write_labels(labels, STREET, tmp_path / "ids.png")
    images.write_rgb(STREET.colourise(labels), tmp_path / "colours.png")
    fill = partial(Inpainter(Painter()), detail="none")
    expected = fill(photo, mask, labels=labels).image
    assert (expected[mask] == PALETTE[STREET.id("road")]).all()
    with Image.open(tmp_path / "ids.png") as ids, Image.open(tmp_path / "colours.png") as colours:
        for given_labels in (tmp_path / "ids.png", str(tmp_path / "colours.png"), ids, colours):
            np.testing.assert_array_equal(fill(photo, mask, labels=given_labels).image, expected)


def test_only_hints_inside_the_hole_count_and_sets_of_classes_do_not() -> None:
    backend, mask = Painter(), box(32, 32, 8, 8, 8, 8)
    labels = np.full((32, 32), STREET.id("road"), np.uint8)
    labels[8, 8] = 128
    Inpainter(backend)(noise(32, 32, 3), mask, labels=labels, intent="restore")
    ((_, _, hints, _),) = backend.asked
    np.testing.assert_array_equal(hints[0] == STREET.id("road"), mask & (labels != 128))
    assert (hints[0][~mask | (labels == 128)] == UNKNOWN).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": np.zeros((30, 20), np.uint8)}, "the label map is 20x30 and the photo 30x20"),
        ({"labels": np.full((20, 30), 77, np.uint8)}, "id 77 at row 0"),
        ({"labels": np.zeros((20, 30))}, "uint8 array"),
        ({"forbid": ["cra"]}, 'no class "cra", did you mean "car"'),
        ({"forbid": STREET.classes}, "every class is forbidden"),
    ],
)
def test_steering_that_makes_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(LabelError, match=message):
        Inpainter(Painter())(noise(20, 30, 3), box(20, 30, 5, 5, 4, 4), **options)


def test_a_model_without_semantics_says_so() -> None:
    fill, photo, mask = Inpainter(Grey()), noise(20, 30, 3), box(20, 30, 5, 5, 4, 4)
    for ask in (
        lambda: fill(photo, mask, labels=np.zeros((20, 30), np.uint8)),
        lambda: fill(photo, mask, forbid=["car"]),
        lambda: fill.segment(photo),
        lambda: fill.erase(photo, ["car"]),
    ):
        with pytest.raises(LabelError, match="grey knows no classes"):
            ask()
    result = fill(photo, mask)
    assert result.labels is None
    assert result.confidence is None
    for save in (result.save_labels, result.save_confidence):
        with pytest.raises(LabelError, match="no semantics"):
            save("never.png")


def test_sizes_that_a_model_does_not_take() -> None:
    photo, mask = noise(20, 30, 3), box(20, 30, 5, 5, 4, 4)
    with pytest.raises(InputError, match="takes no size"):
        Inpainter(Grey(working_size=None))(photo, mask, size=64)
    with pytest.raises(InputError, match="sizes of 16 and more"):
        Inpainter(Grey())(photo, mask, size=8)
    with pytest.raises(InputError, match="feather"):
        Inpainter(Grey())(photo, mask, feather=-1)
    with pytest.raises(MaskError, match="grown"):
        Inpainter(Grey())(photo, mask, grow=-1)
    with pytest.raises(ImageError, match="no such file"):
        Inpainter(Grey())("nowhere.png", mask)


def test_a_drawing_leads_the_fill_inside_the_hole() -> None:
    photo, hole = np.full((64, 64, 3), 90, np.uint8), box(64, 64, 20, 20, 24, 24)
    drawing = box(64, 64, 30, 4, 3, 56)  # a stroke right across the photo, three pixels wide
    given = drawing.copy()
    result = Inpainter(Draughtsman(working_size=64))(photo, hole, edges=drawing, detail="none")
    wanted = np.where(hole, 0, 90)
    wanted[31, 20:44] = 255
    assert np.array_equal(result.image, np.broadcast_to(wanted[..., None], photo.shape))
    assert np.array_equal(drawing, given)
    unled = Inpainter(Draughtsman(working_size=64))(photo, hole, detail="none").image
    assert (unled[hole] == 0).all()


def test_a_thin_line_survives_where_the_photo_is_shrunk() -> None:
    photo, hole, drawing = np.full((256, 256, 3), 90, np.uint8), box(256, 256, 64, 64, 128, 128), np.zeros((256, 256), np.uint8)
    drawing[:, 130] = 255
    filled = Inpainter(Draughtsman(working_size=64)).fill(photo, hole, edges=Image.fromarray(drawing), detail="none").image
    inside = filled[70:186, 64:192, 0]
    assert (inside.argmax(axis=1) + 64 >= 127).all()
    assert (inside.argmax(axis=1) + 64 <= 132).all()
    assert (inside.max(axis=1) > 200).all()


def test_drawings_that_cannot_be_used(tmp_path: Path) -> None:
    photo, hole = noise(40, 60, 3), box(40, 60, 10, 10, 12, 16)
    with pytest.raises(InputError, match="grey is not led by edges and cannot follow a drawing of them: take edge-connect"):
        Inpainter(Grey())(photo, hole, edges=hole)
    with pytest.raises(InputError, match=r"the drawing of edges is 40x60 and the photo 60x40 \(width x height\)"):
        Inpainter(Draughtsman())(photo, hole, edges=hole.T)
    with pytest.raises(MaskError, match=r"none\.png"):
        Inpainter(Draughtsman())(photo, hole, edges=tmp_path / "none.png")
