"""The files of the editor."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from web.conftest import Running

from scenefill.web.pages import Pages


def test_the_first_page_and_its_parts(idle: Running) -> None:
    page = idle.client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text == idle.client.get("/index.html").text
    parts = [part.split('"')[0] for part in page.text.split('src="')[1:] if not part.startswith("data:")]
    assert parts
    for part in parts:
        assert idle.client.get(f"/{part}").status_code == 200


def test_modules_are_javascript(idle: Running) -> None:
    assert idle.client.get("/api.js").headers["content-type"] == "text/javascript; charset=utf-8"


def test_what_did_not_change_is_not_sent_again(idle: Running) -> None:
    first = idle.client.get("/")
    again = idle.client.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert idle.client.get("/", headers={"If-None-Match": '"other"'}).status_code == 200


def test_head_sends_no_body(idle: Running) -> None:
    answer = idle.client.head("/")
    assert answer.content == b""
    assert int(answer.headers["content-length"]) == len(idle.client.get("/").content)


@pytest.mark.parametrize(
    "path", ["/nothing", "/..%2fapp.py", "/../app.py", "/%2e%2e/app.py", "//etc/passwd", "/api/v1/nothing", "/static/"]
)
def test_there_is_nothing_else(idle: Running, path: str) -> None:
    answer = idle.client.get(path)
    assert answer.status_code == 404
    assert "the editor is at /" in answer.json()["detail"]


def test_pages_are_read_only(idle: Running) -> None:
    answer = idle.client.post("/")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert idle.client.put("/api/v1/health").json() == {"detail": "/api/v1/health takes GET, not PUT"}


def test_folders_below_and_hidden_files(tmp_path: Path) -> None:
    (tmp_path / "icons").mkdir()
    (tmp_path / "icons" / "brush.svg").write_text("<svg/>")
    (tmp_path / ".secret").write_text("no")
    pages = Pages(tmp_path)
    with httpx.Client(transport=_Direct(pages), base_url="http://x") as client:
        assert client.get("/icons/brush.svg").headers["content-type"] == "image/svg+xml"
        assert client.get("/.secret").status_code == 404
        assert client.get("/").status_code == 404


class _Direct(httpx.BaseTransport):
    """Calls an ASGI application that awaits nothing but `send`."""

    def __init__(self, app: Pages) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        sent: list[dict[str, object]] = []

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        scope = {"path": request.url.path, "method": request.method, "headers": []}
        with pytest.raises(StopIteration):
            self._app(scope, None, send).send(None)  # type: ignore[arg-type]
        return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=sent[1]["body"])  # type: ignore[arg-type]
