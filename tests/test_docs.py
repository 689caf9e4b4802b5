"""The docs say what is true: the reference is the help, every command in them exists, links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import runpy
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "examples" / "README.md"])
CLI = runpy.run_path(str(ROOT / "docs" / "cli.py"))
VERBS: list[tuple[str, ...]] = list(CLI["verbs"]())


def _commands() -> list[tuple[str, str]]:
    """(page, line) of every `scenefill ...` line in a code block, and of every example in the help texts."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        found += [(page.name, match[1]) for match in re.finditer(r"^(?:    |  )?(scenefill [a-z].*)$", text, re.MULTILINE)]
    return [(name, line.partition("  #")[0]) for name, line in found]


def test_the_reference_is_the_help() -> None:
    written = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert written == CLI["reference"](), "docs/cli.md is not what the help says: run  make docs"


def test_the_public_sets_are_those_of_the_catalogue() -> None:
    written = (ROOT / "docs" / "data.md").read_text("utf-8")
    assert written == runpy.run_path(str(ROOT / "docs" / "data.py"))["reference"](), "docs/data.md is older: run  make docs"


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_has_help_that_ends_with_an_example(verb: tuple[str, ...]) -> None:
    text = CLI["help_text"](*verb)
    body, _, example = text.partition("\n  Example:\n")
    assert example.strip().startswith(f"scenefill {' '.join(verb)}")
    options = [line for line in body.split("Options:")[1].splitlines() if re.match(r"  -", line)]
    assert all(len(line.split("  ")) > 2 for line in options if len(line) < 40), "every option says what it does"


@pytest.mark.parametrize(("page", "command"), _commands())
def test_every_command_in_the_docs_can_be_typed(page: str, command: str) -> None:
    words = shlex.split(command)[1:]
    (verb,) = [verb for verb in VERBS if tuple(words[: len(verb)]) == verb]
    text = CLI["help_text"](*verb)
    for word in words:
        if re.fullmatch(r"--?[a-z][a-z-]*", word):
            assert re.search(rf"^  .*{re.escape(word)}\b", text, re.MULTILINE), f"{' '.join(verb)} has no option {word}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_paths_that_the_docs_name_exist() -> None:
    for page in PAGES:
        for path in re.findall(r"\b((?:examples|configs|docs)/[\w/.-]+\.(?:jpg|png|toml|md|py))\b", page.read_text("utf-8")):
            assert (ROOT / path).exists(), f"{page.name}: {path}"


def test_the_ways_through_the_house_are_walked_on_functions_that_exist() -> None:
    """Every dotted name in the drawings of docs/architecture.md is a function, or a field or method of a class."""
    drawings = re.findall(
        r"^```text\n(.*?)^```", (ROOT / "docs" / "architecture.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    names = {name for drawing in drawings for name in re.findall(r"\b[a-z]+(?:\.\w+)+", drawing)}
    assert len(names) > 30
    for name in sorted(names):
        parts = name.split(".")
        known = [count for count in range(1, len(parts) + 1) if _is_module(f"scenefill.{'.'.join(parts[:count])}")]
        thing: object = importlib.import_module(f"scenefill.{'.'.join(parts[: max(known)])}")
        for part in parts[max(known) :]:
            assert hasattr(thing, part), f"{name}: there is no {part}"
            thing = getattr(thing, part)


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
