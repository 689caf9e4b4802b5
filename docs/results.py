"""Prints docs/results.md from folders that `scenefill experiment` wrote: python docs/results.py results/* > docs/results.md"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import get_args

from scenefill.evaluation.tables import table_lines
from scenefill.experiments.pages import EXPLAINED
from scenefill.experiments.verdicts import Answer

HEAD = f"""# Results

<!-- Made by `python docs/results.py results/* > docs/results.md` from what `scenefill experiment` wrote. -->

What of the papers' statements shows on data that anyone can get. Here is what was run, and no more: each heading says on how many
photos. [evaluation.md](evaluation.md) says how to repeat it, and how to add a row.

{EXPLAINED}
"""


def page(folders: list[Path]) -> str:
    """folders: each with the results.json and results.md of one experiment. Raises OSError, ValueError for another folder."""
    rows, parts = [], []
    for folder in folders:
        results = json.loads((folder / "results.json").read_text("utf-8"))
        answers = [verdict["answer"] for verdict in results["verdicts"]]
        rows.append([results["title"], *(str(answers.count(answer)) for answer in get_args(Answer))])
        text = (folder / "results.md").read_text("utf-8").replace(EXPLAINED + "\n\n", "").replace(EXPLAINED + "\n", "")
        parts.append("\n".join(f"#{line}" if line.startswith("#") else line for line in text.strip().splitlines()))
    overview = "\n".join(table_lines(["experiment", *get_args(Answer)], rows))
    return "\n\n".join([HEAD.strip(), overview, *parts]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page([Path(name) for name in sys.argv[1:]]))
