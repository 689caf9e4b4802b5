"""The pictures of the editor in the docs, taken of a real service in a real browser.

PYTHONPATH=tests python -m web.browser.pictures docs/pictures
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, expect, sync_playwright
from web.browser.driver import Editor, Point, launch
from web.browser.service import Service

EXAMPLES = Path(__file__).parents[3] / "examples"
PHOTO, MASK = EXAMPLES / "photos" / "crossing.jpg", EXAMPLES / "masks" / "crossing.png"
GROVE = [(236, 186), (240, 150), (226, 120), (234, 84), (258, 64), (282, 78), (292, 112), (282, 146), (288, 186)]
"""Outline of trees at the end of the street."""
POINTER = [(0, 0), (0, 17), (4, 13), (7, 19), (10, 18), (7, 12), (12, 12)]


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as logs, Service(Path(logs) / "log.txt") as service, sync_playwright() as playwright:
        service.wait()
        browser = launch(playwright)
        states(browser, service, folder)
        animation(browser, service, folder / "editor.webp")
        browser.close()


def visit(browser: Browser, service: Service, width: int = 1280, height: int = 800, dark: bool = False) -> Editor:
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light")
    return Editor(context.new_page(), service.url)


def states(browser: Browser, service: Service, folder: Path) -> None:
    """One picture of each main state."""
    editor = visit(browser, service)
    keep(editor, folder / "editor-empty.webp")
    editor.open(PHOTO)
    editor.load("mask", MASK)
    editor.says("The mask is open")
    expect(editor["#extent"]).not_to_be_empty()
    keep(editor, folder / "editor-hole.webp")
    editor.fill()
    editor.press("t")
    expect(editor["#unsure-share"]).to_contain_text("below")
    keep(editor, folder / "editor-trust.webp")
    editor.press("t")
    editor["#keep"].click()
    editor.draw(*GROVE, tool="lasso")
    editor.paint("vegetation")
    editor.draw(*GROVE)
    editor.press("m")
    keep(editor, folder / "editor-classes.webp")
    editor.press("m")
    editor.fill()
    editor.press("c")
    editor["#wipe-left"].select_option("Photo")
    editor.draw((300, 250), (252, 250))
    keep(editor, folder / "editor-wipe.webp")
    for width, height, dark, name in ((360, 740, False, "narrow"), (1280, 800, True, "dark")):
        other = visit(browser, service, width, height, dark)
        other.open(PHOTO)
        other.load("mask", MASK)
        other.says("The mask is open")
        other.fill()
        keep(other, folder / f"editor-{name}.webp")


def animation(browser: Browser, service: Service, path: Path) -> None:
    """A photo, its cars erased, trees painted at the end of the street, the result."""
    editor = visit(browser, service, 960, 640)
    film = Film(editor)
    editor.open(PHOTO)
    film.take(1.2)
    erase = editor["#legend [data-act=erase][data-name=vehicle]"]
    film.take(1.0, pointer=middle(editor, "#legend [data-act=erase][data-name=vehicle]"))
    with editor.filling():
        erase.click()
    editor["#keep"].click()
    film.take(2.0)
    editor["[data-tool=lasso]"].click()
    mouse = editor.page.mouse
    for at, point in enumerate(GROVE):
        mouse.move(*editor.at(*point), steps=4)
        if at == 0:
            mouse.down()
        film.take(0.12, pointer=editor.at(*point))
    mouse.up()
    film.take(0.8, pointer=editor.at(*GROVE[-1]))
    editor.paint("vegetation")
    film.take(0.8, pointer=middle(editor, "#legend [value='4']"))
    editor.draw((262, 110), tool="bucket")
    film.take(1.2, pointer=editor.at(262, 110))
    film.take(0.8, pointer=middle(editor, "#fill"))
    editor.fill()
    editor["#keep"].click()
    film.take(2.0)
    editor.page.keyboard.down("Tab")
    expect(editor["#original"]).to_have_attribute("aria-pressed", "true")
    film.take(1.2)
    editor.page.keyboard.up("Tab")
    expect(editor["#original"]).to_have_attribute("aria-pressed", "false")
    film.take(2.4)
    film.save(path)


class Film:
    """Pictures of the page, each shown for a while, with a pointer where the mouse is."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._frames: list[Image.Image] = []
        self._milliseconds: list[int] = []

    def take(self, seconds: float, pointer: Point | None = None) -> None:
        frame = look(self._editor)
        if pointer:
            x, y = pointer
            ImageDraw.Draw(frame).polygon([(x + dx, y + dy) for dx, dy in POINTER], fill="white", outline="black")
        self._frames.append(frame)
        self._milliseconds.append(round(1000 * seconds))

    def save(self, path: Path) -> None:
        first, *others = self._frames
        first.save(path, save_all=True, append_images=others, duration=self._milliseconds, loop=0, quality=82, method=6)


def middle(editor: Editor, selector: str) -> Point:
    """Of a control, in CSS pixels of the page."""
    box = editor[selector].bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def look(editor: Editor) -> Image.Image:
    """The whole page, when nothing in it moves any more."""
    editor.rest()
    editor.window()
    return Image.open(io.BytesIO(editor.page.screenshot())).convert("RGB")


def keep(editor: Editor, path: Path) -> None:
    look(editor).save(path, quality=82, method=6)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
