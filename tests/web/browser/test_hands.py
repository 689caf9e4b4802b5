"""Other hands than a mouse's: the keyboard alone, fingers on a small screen, a pen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect
from web.browser.conftest import PHOTOS, Open
from web.browser.driver import Editor, Pixels, read, touch

PHONE = {"width": 360, "height": 740, "has_touch": True, "is_mobile": True}


def test_the_keyboard_is_enough(visit: Open, street: Path, original: Pixels) -> None:
    editor = visit()
    keyboard = editor.page.keyboard
    editor.open(street)
    for _ in range(60):
        if editor["#canvas"].evaluate("canvas => canvas === document.activeElement"):
            break
        keyboard.press("Tab")
    expect(editor["#canvas"]).to_be_focused()

    editor.brush(20)
    size = int(editor["#brush-size"].inner_text())
    step = max(1, round(size / 4))
    editor.press(*["ArrowDown"] * 10)
    keyboard.down("Enter")
    editor.press(*["ArrowLeft"] * 8)
    keyboard.up("Enter")
    with editor.filling():
        editor.press("f")
    name, data = editor.download(lambda: editor.press("Control+s"))
    assert name == "street-filled.png"

    touched = np.any(read(data) != original, axis=-1)
    rows, columns = np.nonzero(touched)
    row = 180 + 10 * step
    assert abs(rows - row).max() <= size / 2 + 1
    assert columns.min() == pytest.approx(240 - 8 * step - size / 2, abs=2)
    assert columns.max() == pytest.approx(240 + size / 2, abs=2)

    editor.press("5", "m", "t")
    expect(editor["#legend input:checked"]).to_have_value("4")
    expect(editor["#show-map"]).to_be_checked()
    expect(editor["#show-trust"]).to_be_checked()
    editor.press("x")
    expect(editor["[data-tool=eraser]"]).to_have_attribute("aria-pressed", "true")
    editor.press("Control+z")
    assert editor.present == "Photo"
    editor.press("?")
    expect(editor["#help-dialog"]).to_be_visible()
    editor.press("Escape")
    expect(editor["#help-dialog"]).to_be_hidden()


def test_tab_reaches_every_control(editor: Editor) -> None:
    editor.draw((100, 200), (160, 220))
    editor.fill()
    editor.press("m", "t")
    expect(editor["#unsure-share"]).to_contain_text("below")
    wanted = editor.page.evaluate("""() => [...document.querySelectorAll("button, input, select, summary, canvas[tabindex]")]
        .filter((each) => each.checkVisibility() && !each.disabled && each.type !== "radio" && each.type !== "file").length""")
    found = set()
    for _ in range(wanted + 5):
        editor.press("Tab")
        found.add(
            editor.page.evaluate("""() => {
            const all = [...document.querySelectorAll("*")], at = document.activeElement;
            return at.matches("[type=radio], body") ? -1 : all.indexOf(at);
        }""")
        )
    assert len(found - {-1}) == wanted


def test_a_small_screen_shows_and_reaches_everything(visit: Open) -> None:
    editor = visit(**PHONE)

    def fits() -> None:
        assert editor.page.evaluate("document.scrollingElement.scrollWidth") == 360
        for control in editor["button:visible, select:visible, input:visible:not([type=radio])"].all():
            if control.is_enabled():
                control.scroll_into_view_if_needed()
                box = control.bounding_box()
                assert box
                assert -0.5 <= box["x"] < box["x"] + box["width"] <= 360.5
                assert -0.5 <= box["y"] < box["y"] + box["height"] <= 740.5
                target = control.evaluate("each => (each.closest('label') ?? each).getBoundingClientRect().toJSON()")
                assert min(target["width"], target["height"]) >= 24, control.evaluate("each => each.outerHTML")
                control.click(trial=True)

    fits()
    editor.open(PHOTOS / "red-car.jpg")
    fits()
    stage = editor["#stage"].bounding_box()
    assert stage
    assert stage["height"] >= 180
    editor.draw((100, 200), (160, 220))
    editor.fill()
    for layer in ("map", "trust"):
        editor[f"#show-{layer}"].check()
    expect(editor["#unsure-share"]).to_contain_text("below")
    fits()
    for dialog, button in (("open", "#open"), ("save", "#save"), ("help", "#help")):
        editor[button].click()
        box = editor[f"#{dialog}-dialog"].bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        editor.press("Escape")


def test_one_finger_paints_and_two_move_and_zoom(visit: Open, street: Path, original: Pixels) -> None:
    editor = visit(**PHONE)
    editor.open(street)
    touch(editor.page, [editor.at(x, 200) for x in range(100, 200, 20)])
    mask = editor.mask()
    assert mask[200, 100:180].all()
    assert not mask[:, 240:].any()

    zoom = editor["#zoom-fit"].text_content()
    x, y = editor.at(240, 180)
    touch(editor.page, [(x - 20 - d, y) for d in range(0, 60, 10)], [(x + 20 + d, y) for d in range(0, 60, 10)])
    expect(editor["#zoom-fit"]).not_to_have_text(zoom or "")
    assert np.array_equal(editor.mask(), mask)

    with editor.filling():
        editor["#fill"].tap()
    touched = np.any(editor.photo() != original, axis=-1)
    assert touched[mask].mean() > 0.9
    assert not touched[~editor.filled()].any()


def test_a_pen_draws_by_its_pressure(editor: Editor) -> None:
    devtools = editor.page.context.new_cdp_session(editor.page)

    def draw(y: float, force: float, buttons: int = 1) -> None:
        for kind, x in (("mousePressed", 100), ("mouseMoved", 200), ("mouseReleased", 200)):
            left, top = editor.at(x, y)
            place = {"type": kind, "x": left, "y": top, "pointerType": "pen", "force": force, "clickCount": 1}
            devtools.send("Input.dispatchMouseEvent", {**place, "button": "left", "buttons": buttons})

    draw(100, 0.1)
    draw(200, 1.0)
    mask = editor.mask()
    light, full = mask[50:150, 150].sum(), mask[150:250, 150].sum()
    assert full == pytest.approx(int(editor["#brush-size"].inner_text()), abs=1)
    assert full / 4 < light < full / 2
