"""What the page must never do, in any state: speak to another host, break its policy, be hard to see or to operate."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Error, expect
from web.browser.conftest import PHOTOS, Open
from web.browser.driver import Editor

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core: the one installed beside this file, or in CI one that npm installs."""
    place = HERE
    if os.environ.get("CI") == "true" and not (place / "node_modules").is_dir():
        place = tmp_path_factory.mktemp("npm")
        shutil.copy(HERE / "package.json", place)
        subprocess.run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"], cwd=place, check=True, timeout=300)
    script = place / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        pytest.skip("axe-core is not installed: npm install --no-package-lock --prefix tests/web/browser")
    return script.read_text("utf-8")


def faults(editor: Editor) -> list[str]:
    """Serious and critical violations that axe-core finds, in light and dark."""
    found = []
    for scheme in ("light", "dark"):
        editor.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        result = editor.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        found += [
            f"{scheme}: {violation['id']} ({violation['help']}) at {json.dumps([node['target'] for node in violation['nodes']])}"
            for violation in result["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
    return found


def test_axe_finds_nothing_serious(visit: Open, axe: str) -> None:
    editor = visit()
    editor.page.evaluate(axe)
    assert faults(editor) == [], "empty"

    editor.open(PHOTOS / "red-car.jpg")
    editor.box(200, 200, 296, 296)
    assert faults(editor) == [], "painted"
    editor.press("s")
    editor.draw((447, 216))
    expect(editor["#extent"]).to_contain_text("Takes out vehicle")
    assert faults(editor) == [], "an object selected"

    editor.fill()
    editor.press("m", "t")
    expect(editor["#unsure-share"]).to_contain_text("below")
    editor["summary"].click()
    editor["#legend [data-act=forbid]"].first.click()
    assert faults(editor) == [], "filled, all layers"

    editor.press("c")
    assert faults(editor) == [], "two variants compared"
    editor.press("Escape")

    for button in ("open", "save", "help"):
        editor[f"#{button}"].click()
        assert faults(editor) == [], f"the {button} dialog"
        editor.press("Escape")

    editor.page.set_viewport_size({"width": 360, "height": 740})
    assert faults(editor) == [], "a small screen"


def test_the_page_cannot_speak_to_another_host(editor: Editor) -> None:
    with pytest.raises(Error, match="Failed to fetch"):
        editor.page.evaluate("fetch('http://other.invalid/')")
    assert any("Content Security Policy" in problem for problem in editor.problems)
    editor.problems.clear()


def test_the_page_runs_no_script_but_its_own(editor: Editor) -> None:
    editor.page.evaluate(
        """document.body.append(Object.assign(document.createElement("script"), {textContent: "window.foreign = 1"}))"""
    )
    assert editor.page.evaluate("window.foreign") is None
    assert any("Content Security Policy" in problem for problem in editor.problems)
    editor.problems.clear()
