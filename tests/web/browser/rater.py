"""The page of a study as a rater has it: what is seen, and what can be pressed."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect
from web.browser.driver import PATIENCE

IS_THERE = "page => document.body.dataset.state !== 'asking' || document.querySelector('#pair').ariaBusy === 'false'"


class Rater:
    """The page at `url`. `problems` collects what a page must not do."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.problems: list[str] = []
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.on("console", lambda message: message.type in ("error", "warning") and self.problems.append(message.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.goto(url)
        expect(self["body"]).not_to_have_attribute("data-state", "loading")

    def __getitem__(self, selector: str) -> Locator:
        return self.page.locator(selector)

    @property
    def state(self) -> str | None:
        """loading, welcome, asking or done."""
        return self["body"].get_attribute("data-state")

    @property
    def done(self) -> int:
        """How many answers are kept."""
        return int(self["#count"].inner_text().split()[0])

    def begin(self) -> None:
        """Leaves what is said at the beginning."""
        self["#begin"].click()
        self.ready(0)

    def ready(self, done: int) -> None:
        """Waits until so many answers are kept and the next pair, or the end, is on display."""
        expect(self["#count"]).to_have_text(re.compile(rf"^{done} of \d+$"))
        self.page.wait_for_function(IS_THERE)

    def press(self, key: str) -> None:
        """Answers by a key."""
        done = self.done
        self.page.keyboard.press(key)
        self.ready(done + 1)

    def tap(self, choice: str) -> None:
        """Answers by a finger."""
        done = self.done
        self[f"#{choice}"].tap()
        self.ready(done + 1)
