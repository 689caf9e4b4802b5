"""The command line as a whole: help, version, exit codes; in processes of its own where that matters."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from scenefill.cli import app, inpaint

Run = Callable[..., tuple[int, str, str]]
SCENEFILL = [sys.executable, "-m", "scenefill"]


def _real(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SCENEFILL, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL)


def test_help_names_every_verb_in_full(run: Run) -> None:
    code, printed, _ = run("--help")
    assert code == 0
    assert "..." not in printed.split("Commands:")[1], "a verb's first sentence is too long for its line"


def test_without_a_verb_it_helps(run: Run) -> None:
    _, printed, said = run()
    assert "Usage:" in printed + said


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"scenefill {version('scenefill')}\n", "")


def test_an_unknown_verb_gets_the_near_one(run: Run) -> None:
    code, _, said = run("inpant")
    assert code == 2
    assert "inpaint" in said


def test_a_process_from_start_to_file(photo: Path, mask: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    done = _real("inpaint", photo, mask, "-o", out, "-m", "telea")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{out}\n", "")
    assert out.stat().st_size > 0


def test_verbose_says_where_the_model_looks(photo: Path, mask: Path, tmp_path: Path) -> None:
    done = _real("-v", "inpaint", photo, mask, "-o", tmp_path / "out.png", "-m", "telea")
    assert done.returncode == 0
    assert done.stderr.startswith("scenefill: telea sees 64x48 pixels at (0, 0) as 64x48")


def test_a_mistake_in_a_process_is_one_line(photo: Path, tmp_path: Path) -> None:
    done = _real("inpaint", photo, tmp_path / "missing.png", "-o", tmp_path / "out.png", "-m", "telea")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"scenefill: mask {tmp_path / 'missing.png'}: there is no such file\n"


def test_a_warning_in_a_process_is_one_line(photo: Path, tmp_path: Path) -> None:
    done = _real("erase", photo, "--what", "car", "-o", tmp_path / "o.png", "-m", "telea")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_our_own_mistakes_keep_their_traceback(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    def broken(*paths: Path, overwrite: bool) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(inpaint.options, "check_outputs", broken)
    with pytest.raises(ZeroDivisionError):
        run("inpaint", "a.png", "b.png", "-o", "c.png")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_leaves_nothing_behind(photo: Path, mask: Path, tmp_path: Path) -> None:
    code = """
import os, signal, sys
from scenefill.pictures import files
files.os.fsync = lambda descriptor: signal.raise_signal(signal.SIGINT)  # in this thread: the file has not got its name yet
from scenefill.cli import main
sys.argv = ["scenefill", *sys.argv[1:]]
main()
"""
    before = sorted(tmp_path.iterdir())
    arguments = ["inpaint", str(photo), str(mask), "-o", str(tmp_path / "out.png"), "-m", "telea"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_without_the_extra_training_says_what_to_install(tmp_path: Path) -> None:
    code = """
import sys
sys.modules["torch"] = None
from scenefill.cli import main
sys.argv = ["scenefill", *sys.argv[1:]]
main()
"""
    for arguments in (["train", "config.toml"], ["evaluate", "--data", "x", "--out", str(tmp_path / "out")]):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
        assert done.returncode == 2
        assert 'pip install "scenefill[train]"' in done.stderr
        assert done.stderr.count("\n") == 1


def test_the_app_is_what_the_script_runs() -> None:
    (script,) = (entry for entry in _scripts() if entry.name == "scenefill")
    assert script.load().__module__ == "scenefill.cli"
    assert app.info.no_args_is_help


def _scripts() -> list[object]:
    from importlib.metadata import entry_points

    return list(entry_points(group="console_scripts"))
