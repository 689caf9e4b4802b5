"""The pictures of the editor in the docs, taken of a real service in a real browser.

PYTHONPATH=tests python -m web.browser.pictures docs/pictures
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from web.browser.driver import Editor, launch
from web.browser.service import Service

PHOTO = Path(__file__).parents[3] / "examples" / "photos" / "red-car.jpg"
TREES = (282, 128, 372, 208)
"""Where trees are painted into the erased car's place, in pixels of the photo."""
FRAME = (960, 600)
SECONDS = {"photo": 1.6, "erased": 2.4, "painted": 2.0, "result": 3.2}


def main(folder: Path) -> None:
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
    editor.draw((300, 170), (350, 190), tool="brush")
    editor.box(200, 150, 250, 190)
    keep(editor, folder / "editor-hole.webp")
    editor.fill()
    shown(editor, "#show-map")
    keep(editor, folder / "editor-classes.webp")
    shown(editor, "#show-map", False)
    shown(editor, "#show-trust")
    keep(editor, folder / "editor-trust.webp")
    shown(editor, "#show-trust", False)
    editor.press("c")
    editor.draw((240, 100), (300, 100))
    keep(editor, folder / "editor-wipe.webp")
    narrow = visit(browser, service, 360, 740)
    narrow.open(PHOTO)
    keep(narrow, folder / "editor-narrow.webp")
    dark = visit(browser, service, dark=True)
    dark.open(PHOTO)
    dark.box(200, 150, 250, 190)
    dark.fill()
    keep(dark, folder / "editor-dark.webp")


def animation(browser: Browser, service: Service, path: Path) -> None:
    """A photo, its cars erased, trees painted where one was, the result."""
    editor = visit(browser, service, *FRAME)
    editor.open(PHOTO)
    frames = [("photo", look(editor))]
    with editor.filling():
        editor["#legend [data-act=erase][data-name=vehicle]"].click()
    editor["#keep"].click()
    frames.append(("erased", look(editor)))
    editor.box(*TREES)
    editor.paint("vegetation")
    editor.box(*TREES)
    frames.append(("painted", look(editor)))
    editor.fill()
    editor["#keep"].click()
    frames.append(("result", look(editor)))
    first, *others = (picture for _, picture in frames)
    durations = [round(1000 * SECONDS[state]) for state, _ in frames]
    first.save(path, save_all=True, append_images=others, duration=durations, loop=0, quality=82, method=6)


def shown(editor: Editor, layer: str, on: bool = True) -> None:
    editor[layer].set_checked(on)
    editor.rest()
    editor.window()


def look(editor: Editor) -> Image.Image:
    """The whole page, when nothing in it moves any more."""
    editor.rest()
    editor.window()
    return Image.open(io.BytesIO(editor.page.screenshot())).convert("RGB")


def keep(editor: Editor, path: Path) -> None:
    look(editor).save(path, quality=82, method=6)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
