"""scenefill serve, as a process: its address, its mistakes, its end."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

Run = Callable[..., tuple[int, str, str]]

GATED = """
import functools, sys, threading
from scenefill.filling import classical
from scenefill.web import settings
settings.Settings = functools.partial(settings.Settings, grace={grace})
run = classical.ClassicalBackend.run
gate = threading.Event()
def gated(self, *asked):
    gate.wait()
    return run(self, *asked)
classical.ClassicalBackend.run = gated
threading.Thread(target=lambda: sys.stdin.readline() and gate.set(), daemon=True).start()
from scenefill.cli import main
sys.argv = ["scenefill", "serve", "--port", "0", "--model", "telea"]
main()
"""
"""A service whose fills wait until a line comes in; when it is stopped they still get `grace` seconds."""


@contextlib.contextmanager
def _served(*command: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process, and the address that it prints."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, *command], stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            found = re.fullmatch(r"scenefill is at (http://\S+)  \(Ctrl-C ends it\)\n", line)
            assert found, line or process.communicate()[1]
            yield process, found[1]
        finally:
            process.kill()


def _serve(*options: str) -> contextlib.AbstractContextManager[tuple[subprocess.Popen[str], str]]:
    return _served("-m", "scenefill", "serve", "--port", "0", "--model", "telea", *options)


def test_the_page_is_there_and_ctrl_c_ends_it() -> None:
    with _serve() as (process, url):
        assert httpx.get(url, timeout=30).headers["content-type"] == "text/html; charset=utf-8"
        assert httpx.get(f"{url}api/v1/health", timeout=30).json()["status"] == "ok"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_token_is_made_up_where_other_machines_are_let_in() -> None:
    with _serve("--host", "0.0.0.0") as (_, url):
        base, _, token = url.partition("/?token=")
        assert len(token) >= 24
        base = base.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{base}/api/v1/models", timeout=30).status_code == 401
        assert httpx.get(f"{base}/api/v1/models", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_a_token_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENEFILL_TOKEN", "from the environment")
    with _serve() as (_, url):
        base = url.partition("?")[0]
        assert httpx.get(f"{base}api/v1/models", timeout=30).status_code == 401
        assert httpx.get(f"{base}api/v1/models", headers={"Authorization": "Bearer from the environment"}).status_code == 200


def test_behind_a_proxy_it_has_a_prefix_a_name_and_a_token() -> None:
    with _serve("--root-path", "/a/b/", "--name", "x.example") as (_, address):
        base, _, token = address.partition("?token=")
        assert token, "whoever comes through the proxy is somebody else"
        with httpx.Client(headers={"Host": "x.example", "Authorization": f"Bearer {token}"}) as client:
            assert client.get(f"{base}a/b/api/v1/models").status_code == 200
            assert client.get(f"{base}a/b").headers["location"] == "/a/b/"


@pytest.mark.parametrize("path", ["scenefill", "/a b", "/a?b", "/api"])
def test_a_prefix_that_is_none(run: Run, path: str) -> None:
    code, _, said = run("serve", "--root-path", path)
    assert code == 2
    assert "--root-path takes a path such as /scenefill" in said
    assert path in said


def test_a_port_that_is_taken(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, said = run("serve", "--port", taken.getsockname()[1])
    assert code == 2
    assert "is taken by another program" in said
    assert said.count("\n") == 1


def test_an_address_of_another_machine(run: Run) -> None:
    code, _, said = run("serve", "--host", "192.0.2.1", "--port", 0)
    assert code == 2
    assert "192.0.2.1" in said


@pytest.mark.parametrize("model", ["talea", "missing.safetensors"])
def test_a_model_that_there_is_not(model: str) -> None:
    command = [sys.executable, "-m", "scenefill", "serve", "--port", "0", "--model", model]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert model in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_the_extra_it_says_what_to_install() -> None:
    code = """
import sys
sys.modules["fastapi"] = None
from scenefill.cli import main
sys.argv = ["scenefill", "serve"]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == 'scenefill: the web editor needs the extra "web": run  pip install "scenefill[web]"\n'


def test_open_shows_the_page_in_the_browser(tmp_path: Path) -> None:
    code = f"""
import sys, webbrowser
webbrowser.open = lambda address: open({str(tmp_path / "opened")!r}, "w").write(address)
from scenefill.cli import main
sys.argv = ["scenefill", "serve", "--port", "0", "--model", "telea", "--open"]
main()
"""
    with _served("-c", code) as (_, url):
        opened = tmp_path / "opened"
        _until(lambda: opened.exists() and opened.read_text() == url)


def _until(happened: Callable[[], bool]) -> None:
    """Waits for a state. The time is only there so that what never comes is told."""
    ends = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.02)


def _has(url: str, *figures: str) -> bool:
    text = httpx.get(f"{url}metrics", timeout=60).text
    return all(f"scenefill_fills_{figure}\n" in text for figure in figures)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_sigterm_lets_running_fills_finish_and_refuses_those_that_wait(photo: Path, mask: Path) -> None:
    answers: list[int] = []

    def fill(url: str) -> None:
        files = {"image": photo.read_bytes(), "mask": mask.read_bytes()}
        answers.append(httpx.post(f"{url}api/v1/inpaint", files=files, timeout=120).status_code)

    with _served("-c", GATED.format(grace=100)) as (process, url):
        asking = [threading.Thread(target=fill, args=(url,)) for _ in range(3)]
        for thread in asking:
            thread.start()
        _until(lambda: _has(url, "running 2.0", "waiting 1.0"))
        process.send_signal(signal.SIGTERM)
        _until(lambda: answers == [503])
        assert process.stdin is not None
        process.stdin.write("go on\n")
        process.stdin.flush()
        for thread in asking:
            thread.join()
        assert answers == [503, 200, 200]
        assert process.wait(120) in (0, -signal.SIGTERM, 128 + signal.SIGTERM)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_fill_that_does_not_end_does_not_keep_the_service_alive(photo: Path, mask: Path) -> None:
    with _served("-c", GATED.format(grace=0.1)) as (process, url):
        files = {"image": photo.read_bytes(), "mask": mask.read_bytes()}
        answers: list[httpx.Response] = []
        asking = threading.Thread(target=lambda: answers.append(httpx.post(f"{url}api/v1/inpaint", files=files, timeout=120)))
        asking.start()
        _until(lambda: _has(url, "running 1.0"))
        process.send_signal(signal.SIGTERM)
        asking.join()
        assert (answers[0].status_code, answers[0].json()) == (503, {"detail": "the service is being stopped"})
        process.wait(120)
