"""The editor as a user has it before them: what can be seen, clicked, drawn and saved. Places are pixels of the photo."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urljoin

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Download, Error, Locator, Page, Playwright, Response, expect

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PATIENCE = 120_000
"""Milliseconds after which something will not happen any more, on a busy machine too."""
MARGIN = 16
"""CSS pixels round a photo that is shown as a whole."""

Pixels = NDArray[np.uint8]
Point = tuple[float, float]

# The window is drawn in frames, large overlays over several of them: it is complete when three are alike.
SETTLED = """async (canvas) => {
  for (let last = "", same = 0; same < 3;) {
    await new Promise(requestAnimationFrame);
    const now = canvas.toDataURL();
    same = now === last ? same + 1 : 0;
    last = now;
  }
  return canvas.toDataURL();
}"""


def chromium() -> str | None:
    """Path of the browser, if there is one."""
    return os.environ.get("SCENEFILL_CHROMIUM") or shutil.which("chromium")


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)


def drivers_killed_in(seconds: float) -> threading.Timer:
    """Kills what this process has Playwright's commands carried out by, unless it is cancelled: it is waited for without end."""

    def kill() -> None:
        for task in Path("/proc/self/task").iterdir():
            for child in (task / "children").read_text().split():
                if b"run-driver" in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(int(child), signal.SIGKILL)

    timer = threading.Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    return timer


class Editor:
    """The page at `url`. `problems` collects what a page must not do: complain, fail, or ask another host."""

    def __init__(self, page: Page, url: str, waits: bool = True) -> None:
        """waits: for the page, which is there otherwise when `is_there` says so."""
        self.page = page
        self.url = url
        self.problems: list[str] = []
        self._answers: list[Response] = []
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.on("console", lambda message: message.type in ("error", "warning") and self.problems.append(message.text))
        page.on("response", lambda answer: re.search("/(fills|erase)$", answer.url) and self._answers.append(answer))
        page.on("filechooser", lambda chooser: None)  # listened for from the beginning: the first one can be missed otherwise
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", lambda request: self._ours(request.url) or self.problems.append(f"a request to {request.url}"))
        if waits:
            page.goto(url)
            self._there()

    def _there(self) -> None:
        expect(self["#model"].locator("option")).not_to_have_count(0)

    def __getitem__(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def _ours(self, url: str) -> bool:
        ours = self.url.partition("?")[0]
        return url.startswith((ours, f"blob:{ours}", "data:"))

    # What it shows

    @property
    def status(self) -> str:
        return self["#status"].inner_text()

    @property
    def variants(self) -> list[str]:
        return self["#variants button > span"].all_inner_texts()

    @property
    def present(self) -> str:
        """The variant on display."""
        return self["#variants [aria-current=true] > span"].inner_text()

    def says(self, text: str) -> None:
        """Waits until the status line has this in it."""
        expect(self["#status"]).to_contain_text(text)

    def rest(self) -> None:
        """Waits until nothing is under way."""
        expect(self["#stage"]).to_have_attribute("aria-busy", "false")

    def window(self) -> Pixels:
        """What the canvas shows, (height, width, 3); without the rings and outlines over it."""
        data = self["#canvas"].evaluate(SETTLED)
        return read(b64decode(data.partition(",")[2]))[..., :3]

    def at(self, x: float, y: float) -> Point:
        """Where a place of the photo lies in the page while the photo is shown as a whole, in CSS pixels."""
        box = self["#canvas"].bounding_box()
        assert box
        width, height = self._size
        scale = min((box["width"] - 2 * MARGIN) / width, (box["height"] - 2 * MARGIN) / height)
        left, top = box["x"] + (box["width"] - width * scale) / 2, box["y"] + (box["height"] - height * scale) / 2
        return left + x * scale, top + y * scale

    # What can be done with it

    def open(self, *paths: Path) -> None:
        """Opens files as Ctrl-O does: a photo, and what was painted on it."""
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Control+o")
        with Image.open(paths[0]) as photo:
            self._size = photo.size
        chooser.value.set_files([str(path) for path in paths])
        expect(self["body"]).to_have_attribute("data-state", "open")
        self.rest()

    def is_there(self) -> bool:
        """Whether the page has met its service, within some seconds."""
        try:
            self["#model option"].first.wait_for(state="attached", timeout=10_000)
        except Error:
            return False
        return True

    def try_reload(self) -> None:
        """As users do where a page did not load; the service may be away."""
        with suppress(Error):
            self.page.goto(self.url)

    def try_open(self, path: Path) -> None:
        """As `open`, where the service may be away."""
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Control+o")
        with Image.open(path) as photo:
            self._size = photo.size
        chooser.value.set_files(str(path))
        self.page.wait_for_timeout(100)
        self.rest()

    def try_save(self) -> list[bytes]:
        """The photo at full quality; nothing where the service is away."""
        saved: list[Download] = []

        def keep(download: Download) -> None:
            saved.append(download)

        self.page.once("download", keep)
        self.press("Control+s")
        self.rest()
        self.page.wait_for_timeout(300)
        return [download.path().read_bytes() for download in saved]

    def reload(self) -> None:
        """As a user does, once what was done is kept."""
        self.kept()
        self.page.reload()
        self._there()

    def kept(self) -> None:
        """Waits until the browser has everything; half a second is more than the page's own patience."""
        self.page.wait_for_timeout(500)

    def resumed(self, name: str, size: tuple[int, int]) -> None:
        """Waits until the page goes on with a photo of that name and size."""
        self._size = size
        self.says(f"Here is {name} as you left it.")
        expect(self["body"]).to_have_attribute("data-state", "open")
        self.rest()

    def load(self, kind: str, path: Path) -> None:
        """Opens a "mask" or "classes" through the dialog."""
        self["#open"].click()
        with self.page.expect_file_chooser() as chooser:
            self[f"#open-{kind}"].click()
        chooser.value.set_files(str(path))

    def brush(self, size: int) -> None:
        """Sets the brush to at most `size` pixels of the photo, with the key that users have for it."""
        while int(self["#brush-size"].inner_text()) > size:
            self.page.keyboard.press("[")

    def draw(self, *points: Point, tool: str | None = None) -> None:
        """A stroke of the mouse."""
        if tool:
            self[f"[data-tool={tool}]"].click()
        mouse = self.page.mouse
        mouse.move(*self.at(*points[0]))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.at(*point), steps=6)
        mouse.up()

    def box(self, left: float, top: float, right: float, bottom: float) -> None:
        self.draw((left, top), (right, bottom), tool="rectangle")

    def paint(self, name: str) -> None:
        """Takes a class of the legend for painting, or the hole."""
        self["#legend label"].filter(has=self.page.get_by_text(name)).click()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    @contextmanager
    def filling(self) -> Iterator[None]:
        """What is done inside makes a fill; waits for it to be on display."""
        before = len(self.variants)
        yield
        expect(self["#variants li"]).to_have_count(before + 1)
        self.rest()

    def fill(self) -> None:
        with self.filling():
            self["#fill"].click()

    # What can be taken from it

    def download(self, action: Callable[[], object]) -> tuple[str, bytes]:
        """Name and content of the file that an action saves."""
        with self.page.expect_download() as download:
            action()
        return download.value.suggested_filename, download.value.path().read_bytes()

    def save(self, kind: str, form: str | None = None) -> tuple[str, bytes]:
        """Saves "photo", "mask", "classes" or "map" through the dialog."""
        self["#save"].click()
        if form:
            self["#format"].select_option(form)
        return self.download(self[f"#save-{kind}"].click)

    def photo(self) -> Pixels:
        """The picture on display at full quality, (height, width, 3)."""
        return read(self.save("photo", "png")[1])

    def mask(self) -> NDArray[np.bool_]:
        """The hole as it is painted, (height, width); True = hole."""
        return read(self.save("mask")[1]) == 255

    def filled(self) -> NDArray[np.bool_]:
        """What the last fill has filled: the hole, and what it grew over."""
        return read(self.page.request.get(urljoin(self.url, self._answers[-1].json()["mask_url"])).body()) == 255

    def classes(self) -> Pixels:
        """What is painted into the hole: ids, 255 where nothing is."""
        return read(self.save("classes")[1])

    def map(self) -> Pixels:
        """Label map of the picture on display: ids."""
        return read(self.save("map")[1])


def read(data: bytes) -> Pixels:
    """Pixels of a picture file; ids of a palette PNG."""
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture)


def touch(page: Page, *fingers: Sequence[Point]) -> None:
    """Fingers that come down together, move along their points together, and are lifted. Places in CSS pixels of the page."""
    session = page.context.new_cdp_session(page)
    for step, places in enumerate(zip(*fingers, strict=True)):
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": "touchMove" if step else "touchStart", "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()
