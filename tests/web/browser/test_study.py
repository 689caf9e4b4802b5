"""A study in the browser: by keyboard, on a phone, by two raters at once, while its service is killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from study.pictures import made
from web.browser.rater import Rater
from web.browser.service import Service

from scenefill.study.answers import Answers

Take = Callable[..., Rater]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return made(tmp_path / "study", ["road", "park"], ["blue", "green", "red", "input"], size=(96, 64))


@pytest.fixture
def study(folder: Path, tmp_path: Path) -> Iterator[Service]:
    """`scenefill study serve` of seven questions: six pairs and one check."""
    with Service(tmp_path / "log.txt", str(folder), verb=("study", "serve")) as service:
        service.wait()
        yield service


@pytest.fixture
def take(browser: Browser, study: Service) -> Iterator[Take]:
    """take(width=..., ...) -> the page in a fresh browser; the options are Playwright's."""
    raters = []

    def take(name: str = "", width: int = 1000, height: int = 700, **options: bool) -> Rater:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
        raters.append(Rater(context.new_page(), study.url + (f"?rater={name}" if name else "")))
        return raters[-1]

    yield take
    for rater in raters:
        rater.page.context.close()
    assert [problem for rater in raters for problem in rater.problems] == []


def preferred(folder: Path) -> list[tuple[str, str]]:
    """(rater, side that he chose), of every answer."""
    with closing(Answers(folder / "answers.sqlite")) as answers:
        return [
            (a.rater, a.preferred if a.preferred == "neither" else "left" if a.preferred == a.shown_left else "right")
            for a in answers.all()
        ]


def test_two_raters_at_once_by_keyboard_and_on_a_phone(take: Take, folder: Path) -> None:
    desk, phone = take("desk"), take("phone", width=390, height=780, has_touch=True, is_mobile=True)
    assert desk.state == phone.state == "welcome"
    desk.page.keyboard.press("Enter")  # the button to begin has the focus
    desk.ready(0)
    phone.begin()
    boxes = [box for name in ("#input", "#left", "#right", "#neither") if (box := phone[name].bounding_box())]
    assert len(boxes) == 4
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["y"] + box["height"] <= 780 for box in boxes)
    tops = [box["y"] for box in boxes]
    assert tops == sorted(tops), "stacked"
    left, right = (desk[side].bounding_box() for side in ("#left", "#right"))
    assert left
    assert right
    assert (left["width"], left["height"], left["y"]) == (right["width"], right["height"], right["y"])
    assert desk["#left img"].evaluate("image => image.naturalWidth") == 96

    for key, choice in (("ArrowLeft", "right"), ("ArrowRight", "neither"), ("ArrowDown", "left"), (" ", "left")):
        desk.press(key)
        phone.tap(choice)
    desk.page.reload()
    expect(desk["#count"]).to_have_text("4 of 7")
    desk.ready(4)
    assert desk.state == "asking", "it goes on where it was"
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight"):
        desk.press(key)
    assert desk.state == "done"
    assert sorted(preferred(folder)) == sorted(
        [("desk", side) for side in ("left", "right", "neither", "neither", "left", "left", "right")]
        + [("phone", side) for side in ("right", "neither", "left", "left")]
    )


def test_a_killed_service_loses_nothing(take: Take, study: Service, folder: Path) -> None:
    rater = take()
    rater.begin()
    rater.press("ArrowLeft")
    rater.press("ArrowRight")
    study.kill()
    rater.page.keyboard.press("ArrowDown")
    expect(rater["#status"]).to_contain_text("The service does not answer. Is it still running? Nothing is lost")
    assert len(preferred(folder)) == 2, "what was acknowledged is there"
    study.start()
    rater.ready(3)
    assert rater["#status"].inner_text() == "", "it went on by itself"
    assert sorted(side for _, side in preferred(folder)) == ["left", "neither", "right"]
    rater.page.reload()
    rater.ready(3)
    assert rater.state == "asking", "the browser knows who he is"
    assert all(problem.startswith("Failed to load resource") for problem in rater.problems)
    rater.problems.clear()
