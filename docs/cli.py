"""Prints docs/cli.md: the help of every verb, as `scenefill VERB --help` shows it. Run it with `make docs`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main
from typer.testing import CliRunner

from scenefill.cli import app

HEAD = """# Command line

<!-- Made by `make docs` from the help texts; a test compares the two. -->

Exit codes: 0 done; 1 some files of a batch failed (the others are written), or `check-data` found errors; 2 a mistake in what
was given, said in one sentence; 130 interrupted; 143 terminated. Every file is written under a temporary name and then renamed,
and nothing that stands is replaced without `--overwrite`. `scenefill -v VERB` logs what happens.
"""


def verbs(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every verb, such as ("models", "list"), in the order of the help."""
    command = command or typer.main.get_command(app)
    subcommands = getattr(command, "commands", {})
    if not subcommands:
        yield path
    for name, subcommand in subcommands.items():
        yield from verbs(subcommand, (*path, name))


def help_text(*path: str) -> str:
    """What `scenefill VERB --help` prints, at a fixed width."""
    result = CliRunner().invoke(app, [*path, "--help"], prog_name="scenefill", terminal_width=110, max_content_width=110)
    if result.exit_code:
        raise RuntimeError(result.output)
    return "\n".join(line.rstrip() for line in result.output.strip().splitlines())


def reference() -> str:
    """The whole page."""
    sections = [HEAD, f"```text\n{help_text()}\n```\n"]
    sections += [f"## scenefill {' '.join(path)}\n\n```text\n{help_text(*path)}\n```\n" for path in verbs()]
    return "\n".join(sections)


if __name__ == "__main__":
    print(reference(), end="")
