"""Files go in and out: saved and opened again, dropped, pasted, large."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from web.browser.conftest import PHOTOS, Open
from web.browser.driver import Editor, read


def test_work_is_saved_and_goes_on_later(visit: Open, tmp_path: Path) -> None:
    editor = visit()
    editor.open(PHOTOS / "red-car.jpg")
    editor.box(200, 200, 296, 296)
    editor.paint("vegetation")
    editor.box(210, 210, 286, 286)
    editor.fill()
    names = {}
    for kind in ("photo", "mask", "classes", "map"):
        name, data = editor.save(kind)
        names[kind] = name
        (tmp_path / name).write_bytes(data)
    assert names == {
        "photo": "red-car-filled.jpg", "mask": "red-car-mask.png", "classes": "red-car-classes.png", "map": "red-car-scene.png",
    }  # fmt: skip
    with Image.open(tmp_path / "red-car-classes.png") as classes:
        assert classes.mode == "P"
    result, mask, painted = editor.photo(), editor.mask(), editor.classes()

    later = visit()
    later.open(PHOTOS / "red-car.jpg")
    later.load("mask", tmp_path / "red-car-mask.png")
    later.says("The mask is open")
    later.load("classes", tmp_path / "red-car-classes.png")
    later.says("The label map is open")
    assert np.array_equal(later.mask(), mask)
    assert np.array_equal(later.classes(), painted)
    later.fill()
    assert np.array_equal(later.photo(), result)

    together = visit()
    together.open(PHOTOS / "red-car.jpg", tmp_path / "red-car-mask.png", tmp_path / "red-car-classes.png")
    together.says("The label map is open")
    assert np.array_equal(together.mask(), mask)
    assert np.array_equal(together.classes(), painted)


def test_files_that_do_not_fit_are_refused_with_a_reason(editor: Editor, tmp_path: Path) -> None:
    small = tmp_path / "small-mask.png"
    Image.new("L", (20, 10), 255).save(small)
    editor.load("mask", small)
    editor.says("it is 20 × 10 pixels and the photo 480 × 360; they have to agree")

    broken = tmp_path / "broken.jpg"
    broken.write_bytes((PHOTOS / "crossing.jpg").read_bytes()[:200])
    editor.load("photo", broken)
    expect(editor["#status"]).to_have_attribute("data-mood", "bad")
    editor.rest()
    editor.draw((100, 200), (160, 220))
    editor.fill()
    assert len(editor.problems) == 1
    assert "the server responded with a status of 4" in editor.problems.pop()


def test_masks_are_read_by_what_they_hold(editor: Editor, tmp_path: Path) -> None:
    hole = np.zeros((360, 480), bool)
    hole[100:140, 200:260] = True
    red, clear = np.zeros((360, 480, 3), np.uint8), np.zeros((360, 480, 4), np.uint8)
    red[hole] = (200, 0, 0)
    clear[hole] = (0, 0, 90, 255)
    for number, array in enumerate((red, clear, hole.astype(np.uint8))):
        path = tmp_path / f"{number}-mask.tiff"
        Image.fromarray(array).save(path)
        editor.press("Delete")
        editor.load("mask", path)
        editor.says("The mask is open")
        assert np.array_equal(editor.mask(), hole)
    both = red.copy()
    both[:10] = 255
    Image.fromarray(both).save(tmp_path / "both-mask.png")
    editor.load("mask", tmp_path / "both-mask.png")
    expect(editor["#status"]).to_have_attribute("data-mood", "bad")
    editor.says("both-mask.png")
    assert np.array_equal(editor.mask(), hole)
    assert editor.problems.pop().startswith("Failed to load resource"), "422"


def test_a_photo_is_dropped_in(visit: Open) -> None:
    editor = visit()
    devtools = editor.page.context.new_cdp_session(editor.page)
    data = {"items": [], "files": [str(PHOTOS / "crossing.jpg")], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 500, "y": 300, "data": data})
    editor.says("crossing.jpg, 480 × 360 pixels")
    assert editor.variants == ["Photo"]
    expect(editor["body"]).not_to_have_class("dropping")


def test_a_photo_goes_through_the_clipboard(visit: Open) -> None:
    editor = visit(permissions=["clipboard-read", "clipboard-write"])
    editor.open(PHOTOS / "red-car.jpg")
    editor.draw((100, 200), (160, 220))
    editor.fill()
    editor.press("Control+c")
    editor.says("The photo is in the clipboard.")
    filled = editor.photo()

    editor.press("Control+v")
    editor.says("480 × 360 pixels")
    editor.rest()
    assert editor.variants == ["Photo"]
    editor.draw((300, 200), (310, 200))
    editor.fill()
    mask = editor.mask()
    assert np.array_equal(editor.photo()[~mask], filled[~mask])


def test_another_photo_asks_before_work_is_lost(editor: Editor) -> None:
    editor.draw((100, 200), (160, 220))
    editor.load("photo", PHOTOS / "crossing.jpg")
    editor["#replace-dialog [value=no]"].click()
    assert editor.mask().any()
    editor.load("photo", PHOTOS / "crossing.jpg")
    editor["#replace-dialog [value=yes]"].click()
    editor.says("crossing.jpg, 480 × 360 pixels")
    assert not editor.mask().any()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo of 12 megapixels."""
    path = tmp_path_factory.mktemp("photos") / "large.jpg"
    with Image.open(PHOTOS / "china.jpg") as photo:
        photo.resize((4000, 3000), Image.Resampling.BICUBIC).save(path, quality=92)
    return path


def test_twelve_megapixels_open_pan_and_fill(visit: Open, large: Path) -> None:
    editor = visit()
    editor.open(large)
    editor.says("4000 × 3000 pixels")

    page, x, y = editor.page, *editor.at(1500, 1200)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -600)
    expect(editor["#zoom-fit"]).not_to_have_text("19 %")
    before = editor.window()
    page.keyboard.down(" ")
    page.mouse.down()
    page.mouse.move(x + 120, y - 60, steps=12)
    page.mouse.up()
    page.keyboard.up(" ")
    after = editor.window()
    moved = np.abs(after[:-60, 120:].astype(int) - before[60:, :-120])
    assert moved.mean() < 1
    assert np.abs(after.astype(int) - before).mean() > 5

    editor.press("0")
    editor.draw((1500, 2000), (1900, 2100), (1500, 2200))
    editor.fill()
    mask, result = editor.mask(), editor.photo()
    assert mask.shape == (3000, 4000)
    assert mask[2000, 1500]
    differs = np.any(result != read(large.read_bytes()), axis=-1)
    assert not differs[~mask].any()
    assert differs[mask].mean() > 0.9
