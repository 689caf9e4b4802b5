"""What was done is kept by the browser: after a reload, a closed tab and a restarted service it is there again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Dialog, expect
from web.browser.conftest import PHOTOS, Open
from web.browser.driver import Editor
from web.browser.service import Service
from web.browser.test_lost_service import mortal  # noqa: F401

SIZE = (480, 360)
NO_LOCKS = """Object.defineProperty(navigator, "locks", { value: undefined })"""
"""As in a page that came over plain HTTP from another machine."""

STORED = """async () => {
  const { name } = (await indexedDB.databases())[0];
  const open = indexedDB.open(name);
  await new Promise((done) => (open.onsuccess = done));
  const count = (store) => new Promise((done) => {
    const asked = open.result.transaction(store).objectStore(store).count();
    asked.onsuccess = () => done(asked.result);
  });
  const counts = [await count("works"), await count("parts")];
  open.result.close();
  return counts;
}"""


def worked(editor: Editor, photo: Path = PHOTOS / "red-car.jpg") -> None:
    """Two fills, of which the second lies on the first and is on display, a class painted into the hole of the next one."""
    editor.open(photo)
    editor.box(200, 200, 296, 296)
    editor["#legend [data-act=forbid][data-name=vegetation]"].click()
    editor.fill()
    editor["#keep"].click()
    editor.box(40, 60, 100, 120)
    editor.fill()
    expect(editor["#variants small"].last).to_contain_text("%")
    editor.paint("road")
    editor.box(50, 70, 90, 110)
    editor["[data-tool=brush]"].click()
    editor.rest()


def state(editor: Editor) -> dict[str, Any]:
    """What a user sees and has."""
    seen = {
        "variants": editor["#variants button"].all_inner_texts(),
        "present": editor.present,
        "target": editor["#legend input:checked"].input_value(),
        "forbidden": editor["#legend li.forbidden .name"].all_inner_texts(),
        "window": editor.window().tobytes(),
        "mask": editor.mask().tobytes(),
        "classes": editor.classes().tobytes(),
    }
    assert editor.mask().any()
    return seen


def test_a_reload_loses_nothing(visit: Open) -> None:
    editor = visit()
    worked(editor)
    before, result = state(editor), editor.photo()
    editor.reload()
    editor.resumed("red-car.jpg", SIZE)
    assert state(editor) == before
    assert np.array_equal(editor.photo(), result), "the service has it again, to the bit"
    editor["#variants button"].nth(1).click()
    assert editor.present == "Fill 1"
    assert editor.mask().sum() == 96 * 96
    editor["#variants button"].last.click()
    editor.paint("road")
    editor.box(50, 70, 90, 110)
    editor.fill()
    assert editor.variants == ["Photo", "Fill 1", "Fill 2", "Fill 3"]
    editor.reload()
    editor.resumed("red-car.jpg", SIZE)
    assert editor.variants == ["Photo", "Fill 1", "Fill 2", "Fill 3"]
    assert editor.present == "Fill 3"
    expect(editor["#undo"]).to_be_disabled()


@pytest.mark.parametrize("locks", [True, False])
def test_a_closed_tab_comes_back_in_a_new_one_and_two_do_not_disturb_each_other(
    visit: Open, service: Service, locks: bool
) -> None:
    first = visit()
    context = first.page.context
    if locks:
        worked(first)
    else:
        context.add_init_script(NO_LOCKS)
        first.reload()
        first.open(PHOTOS / "red-car.jpg")
        first.box(40, 60, 100, 120)
    second = Editor(context.new_page(), service.url)
    expect(second["body"]).to_have_attribute("data-state", "empty")
    second.open(PHOTOS / "crossing.jpg")
    second.box(100, 100, 140, 130)
    states = {"red-car.jpg": state(first), "crossing.jpg": state(second)}
    for editor, name in ((first, "red-car.jpg"), (second, "crossing.jpg")):
        editor.reload()
        editor.resumed(name, SIZE)
        assert state(editor) == states[name]

    for editor in (first, second):
        editor.kept()
        editor.page.close()
    for name in ("crossing.jpg", "red-car.jpg"):  # the one that was changed last comes first
        editor = Editor(context.new_page(), service.url)
        editor.resumed(name, SIZE)
        assert state(editor) == states[name]
        assert editor.problems == []
    third = Editor(context.new_page(), service.url)
    third.kept()
    expect(third["body"]).to_have_attribute("data-state", "empty")


def test_a_restarted_service_gets_the_photo_and_the_fills_again(mortal: Service, visit: Open) -> None:  # noqa: F811
    editor = visit(service=mortal)
    worked(editor)
    before, result = state(editor), editor.photo()
    editor.kept()
    mortal.kill()
    mortal.start()
    mortal.wait()
    editor.problems.clear()
    editor.page.reload()
    editor.resumed("red-car.jpg", SIZE)
    assert state(editor) == before
    assert np.array_equal(editor.photo(), result)
    assert editor.variants == ["Photo", "Fill 1", "Fill 2"], "made again, and not doubled"
    assert editor.problems == []


def test_a_click_forgets_it(visit: Open) -> None:
    editor = visit()
    worked(editor)
    editor.kept()
    assert editor.page.evaluate(STORED) == [1, 3]
    editor["#forget"].click()
    editor.says("red-car.jpg is forgotten")
    expect(editor["body"]).to_have_attribute("data-state", "empty")
    editor.kept()
    assert editor.page.evaluate(STORED) == [0, 0]
    editor.reload()
    editor.kept()
    expect(editor["body"]).to_have_attribute("data-state", "empty")
    editor.open(PHOTOS / "crossing.jpg")
    editor.box(100, 100, 140, 130)
    editor.reload()
    editor.resumed("crossing.jpg", SIZE)


def test_another_photo_takes_the_place_of_the_one_before(visit: Open) -> None:
    editor = visit()
    worked(editor)
    editor.kept()
    editor.load("photo", PHOTOS / "crossing.jpg")
    editor["#replace-dialog [value=yes]"].click()
    editor.says("crossing.jpg, 480 × 360 pixels")
    editor.kept()
    assert editor.page.evaluate(STORED) == [1, 1]
    editor.page.reload()
    editor.resumed("crossing.jpg", SIZE)
    assert editor.variants == ["Photo"]


def full(editor: Editor) -> None:
    """The browser gives the page no room."""
    devtools = editor.page.context.new_cdp_session(editor.page)
    origin = editor.page.evaluate("location.origin")
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 1000})


def private(editor: Editor) -> None:
    """The browser keeps nothing for any page."""
    editor.page.add_init_script("indexedDB.open = () => { throw new DOMException('no', 'SecurityError') }")
    editor.page.reload()
    editor._there()


@pytest.mark.parametrize(("refuse", "said"), [(full, ": it has no room left"), (private, "")])
def test_a_browser_that_keeps_nothing_says_so_and_works(visit: Open, refuse: Callable[[Editor], None], said: str) -> None:
    editor = visit()
    refuse(editor)
    editor.open(PHOTOS / "red-car.jpg")
    editor.box(200, 200, 296, 296)
    sentence = f"This browser keeps nothing of your work{said}. A reload would lose it: save what you need."
    expect(editor["#kept-note"]).to_have_text(sentence)
    editor.fill()
    assert editor.variants == ["Photo", "Fill 1"]
    dialogs: list[str] = []

    def stay(dialog: Dialog) -> None:
        dialogs.append(dialog.type)
        dialog.accept()

    editor.page.on("dialog", stay)
    editor.page.reload()
    assert dialogs == ["beforeunload"], "the browser asks, since it would be lost"


def test_what_is_kept_needs_no_question(visit: Open) -> None:
    editor = visit()
    dialogs: list[str] = []
    editor.page.on("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.accept()))
    worked(editor)
    editor.reload()
    editor.resumed("red-car.jpg", SIZE)
    assert dialogs == []


def test_a_stroke_just_before_a_reload_is_kept(visit: Open) -> None:
    editor = visit()
    editor.open(PHOTOS / "red-car.jpg")
    editor.kept()
    for row in range(5):
        editor.box(40, 40 + 40 * row, 80, 60 + 40 * row)
        editor.page.reload()
        editor._there()
        editor.resumed("red-car.jpg", SIZE)
        assert editor.mask().sum() == (row + 1) * 40 * 20


def test_the_token_outlives_a_reload(visit: Open, tmp_path: Path) -> None:
    with Service(tmp_path / "log.txt", "--host", "0.0.0.0", "--token", "secret") as service:
        service.url = service.url.replace("0.0.0.0", "127.0.0.1")
        editor = visit(service=service)
        assert "token" not in editor.page.url
        editor.page.reload()
        editor._there()
        editor.open(PHOTOS / "red-car.jpg")
