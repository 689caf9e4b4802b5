"""The house stands: rooms import in one direction, torch stays below the wall, the package is what its metadata says."""

from __future__ import annotations

import ast
import graphlib
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import scenefill

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "scenefill"

ABOVE = ["errors", "labels", "pictures", "models", "filling", "web", "study", "cli", "__main__"]
BELOW = ["networks", "losses", "data", "metrics", "training", "evaluation", "experiments"]
"""Every room may import the rooms before it; those of BELOW may use torch."""

TORCH = {"torch", "lightning", "lightning_fabric", "torchmetrics", "tensorboard", "onnx", "onnxscript"}
FILE, FUNCTION = 400, 60
"""Most lines, with those that are empty, comments and docstrings."""

REACH_BELOW = {"cli.train", "cli.pack", "cli.evaluate", "cli.experiment", "cli.export", "cli.check_data", "cli.models"}
"""These verbs import below the wall, inside the function that runs."""


def _modules() -> dict[str, ast.Module]:
    """Dotted name inside the package -> syntax tree; the package itself is ""."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = ast.parse(path.read_text("utf-8"))
    return found


def _statements(tree: ast.AST, *, functions: bool, types: bool) -> Iterator[ast.stmt]:
    """Statements of a module, those inside functions and those for type checkers only on demand."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and not types:
            continue
        if isinstance(node, ast.stmt):
            yield node
        if functions or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _statements(node, functions=functions, types=types)


def _imports(name: str, *, functions: bool = True, types: bool = False) -> set[str]:
    """What a module imports: "torch", or ".images" for a module of ours; for our packages, the submodule that is meant.

    functions: also what is imported inside functions.  types: also what only type checkers import.
    """
    is_package = (SOURCE / Path(*name.split(".")) / "__init__.py").is_file() if name else True
    package = name.split(".") if name else []
    found = set()
    for node in _statements(MODULES[name], functions=functions, types=types):
        if isinstance(node, ast.Import):
            for alias in node.names:
                own = alias.name == "scenefill" or alias.name.startswith("scenefill.")
                found.add("." + alias.name.removeprefix("scenefill").lstrip(".") if own else alias.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            up = node.level - 1 if is_package else node.level
            base = ".".join([*package[: len(package) - up], *filter(None, [node.module])])
            for alias in node.names:
                inner = f"{base}.{alias.name}".lstrip(".")
                found.add("." + (inner if inner in MODULES else base))
    return found


MODULES = _modules()


@pytest.mark.parametrize("name", [name for name in MODULES if name])
def test_a_room_imports_only_rooms_before_it(name: str) -> None:
    order = [*ABOVE, *BELOW]
    room = name.partition(".")[0]
    assert room in order, f"the room {room} is not in the list above, nor in docs/architecture.md"
    used = {module[1:].partition(".")[0] for module in _imports(name, types=True) if module.startswith(".")} - {"", room}
    allowed = set(order[: order.index(room)]) | (set(BELOW) if name in REACH_BELOW else set())
    assert used <= allowed


def test_no_modules_import_each_other_in_a_circle() -> None:
    used = {name: {module[1:] for module in _imports(name, types=True) if module.startswith(".")} for name in MODULES if name}
    tuple(graphlib.TopologicalSorter({name: modules - {name, ""} for name, modules in used.items()}).static_order())


def test_a_file_is_read_in_one_sitting() -> None:
    files = [path for kind in ("*.py", "*.js") for folder in (SOURCE, ROOT / "tests") for path in folder.rglob(kind)]
    files = [path for path in files if "node_modules" not in path.parts]
    lines = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in files}
    assert {name: count for name, count in lines.items() if count > FILE} == {}


def test_a_function_is_read_in_one_piece() -> None:
    lines = {
        f"{name}.{node.name}": node.end_lineno - node.lineno + 1
        for name, module in MODULES.items()
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    }
    assert {name: count for name, count in lines.items() if count > FUNCTION} == {}


@pytest.mark.parametrize("name", [name for name in MODULES if name.partition(".")[0] not in BELOW])
def test_nothing_above_the_wall_imports_torch(name: str) -> None:
    assert not _imports(name, functions=name not in REACH_BELOW) & TORCH


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("cli")])
def test_verbs_are_light_until_they_run(name: str) -> None:
    outside = _imports(name, functions=False)
    assert outside <= {*sys.stdlib_module_names, "typer", ".errors"} | {m for m in outside if m.startswith(".cli")}


@pytest.mark.parametrize("name", MODULES)
def test_torchvision_is_not_used(name: str) -> None:
    assert "torchvision" not in _imports(name)


def _in_a_fresh_process(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_the_first_half_loads_without_torch() -> None:
    names = ", ".join(f"scenefill.{name}" for name in MODULES if name and name != "__main__" and name.partition(".")[0] in ABOVE)
    code = f"import sys, {names}; scenefill.load('telea'); print(sorted(set(sys.modules) & {TORCH!r}))"
    assert _in_a_fresh_process(code).strip() == "[]"


def test_help_loads_nothing_heavy() -> None:
    code = """
import sys
from scenefill.cli import app
app(["--help"], standalone_mode=False)
print(sorted(set(sys.modules) & {"numpy", "cv2", "PIL", "onnxruntime", "rich", "torch"}))
"""
    assert _in_a_fresh_process(code).splitlines()[-1] == "[]"


def test_every_room_stands_in_the_docs() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    order = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert order == [*ABOVE, *BELOW]


def test_the_version_is_that_of_the_metadata() -> None:
    assert scenefill.__version__ == importlib.metadata.version("scenefill")
    assert f"version: {scenefill.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"## {scenefill.__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_core_needs_no_torch() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert not any(re.split(r"\W", requirement)[0] in TORCH for requirement in project["dependencies"])
    for pattern in project["license-files"]:
        assert list(ROOT.glob(pattern)), pattern


def test_the_repository_stays_small() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    sizes = {name: (ROOT / name).stat().st_size for name in tracked.split("\0") if name and (ROOT / name).is_file()}
    assert sum(sizes.values()) < 40 * 2**20
