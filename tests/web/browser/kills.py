"""An editor whose service is killed (-9) at a random moment of the work, and started again: nothing may be lost or doubled.

A round is a photo, a hole that is filled and kept, a second hole with a class painted into it that is filled, a reload or a
closed tab, and the saved photo. Somewhere in it the service dies. Whoever is told that it does not answer does the step again, as
users do. What is painted, the variants and the saved photo must be, to the bit, those of a round in which nobody died.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext
from web.browser.driver import Editor
from web.browser.service import Service

PHOTO = Path(__file__).parents[3] / "examples" / "photos" / "red-car.jpg"
SIZE = (480, 360)
TRIES = 6
PATIENCE = 300.0
"""Seconds for a service that was killed to be there again, on a busy machine too."""


@dataclass(frozen=True)
class Outcome:
    """What a user has in the end."""

    variants: list[str]
    mask: bytes
    classes: bytes
    photo: bytes


class Killer(threading.Thread):
    """Kills the service after some seconds, and starts it again."""

    def __init__(self, service: Service, seconds: float) -> None:
        super().__init__()
        self._service = service
        self._seconds = seconds
        self.start()

    def run(self) -> None:
        time.sleep(self._seconds)
        self._service.kill()
        self._service.start()
        self._service.wait(PATIENCE)


def work(browser: Browser, service: Service, leaves: str) -> Outcome:
    """One round. leaves: how the page is left before the photo is saved: "reload" or "close"."""
    service.wait(PATIENCE)
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        editor = _visited(service, context)
        _until(service, lambda: editor.try_open(PHOTO), lambda: editor.variants == ["Photo"])
        editor.box(60, 60, 120, 120)
        _until(service, editor["#fill"].click, lambda: (editor.rest(), editor.variants[1:] == ["Fill 1"])[1])
        editor["#keep"].click()
        editor.box(200, 200, 296, 296)
        editor.paint("vegetation")
        editor.box(210, 210, 250, 250)
        _until(service, editor["#fill"].click, lambda: (editor.rest(), editor.variants[2:] == ["Fill 2"])[1])
        editor.kept()
        service.wait(PATIENCE)
        if leaves == "close":
            editor.page.close()
            editor = _visited(service, context)
        else:
            _until(service, editor.try_reload, editor.is_there)
        editor.resumed(PHOTO.name, SIZE)
        saved: list[bytes] = []
        _until(service, lambda: saved.extend(editor.try_save()), lambda: bool(saved))
        return Outcome(editor.variants, editor.mask().tobytes(), editor.classes().tobytes(), saved[0])
    finally:
        context.close()


def _visited(service: Service, context: BrowserContext) -> Editor:
    """The page, loaded again where the service died meanwhile."""
    editor = Editor(context.new_page(), service.url, waits=False)
    _until(service, editor.try_reload, editor.is_there)
    return editor


def _until(service: Service, act: Callable[[], object], done: Callable[[], bool]) -> None:
    """Does something until it is done; whenever it is not, the service is waited for."""
    for _ in range(TRIES):
        act()
        if done():
            return
        service.wait(PATIENCE)
    raise AssertionError("the service is there, and it cannot be done")


def rounds(browser: Browser, service: Service, count: int, chance: random.Random) -> list[str]:
    """What differs from a round in which nobody dies, if anything does."""
    start = time.monotonic()
    undisturbed = work(browser, service, "reload")
    seconds = time.monotonic() - start
    lost = []
    for number in range(count):
        moment, leaves = chance.uniform(0, seconds), chance.choice(["reload", "close"])
        killer = Killer(service, moment)
        outcome = work(browser, service, leaves)
        killer.join()
        names = [name for name in vars(undisturbed) if getattr(outcome, name) != getattr(undisturbed, name)]
        said = f"round {number + 1}, killed at {moment:.2f} s of {seconds:.2f}, {leaves}: {names or 'as undisturbed'}"
        print(said, flush=True)
        if names:
            lost.append(said)
    return lost
