"""Objects are selected by a click, and what a fill takes along is shown before it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import expect
from web.browser.conftest import Open
from web.browser.driver import Editor, Pixels, touch
from web.browser.service import Service
from web.browser.test_fill import VEHICLE, changed, segment
from web.browser.test_hands import PHONE

CAR, OTHER = (354, 193), (447, 216)
"""In two cars of the street."""
YELLOW = (255, 196, 0)


def yellow(window: Pixels) -> NDArray[np.bool_]:
    """Where a window is tinted as what a fill takes along: red and green well above blue, half of it from YELLOW."""
    red, green, blue = np.moveaxis(window.astype(int), -1, 0)
    return (red >= 126) & (green >= 96) & (blue <= 130) & (red - blue > 80) & (green - blue > 50) & (red >= green)


def test_a_click_selects_an_object_and_another_leaves_it(editor: Editor, original: Pixels, service: Service) -> None:
    vehicles = segment(service, original) == VEHICLE
    editor.press("s")
    expect(editor["[data-tool=object]"]).to_have_attribute("aria-pressed", "true")
    editor.says("Click an object")
    editor.draw(CAR)
    editor.says("The vehicle is selected")
    car = editor.mask()
    assert car[CAR[::-1]]
    near = np.zeros_like(car)
    near[155:230, 300:405] = True
    assert not car[~near].any(), "the other cars were not clicked"
    assert (car & vehicles).sum() / (car | vehicles & near).sum() > 0.7

    editor.draw(OTHER)
    editor.says("The vehicle is selected")
    editor.rest()
    both = editor.mask()
    assert both[OTHER[::-1]]
    assert both[car].all()
    editor.draw(CAR)
    editor.says("not part of the hole any more")
    assert not editor.mask()[car].any()
    assert editor.mask()[OTHER[::-1]]
    editor.press("Control+z")
    assert np.array_equal(editor.mask(), both)
    editor.press("Control+z", "Control+z")
    assert not editor.mask().any()


def test_arrow_keys_and_enter_select_an_object(editor: Editor) -> None:
    editor.press("s")
    editor.says("Click an object")
    step = max(1, round(int(editor["#brush-size"].inner_text()) / 4))
    editor.press(*["ArrowRight"] * round((CAR[0] - 240) / step), *["ArrowDown"] * round((CAR[1] - 180) / step), "Enter")
    editor.says("The vehicle is selected")
    assert editor.mask()[CAR[::-1]]
    editor.press("Enter")
    editor.says("not part of the hole any more")


def test_a_finger_selects_an_object(visit: Open, editor: Editor, street: object) -> None:
    phone = visit(**PHONE)
    phone.open(street)  # type: ignore[arg-type]
    phone["[data-tool=object]"].tap()
    phone.says("Click an object")
    touch(phone.page, [phone.at(*CAR)])
    phone.says("The vehicle is selected")
    assert phone.mask()[CAR[::-1]]


def test_what_a_fill_takes_along_is_shown_before_it(editor: Editor, original: Pixels) -> None:
    before = yellow(editor.window())
    editor.press("s")
    editor.says("Click an object")
    editor.draw(OTHER)
    editor.says("The vehicle is selected")
    expect(editor["#extent"]).to_have_text("Takes out vehicle, and puts none there again. The yellow rim goes too.")
    assert (yellow(editor.window()) & ~before).sum() > 100
    mask = editor.mask()
    editor.fill()
    filled, result = editor.filled(), editor.photo()
    assert filled[mask].all()
    assert filled.sum() > mask.sum()
    assert not changed(result, original)[~filled].any()
    assert changed(result, original)[filled].mean() > 0.9
    assert not (yellow(editor.window()) & ~before).sum() > 100, "a fill is shown without it"

    editor.press("Control+z")
    editor["input[value=restore]"].check()
    expect(editor["#extent"]).to_be_empty()
    assert np.array_equal(editor.mask(), mask)
    editor.fill()
    assert np.array_equal(editor.filled(), mask)
    assert not changed(editor.photo(), original)[~mask].any()
    assert changed(editor.photo(), result)[mask].mean() > 0.3, "with the car in its place, or something like it"


def test_a_number_of_pixels_is_shown_too(editor: Editor) -> None:
    editor.box(40, 30, 100, 60)
    editor["summary"].click()
    editor["#grow"].fill("12")
    editor["#grow"].blur()
    expect(editor["#extent"]).to_have_text("The yellow rim is filled too.")
    mask = editor.mask()
    editor.fill()
    assert editor.filled()[18, 70]
    assert not editor.filled()[17, 70]
    assert not mask[29, 70]
    editor["#grow"].fill("")
    editor["#grow"].blur()
    expect(editor["#grow"]).to_have_value("")
