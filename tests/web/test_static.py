"""The modules of the pages: their unit tests run in node, their types hold, and they ask no other host for anything."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scenefill.study.app import BORROWED

HERE = Path(__file__).parent
STATIC = HERE.parents[1] / "src" / "scenefill" / "web" / "static"
STUDY = HERE.parents[1] / "src" / "scenefill" / "study" / "static"
"""The page of a study, which has some files of the editor beside its own."""
MODULES = sorted([*STATIC.glob("*.js"), *STUDY.glob("*.js")])
PAGES = [STATIC / "index.html", STUDY / "index.html"]
PAGE = PAGES[0].read_text("utf-8")

NODE = shutil.which("node")
IN_CI = os.environ.get("CI") == "true"
needs_node = pytest.mark.skipif(NODE is None and not IN_CI, reason="node is not installed")


def run(*command: str | Path, cwd: Path = HERE) -> str:
    """What a program prints; its failure is the test's."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def tsc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The type checker: the one installed beside this file, or in CI one that npm installs."""
    place = HERE
    if IN_CI and not (place / "node_modules").is_dir():
        place = tmp_path_factory.mktemp("npm")
        shutil.copy(HERE / "package.json", place)
        run("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", cwd=place)
    found = place / "node_modules" / ".bin" / "tsc"
    if not found.exists():
        pytest.skip("typescript is not installed: npm install --no-package-lock --prefix tests/web")
    return found


@needs_node
@pytest.mark.parametrize("tests", sorted((HERE / "static").glob("*.test.mjs")), ids=lambda path: path.name.partition(".")[0])
def test_modules_do_what_they_say(tests: Path) -> None:
    printed = run(NODE or "node", "--test", "--test-reporter=tap", tests)
    passed = re.search(r"^# pass (\d+)$", printed, re.MULTILINE)
    assert passed
    assert int(passed[1]) >= 4


@needs_node
def test_types_hold(tsc: Path) -> None:
    assert run(tsc, "--project", HERE / "tsconfig.json") == ""


def test_the_type_checker_is_pinned() -> None:
    wanted = json.loads((HERE / "package.json").read_text())["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert not (HERE / "package-lock.json").exists()


@pytest.mark.parametrize("path", [*MODULES, *PAGES, *STATIC.glob("*.css"), *STUDY.glob("*.css")], ids=lambda path: path.name)
def test_no_request_leaves_the_machine(path: Path) -> None:
    addresses = set(re.findall(r"\bhttps?://[^\s\"')]+", path.read_text("utf-8")))
    assert addresses <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_import_what_is_there_and_leave_window_alone(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith("/**"), "a module says first what it is for"
    for name in re.findall(r"from \"\./([\w.]+)\"", text):
        assert (path.parent / name).is_file() or (path.parent == STUDY and name in BORROWED)
    assert not re.search(r"\b(window|globalThis)\.\w+ = ", text)
    assert not re.search(r"\b(eval|innerHTML|outerHTML|insertAdjacentHTML)\b", text)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.parts[-3])
def test_the_page_obeys_a_strict_policy(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=", text)
    assert re.findall(r"<script[^>]*>", text) == ['<script type="module" src="main.js">']


def test_every_picture_of_the_page_is_there() -> None:
    icons = {element.get("id") for element in ElementTree.parse(STATIC / "icons.svg").iter() if element.get("id")}
    texts = [PAGE, *(path.read_text("utf-8") for path in MODULES)]
    used = {name for text in texts for name in re.findall(r"icons\.svg#([\w-]+)", text)}
    assert used <= icons
    assert (STATIC / "favicon.svg").is_file()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.parts[-3])
def test_what_modules_look_up_is_on_the_page(path: Path) -> None:
    text = path.read_text("utf-8")
    ids = set(re.findall(r"\bid=\"([\w-]+)\"", text))
    main = (path.parent / "main.js").read_text("utf-8")
    assert set(re.findall(r"\b(?:element|on)\(\"([\w-]+)\"", main)) <= ids
    assert set(re.findall(r"aria-(?:labelledby|describedby)=\"([\w-]+)\"", text)) <= ids
