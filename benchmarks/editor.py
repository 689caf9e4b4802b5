"""How fast the editor is for the one who uses it, in a real browser.

    PYTHONPATH=tests python benchmarks/editor.py

first page: from the start of `scenefill serve` (its line with the address) to the page that is drawn and whose modules have run,
in a browser that was open already; the median of `--repeats` starts. From the start of the command itself stands in brackets.
stroke to fill: from the press of F after a stroke to the first frame with the fill on display; the label map and the confidence
come later. The photo has 480x360 pixels, so that one crop of 256x256 is computed. The median of as many strokes.
click to object: from the click with the tool Object to the first frame with the object in the hole, after the scene map is there;
for a photo of 480x360 and one of 4000x3000; the median.
panning: frames per second while a photo of 4000x3000 is dragged for three seconds, as a whole and at its own size, with the hole
and the scene map on display, in a window of 1280x800. 60 is the most that a browser draws.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from web.browser.driver import Editor, launch
from web.browser.service import Service

PHOTOS = Path(__file__).parents[1] / "examples" / "photos"
SECONDS = 3.0

# The page as a user has it: drawn, and its modules have run. The clock is the browser's.
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(document.body.dataset.state))))"

# Milliseconds from the press of F to the first frame with another fill in the strip.
FILLED = """() => new Promise((done) => {
  const count = () => document.querySelectorAll("#variants li").length;
  const [before, start] = [count(), performance.now()];
  const look = () => count() > before ? done(performance.now() - start) : requestAnimationFrame(look);
  document.querySelector("#canvas").dispatchEvent(new KeyboardEvent("keydown", { key: "f", bubbles: true }));
  look();
})"""

# Milliseconds from a click at a place of the window to the first frame whose hole has changed.
SELECTED = """([x, y]) => new Promise((done) => {
  const canvas = document.querySelector("#canvas"), status = document.querySelector("#status");
  canvas.setPointerCapture = () => {}; // of a pointer that is no real one
  const mouse = { pointerId: 1, pointerType: "mouse", isPrimary: true, bubbles: true, clientX: x, clientY: y };
  status.textContent = "";
  const start = performance.now();
  canvas.dispatchEvent(new PointerEvent("pointerdown", { ...mouse, button: 0, buttons: 1 }));
  canvas.dispatchEvent(new PointerEvent("pointerup", { ...mouse, button: 0, buttons: 0 }));
  const look = () => /selected|any more/.test(status.textContent) ? done(performance.now() - start) : requestAnimationFrame(look);
  look();
})"""

# Frames per second while the photo is dragged to and fro, a step per frame.
PANNED = """(seconds) => new Promise((done) => {
  const canvas = document.querySelector("#canvas");
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const middle = { pointerId: 1, pointerType: "mouse", isPrimary: true, bubbles: true, button: 1, buttons: 4 };
  const point = (type, clientX, clientY) => canvas.dispatchEvent(new PointerEvent(type, { ...middle, clientX, clientY }));
  canvas.setPointerCapture = () => {}; // of a pointer that is no real one
  const [x, y] = [left + width / 2, top + height / 2];
  point("pointerdown", x, y);
  const start = performance.now();
  let frames = 0;
  const step = (now) => {
    if (now - start > 1000 * seconds) {
      point("pointerup", x, y);
      return done((1000 * frames) / (now - start));
    }
    frames++;
    point("pointermove", x + 200 * Math.sin(frames / 20), y + 120 * Math.cos(frames / 20));
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7, help="how often what a median is taken of is done")
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder, browser = Path(name), launch(playwright)
        pages, starts = zip(*(first_page(browser, folder) for _ in range(repeats)), strict=True)
        print(f"first page: {statistics.median(pages):.2f} s ({statistics.median(starts):.2f} s)")
        with Service(folder / "log.txt") as service:
            service.wait()
            trip = stroke_to_fill(visit(browser, service), repeats)
            print(f"stroke to fill: {trip:.2f} s")
            for size, seconds in click_to_object(browser, service, folder, repeats):
                print(f"click to object, {size}: {seconds:.2f} s")
            for label, rate in panning(visit(browser, service), folder):
                print(f"panning 4000x3000, {label}: {rate:.0f} frames per second")
        browser.close()


def visit(browser: Browser, service: Service) -> Editor:
    return Editor(browser.new_context(viewport={"width": 1280, "height": 800}).new_page(), service.url)


def first_page(browser: Browser, folder: Path) -> tuple[float, float]:
    """Seconds to the first page since the service said where it is, and since it was started."""
    page = browser.new_page()
    start = time.perf_counter()
    with Service(folder / "log.txt") as service:
        said = time.perf_counter()
        page.goto(service.url)
        assert page.evaluate(DRAWN) == "empty"
        end = time.perf_counter()
        page.close()
    return end - said, end - start


def stroke_to_fill(editor: Editor, repeats: int) -> float:
    """Seconds, the median; each stroke is in another place, and the first is not counted."""
    editor.open(PHOTOS / "red-car.jpg")
    times = []
    for row in range(repeats + 1):
        editor.draw((100, 200 + 8 * row), (160, 220 + 8 * row))
        times.append(editor.page.evaluate(FILLED) / 1000)
        editor["#keep"].click()
        editor.rest()
    return statistics.median(times[1:])


def click_to_object(browser: Browser, service: Service, folder: Path, repeats: int) -> list[tuple[str, float]]:
    """Size of the photo, and seconds; every second click leaves the object that the one before has selected."""
    large = folder / "large.png"
    with Image.open(PHOTOS / "red-car.jpg") as photo:
        photo.resize((4000, 3000), Image.Resampling.BICUBIC).save(large)
    medians = []
    for path, place, size in ((PHOTOS / "red-car.jpg", (354, 193), "480x360"), (large, (2950, 1608), "4000x3000")):
        editor = visit(browser, service)
        editor.open(path)
        editor.press("s")
        editor.says("Click an object")
        times = []
        for _ in range(2 * repeats):
            times.append(editor.page.evaluate(SELECTED, list(editor.at(*place))) / 1000)
            editor.rest()
        medians.append((size, statistics.median(times[1:])))
    return medians


def panning(editor: Editor, folder: Path) -> list[tuple[str, float]]:
    """What is on display, and frames per second."""
    large = folder / "large.jpg"
    with Image.open(PHOTOS / "china.jpg") as photo:
        photo.resize((4000, 3000), Image.Resampling.BICUBIC).save(large, quality=92)
    editor.open(large)
    rates = [("as a whole", pan(editor))]
    editor.box(1000, 1000, 2000, 2000)
    editor.press("m")
    editor.says("This is how the model sees the scene.")
    rates.append(("as a whole, with hole and map", pan(editor)))
    while editor["#zoom-fit"].inner_text() != "100 %":
        at = int(editor["#zoom-fit"].inner_text().split()[0])
        editor.page.mouse.move(*editor.at(2000, 1500))
        editor.page.mouse.wheel(0, -40 if at < 100 else 4)
        editor.window()
    rates.append(("at its own size, with hole and map", pan(editor)))
    return rates


def pan(editor: Editor) -> float:
    editor.rest()
    editor.window()
    return float(editor.page.evaluate(PANNED, SECONDS))


if __name__ == "__main__":
    main()
