"""One service for all browser tests, one browser per file of them, a fresh page for each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from web.browser.driver import Editor, Pixels, chromium, drivers_killed_in, launch, read
from web.browser.service import Service

ROOT = Path(__file__).parents[3]
PHOTOS = ROOT / "examples" / "photos"

Open = Callable[..., Editor]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`scenefill serve` with the built-in model."""
    with Service(tmp_path_factory.mktemp("service") / "log.txt") as service:
        service.wait()
        yield service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Playwright keeps an event loop while it lives, which other files of tests must not find: hence one per file."""
    if chromium() is None and os.environ.get("CI") != "true":
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with ExitStack() as end, sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        end.callback(drivers_killed_in(seconds=60).cancel)
        browser.close()


@pytest.fixture
def visit(browser: Browser, service: Service) -> Iterator[Open]:
    """visit(width=..., ...) -> the editor in a fresh browser; the options are Playwright's."""
    editors = []

    def visit(width: int = 1280, height: int = 800, service: Service = service, **options: Any) -> Editor:
        page = browser.new_context(viewport={"width": width, "height": height}, **options).new_page()
        editors.append(Editor(page, service.url))
        return editors[-1]

    yield visit
    for editor in editors:
        editor.page.context.close()
    assert [problem for editor in editors for problem in editor.problems] == []


@pytest.fixture(scope="session")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo of a street, 480x360, in a format that keeps every pixel."""
    path = tmp_path_factory.mktemp("photos") / "street.png"
    with Image.open(PHOTOS / "red-car.jpg") as photo:
        photo.save(path)
    return path


@pytest.fixture
def original(street: Path) -> Pixels:
    return read(street.read_bytes())


@pytest.fixture
def editor(visit: Open, street: Path) -> Editor:
    """The editor with the photo of the street opened."""
    editor = visit()
    editor.open(street)
    return editor
