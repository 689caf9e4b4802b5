"""Every hostile upload of the list is answered with a 4xx and a sentence, soon, and the service lives on."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from web import hostile
from web.browser.service import Service

LIMIT = 20.0
"""Seconds: ten times what it takes on a quiet machine, and far from for ever."""
FORM = f"Content-Type: {hostile.MULTIPART['Content-Type']}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """`scenefill serve` in a process of its own."""
    with Service(tmp_path_factory.mktemp("hostile") / "log.txt", "--model", "telea") as service:
        service.wait()
        with httpx.Client(base_url=service.url, timeout=60) as client:
            yield client
        said = set(service.log.read_text().splitlines())
        assert said <= {"scenefill: Invalid HTTP request received."}, "nothing was unexpected"


def refused(answer: httpx.Response, seconds: float) -> None:
    assert 400 <= answer.status_code < 500, answer.text
    detail = answer.json()["detail"]
    assert detail
    assert "\n" not in detail
    assert len(detail) < 600
    assert "Traceback" not in detail
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert seconds < LIMIT


@pytest.mark.parametrize("name", hostile.FILES)
def test_a_hostile_file(served: httpx.Client, name: str) -> None:
    data = hostile.FILES[name]()
    body = hostile.form("image", data)
    for path in ("/api/v1/sessions", "/api/v1/segment"):
        start = time.monotonic()
        answer = served.post(path, content=body, headers=hostile.MULTIPART)
        refused(answer, time.monotonic() - start)
        if len(data) > hostile.MIB:
            break


@pytest.mark.parametrize("name", hostile.BODIES)
def test_a_hostile_form(served: httpx.Client, name: str) -> None:
    headers, body = hostile.BODIES[name]
    start = time.monotonic()
    refused(served.post("/api/v1/sessions", content=body, headers=headers), time.monotonic() - start)


@pytest.mark.parametrize("name", hostile.NAMES)
def test_a_hostile_name(served: httpx.Client, name: str) -> None:
    start = time.monotonic()
    answer = served.post("/api/v1/sessions", files={"image": (name, b"no picture")})
    refused(answer, time.monotonic() - start)
    assert "etc" not in answer.text
    assert "windows" not in answer.text
    assert "set-cookie" not in answer.headers


def speak(served: httpx.Client, *pieces: bytes, pause: float = 0.0) -> tuple[bytes, float]:
    """What a socket is answered that sends these bytes, and the seconds since the last of them."""
    address = urlsplit(str(served.base_url))
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        for piece in pieces:
            connection.sendall(piece)
            if select.select([connection], [], [], pause)[0]:
                break
        start = time.monotonic()
        answer = connection.recv(65536)
        seconds = time.monotonic() - start
        connection.settimeout(0.5)
        with contextlib.suppress(OSError):
            while more := connection.recv(65536):
                answer += more
        return answer, seconds


def head(*lines: str, method: str = "POST", path: str = "/api/v1/sessions") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("what", "sent"),
    [
        ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100) + b"\r\n\r\n"),
        ("a head of 200 kB", head(*(f"X-{i}: {'a' * 1000}" for i in range(200)))),
        ("one line of 200 kB", head(f"X: {'a' * 200_000}")),
        ("a path of 200 kB", head(method="GET", path="/" + "a" * 200_000)),
        ("two lengths", head("Content-Length: 5", "Content-Length: 6") + b"hello!"),
        ("a length that is none", head("Content-Length: -5") + b"hello"),
        ("a length and pieces (smuggling)", head("Content-Length: 4", "Transfer-Encoding: chunked, identity") + b"0\r\n\r\n"),
        ("a piece whose length is none", head("Transfer-Encoding: chunked", FORM) + b"zz\r\n"),
        ("no host", b"GET / HTTP/1.1\r\n\r\n"),
        ("a foreign host", b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
        ("200 GB announced", head("Content-Length: 200000000000", FORM)),
    ],
)  # fmt: skip
def test_hostile_bytes(served: httpx.Client, what: str, sent: bytes) -> None:
    answer, seconds = speak(served, sent)
    assert answer.startswith(b"HTTP/1.1 4"), what
    assert seconds < LIMIT


def test_a_body_that_never_ends(served: httpx.Client) -> None:
    answers: list[float] = []
    address = urlsplit(str(served.base_url))
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(head("Transfer-Encoding: chunked", FORM))
        done = threading.Event()
        last = time.monotonic()

        def listen() -> None:
            assert connection.recv(4096).startswith(b"HTTP/1.1 413")
            answers.append(time.monotonic() - last)
            done.set()

        listener = threading.Thread(target=listen)
        listener.start()
        for count, piece in enumerate(hostile.endless()):
            if done.is_set():
                break
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
            if count < 130:
                last = time.monotonic()  # until then it is not too large
        listener.join()
    assert answers[0] < LIMIT


def test_whoever_is_too_slow_is_given_up(tmp_path: Path) -> None:
    script = tmp_path / "impatient.py"
    script.write_text(
        "from scenefill.web import server\nfrom scenefill.web.settings import Settings\n"
        "sock = server.listen('127.0.0.1', 0)\n"
        "settings = Settings(model='telea', patience=1.0)\n"
        "server.serve(settings, sock, lambda: print(f'http://127.0.0.1:{sock.getsockname()[1]}/', flush=True))\n"
    )
    with Service(tmp_path / "log.txt", script=script) as service:
        service.wait()
        with httpx.Client(base_url=service.url) as client:
            answer, seconds = speak(client, b"GET / HTTP/1.1\r\n", b"Host: 127", pause=0.2)
            assert answer.startswith(b"HTTP/1.1 408"), "a head that does not end"
            assert seconds < LIMIT
            start = time.monotonic()
            answer, _ = speak(client, *([b"GET / HTTP/1.1\r\n"] + [b"X-A: b\r\n"] * 12), pause=0.1)
            assert answer.startswith(b"HTTP/1.1 408"), "slow loris: a line now and then"
            assert time.monotonic() - start < 1 + LIMIT
            body = hostile.form("image", bytes(10_000))
            begun = head(f"Content-Length: {len(body)}", FORM)
            start = time.monotonic()
            answer, seconds = speak(client, begun + body[:100], *([b"0"] * 8), pause=0.1)
            assert answer.startswith(b"HTTP/1.1 408"), "a body, a byte at a time"
            assert b"nothing, or next to nothing, has arrived for 1 seconds" in answer
            assert time.monotonic() - start < 1 + LIMIT
            address = urlsplit(service.url)
            with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
                for sent, wanted in ((head(method="GET", path="/api/v1/health"), b'"ok"'), (b"GET / HT", b"HTTP/1.1 408")):
                    connection.sendall(sent)
                    answer = b""
                    while wanted not in answer:
                        answer += connection.recv(65536)  # the second request does not end, and is given up


def test_the_service_lives_on(served: httpx.Client) -> None:
    assert json.loads(served.get("/api/v1/health").text)["status"] == "ok"
    assert served.get("/").status_code == 200
