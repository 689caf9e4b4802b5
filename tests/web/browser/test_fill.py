"""Painting holes and classes, filling, erasing, trying again, going back: what comes out is compared pixel by pixel."""

from __future__ import annotations

import io
import re

import httpx
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import expect
from web.browser.driver import Editor, Pixels, read
from web.browser.service import Service

from scenefill import labels

SKY, ROAD, VEGETATION, VEHICLE = (labels.get("street").id(name) for name in ("sky", "road", "vegetation", "vehicle"))


def changed(one: Pixels, other: Pixels) -> NDArray[np.bool_]:
    """Where two pictures differ, (height, width)."""
    return np.any(one != other, axis=-1)


def differ(one: Pixels, other: Pixels) -> float:
    """By how much, 0..255. What a window shows as a whole and in patches is alike, and not the same to the bit."""
    return float(np.abs(one.astype(int) - other).mean())


def share(ids: Pixels, label: int) -> float:
    return float((ids == label).mean())


def test_a_fill_changes_the_hole_and_nothing_else(editor: Editor, original: Pixels) -> None:
    before = editor.window()
    editor.draw((100, 200), (160, 220))
    editor.fill()

    mask = editor.mask()
    assert mask[205, 115]
    assert 1000 < mask.sum() < 3000
    touched = changed(editor.photo(), original)
    assert not touched[~mask].any()
    assert touched[mask].mean() > 0.9

    inside = window_of(editor, mask)
    after = editor.window()
    assert differ(after[inside], before[inside]) > 10
    assert differ(after[~inside], before[~inside]) < 0.5


def test_a_painted_class_comes_into_the_fill(editor: Editor, original: Pixels, service: Service) -> None:
    editor.box(60, 40, 160, 140)
    editor.fill()
    first, hole = editor.photo(), editor.mask()
    assert hole.sum() == 100 * 100
    assert share(editor.map()[hole], SKY) < 0.1

    editor.paint("sky")
    editor.box(68, 48, 152, 132)
    wanted = editor.classes() == SKY
    assert wanted.sum() == 84 * 84
    editor.fill()
    second = editor.photo()
    assert not changed(second, original)[~hole].any()
    assert changed(second, first)[wanted].mean() > 0.9

    editor["#keep"].click()  # what was painted is put away: the map is the network's own from here on
    assert not editor.mask().any()
    assert share(editor.map()[wanted], SKY) > 0.9

    trees = [share(segment(service, picture)[wanted], VEGETATION) for picture in (first, second)]
    assert trees[0] > 0.6, "who knows nothing of what was painted sees trees before"
    assert trees[1] < 0.5, "and none in the end"
    blue = [picture[wanted].mean(axis=0) @ (-1, 0, 1) for picture in (first, second)]
    assert blue[1] > blue[0] + 5, "which has the colour of the sky"


def test_a_forbidden_class_stays_out(editor: Editor) -> None:
    editor.box(200, 200, 296, 296)
    editor["#legend [data-act=forbid][data-name=road]"].click()
    editor.fill()
    hole = editor.mask()
    editor["#keep"].click()
    assert share(editor.map()[hole], ROAD) == 0


def test_a_class_is_erased_everywhere(editor: Editor, original: Pixels, service: Service) -> None:
    before = segment(service, original)
    with editor.filling():
        editor["#legend [data-act=erase][data-name=vehicle]"].click()
    hole, result = editor.mask(), editor.photo()
    assert hole[before == VEHICLE].mean() > 0.95
    assert not changed(result, original)[~hole].any()
    assert share(segment(service, result), VEHICLE) < share(before, VEHICLE) / 3

    editor["#undo"].click()
    assert editor.present == "Photo"
    assert not editor.mask().any()


def test_a_class_is_selected_everywhere(editor: Editor, original: Pixels, service: Service) -> None:
    editor["#legend [data-act=select][data-name=vehicle]"].click()
    editor.says("Every vehicle is part of the hole now")
    assert np.array_equal(editor.mask(), segment(service, original) == VEHICLE)


def test_everything_can_be_undone_and_done_again(editor: Editor) -> None:
    editor.brush(24)
    steps = [
        lambda: editor.draw((60, 300), (120, 300), tool="brush"),
        lambda: editor.draw((150, 260), (210, 260), (180, 320), (150, 260), tool="lasso"),
        lambda: editor.draw((80, 300), (90, 300), tool="eraser"),
        lambda: (editor.paint("vegetation"), editor.draw((160, 270), (200, 280), tool="brush"), editor.paint("hole")),
        lambda: editor.fill(),
        lambda: editor["#keep"].click(),
        lambda: editor.box(300, 60, 340, 100),
    ]

    def state() -> tuple[bytes, str]:
        return editor.window().tobytes(), editor.present

    editor.paint("hole")
    states = [state()]
    for step in steps:
        step()
        states.append(state())
    assert len(set(states)) == len(states)
    mask = editor.mask()

    for at in reversed(range(len(steps))):
        editor.press("Control+z")
        editor.rest()
        assert state() == states[at], f"undoing step {at}"
    expect(editor["#undo"]).to_be_disabled()
    assert not editor.mask().any()
    assert (editor.classes() == 255).all()

    for at in range(len(steps)):
        editor.press("Control+Shift+z")
        editor.rest()
        assert state() == states[at + 1], f"redoing step {at}"
    expect(editor["#redo"]).to_be_disabled()
    assert np.array_equal(editor.mask(), mask)


def test_what_is_unsure_is_tried_again(editor: Editor) -> None:
    with editor.page.expect_response("**/confidence.png") as answer:
        editor.box(330, 100, 420, 240)
        editor.fill()
        editor.press("t")
    confidence = read(editor.page.request.get(answer.value.url).body())
    expect(editor["#unsure-share"]).to_contain_text("% of the fill is below")
    hole, first = editor.mask(), editor.photo()

    threshold = round(100 * float(np.median(confidence[hole])) / 255)
    editor["#threshold"].fill(str(threshold))
    expect(editor["#threshold-value"]).to_have_text(f"{threshold} %")
    printed = re.match(r"\d+", editor["#unsure-share"].inner_text())
    assert printed
    unsure = hole & (confidence < threshold / 100 * 255)
    assert abs(int(printed[0]) - 100 * unsure.sum() / hole.sum()) <= 1

    with editor.filling():
        editor["#retry"].click()
    touched = changed(editor.photo(), first)
    assert touched[unsure].mean() > 0.5
    assert not touched[~unsure].any()


def test_variants_are_kept_compared_and_gone_back_to(editor: Editor) -> None:
    photo = editor.window()
    editor.box(200, 200, 296, 296)
    editor.fill()
    editor["#keep"].click()
    filled = editor.window()
    assert editor.variants == ["Photo", "Fill 1"]

    editor.press("c")
    expect(editor["#wipe"]).to_be_visible()
    assert editor["#wipe-left option:checked"].inner_text() == "Photo"
    editor.draw((200, 100), (248, 100))
    box = editor["#canvas"].bounding_box()
    assert box
    middle = round(editor.at(248, 0)[0] - box["x"])
    wiped = editor.window()
    for half, shown, hidden in ((np.s_[:, : middle - 3], photo, filled), (np.s_[:, middle + 3 :], filled, photo)):
        assert differ(wiped[half], shown[half]) < 0.1 < differ(wiped[half], hidden[half])
    editor.press("Escape")
    expect(editor["#wipe"]).to_be_hidden()

    editor.page.keyboard.down("Tab")
    expect(editor["#original"]).to_have_attribute("aria-pressed", "true")
    assert np.array_equal(editor.window(), photo)
    editor.page.keyboard.up("Tab")
    expect(editor["#original"]).to_have_attribute("aria-pressed", "false")
    assert np.array_equal(editor.window(), filled)

    editor["#variants button"].first.click()
    assert editor.present == "Photo"
    assert np.array_equal(editor.window(), photo)
    editor["#variants button"].last.click()
    assert editor.present == "Fill 1"
    assert editor.mask().sum() == 96 * 96, "the hole that the fill was made from is there again"


def test_esc_takes_back_a_stroke_and_a_fill_that_is_under_way(editor: Editor, service: Service) -> None:
    mouse = editor.page.mouse
    mouse.move(*editor.at(100, 100))
    mouse.down()
    mouse.move(*editor.at(200, 200), steps=4)
    editor.press("Escape")
    mouse.up()
    assert not editor.mask().any()

    editor.box(40, 40, 440, 320)
    with service.frozen():
        editor["#fill"].click()
        expect(editor["#cancel"]).to_be_visible()
        editor.press("Escape")
        editor.says("Cancelled. Nothing was changed.")
    assert editor.variants == ["Photo"]
    assert editor.mask().sum() == 400 * 280
    assert all("404" in problem for problem in editor.problems), "the service had not seen what it was asked to end"
    editor.problems.clear()


def window_of(editor: Editor, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The smallest upright box round a mask, in pixels of the window and with some room."""
    box = editor["#canvas"].bounding_box()
    assert box
    rows, columns = np.nonzero(mask)
    inside = np.zeros(editor.window().shape[:2], bool)
    left, top = editor.at(columns.min(), rows.min())
    right, bottom = editor.at(columns.max(), rows.max())
    x, y = box["x"], box["y"]
    inside[round(top - y) - 5 : round(bottom - y) + 6, round(left - x) - 5 : round(right - x) + 6] = True
    return inside


def segment(service: Service, picture: Pixels) -> Pixels:
    """What the network sees in a picture that it knows nothing else of."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "png")
    answer = httpx.post(f"{service.url}api/v1/segment", files={"image": ("picture.png", file.getvalue())}, timeout=120)
    assert answer.status_code == 200, answer.text
    return read(answer.content)
