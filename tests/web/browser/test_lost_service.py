"""The service goes away in the middle of a fill: the page says so, keeps every stroke, and goes on when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect
from trouble import seeded, times
from web.browser import kills
from web.browser.conftest import PHOTOS, Open
from web.browser.service import Service


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Service]:
    """A service of this test alone."""
    with Service(tmp_path / "log.txt") as service:
        service.wait()
        yield service


def test_a_killed_service_costs_no_stroke(visit: Open, mortal: Service) -> None:
    editor = visit(service=mortal)
    editor.open(PHOTOS / "red-car.jpg")
    editor.box(200, 200, 296, 296)
    editor.fill()
    editor["#keep"].click()
    editor.box(40, 60, 100, 120)
    editor.paint("vegetation")
    editor.box(50, 70, 90, 110)
    mask, classes, window = editor.mask(), editor.classes(), editor.window()

    mortal.freeze()
    with editor.page.expect_request("**/fills"):
        editor["#fill"].click()
    expect(editor["#cancel"]).to_be_visible()
    mortal.kill()
    editor.says("The service does not answer")
    editor.rest()
    assert editor.variants == ["Photo", "Fill 1"]
    assert np.array_equal(editor.window(), window)
    assert np.array_equal(editor.mask(), mask)
    assert np.array_equal(editor.classes(), classes)
    editor.draw((300, 60), (340, 60), tool="brush")

    mortal.start()
    mortal.wait()
    editor.fill()
    assert editor.variants == ["Photo", "Fill 1", "Fill 2"]
    assert np.array_equal(editor.classes(), classes)
    assert editor.photo().shape == (360, 480, 3)
    assert editor.problems
    assert all(problem.startswith("Failed to load resource") for problem in editor.problems)
    editor.problems.clear()


@pytest.mark.nightly
def test_killed_at_random_moments_nothing_is_lost_or_doubled(mortal: Service, browser: Browser) -> None:
    assert kills.rounds(browser, mortal, times(1), seeded()) == []


def test_a_photo_that_the_service_forgot_is_sent_again(visit: Open, service: Service) -> None:
    editor = visit()
    with editor.page.expect_response("**/api/v1/sessions") as opened:
        editor.open(PHOTOS / "red-car.jpg")
    editor.draw((100, 200), (160, 220))
    editor.fill()
    first = editor.photo()
    editor.page.request.delete(f"{service.url}api/v1/sessions/{opened.value.json()['id']}")
    assert np.array_equal(editor.photo(), first)
    assert editor.problems
    assert all("404" in problem for problem in editor.problems)
    editor.problems.clear()
