"""Who may ask, and what pages may do."""

from __future__ import annotations

import pytest
from web.conftest import Running, Start

from scenefill.web.settings import Settings

OWASP = {
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "x-permitted-cross-domain-policies": "none",
    "x-dns-prefetch-control": "off",
    "referrer-policy": "no-referrer",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""Of OWASP Secure Headers, beside the policies, Cache-Control and HSTS; Clear-Site-Data is for pages with a log-out."""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_names_of_this_machine_are_answered(idle: Running, host: str) -> None:
    assert idle.client.get("/api/v1/health", headers={"Host": f"{host}:8420"}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8420", "127.0.0.1.evil.example", "192.168.0.7"])
@pytest.mark.parametrize("path", ["/", "/api/v1/health", "/metrics", "/docs"])
def test_other_names_are_refused_on_loopback(idle: Running, host: str, path: str) -> None:
    answer = idle.client.get(path, headers={"Host": host})
    assert answer.status_code == 403
    assert host in answer.json()["detail"]


def test_a_host_that_is_none(idle: Running) -> None:
    answer = idle.client.get("/", headers={"Host": "[::1"})
    assert answer.status_code == 400
    assert "[::1" in answer.json()["detail"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://[bad"])
def test_pages_of_other_sites_are_refused(idle: Running, photo: bytes, origin: str) -> None:
    answer = idle.client.post("/api/v1/sessions", files={"image": photo}, headers={"Origin": origin})
    assert answer.status_code in (400, 403)
    assert len(idle.service.sessions) == 0


def test_the_page_of_the_service_is_answered(idle: Running) -> None:
    assert idle.client.get("/api/v1/health", headers={"Origin": idle.url}).status_code == 200


def test_there_is_no_cors(idle: Running) -> None:
    answer = idle.client.options("/api/v1/inpaint", headers={"Origin": idle.url, "Access-Control-Request-Method": "POST"})
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/v1/health", "/docs", "/api/v1/sessions/none/photo"])
def test_every_answer_locks_the_page_in(idle: Running, path: str) -> None:
    headers = idle.client.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == ("no-store" if path.startswith("/api/") else "no-cache")
    assert "server" not in headers or headers["server"] == "uvicorn"


def test_every_header_of_owasps_list_is_there(idle: Running) -> None:
    headers = idle.client.get("/").headers
    assert {name: headers.get(name) for name in OWASP} == OWASP
    assert "camera=()" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers, "this did not come by TLS"
    secure = idle.client.get("/", headers={"X-Forwarded-Proto": "https"}).headers
    assert secure["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("prefix", ["", "/scenefill"])
def test_paths_may_have_the_prefix_of_a_proxy(start: Start, photo: bytes, mask: bytes, prefix: str) -> None:
    web = start(root_path="/scenefill")
    assert web.client.get(f"{prefix}/").text.startswith("<!doctype html>")
    assert web.client.get(f"{prefix}/api/v1/health").status_code == 200
    assert web.client.get(f"{prefix}/openapi.json").json()["servers"] == [{"url": "/scenefill"}]
    session = f"{prefix}{web.open(photo, mask=mask)}"
    fill = web.fill(session, mask).json()
    for url in (fill["patches"][0]["url"], fill["mask_url"], fill["labels_url"], fill["confidence_url"]):
        assert url.startswith("/scenefill/api/v1/sessions/")
        assert web.client.get(url).status_code == 200
    maps = web.client.post(f"{session}/segment", json={}).json()
    assert web.client.get(maps["labels_url"]).status_code == 200
    bare = web.client.get("/scenefill")
    assert (bare.status_code, bare.headers["location"]) == (308, "/scenefill/")
    assert web.client.get("/scenefillother").status_code == 404


def test_a_prefix_does_not_open_what_wants_the_token(start: Start) -> None:
    web = start(token="secret", root_path="/scenefill")
    assert web.client.get("/scenefill/api/v1/models").status_code == 401
    assert web.client.get("/scenefill/metrics").status_code == 401


def test_names_of_a_proxy_are_answered(start: Start) -> None:
    web = start(names=("photos.example",))
    for host, status in (("photos.example", 200), ("Photos.Example:8443", 200), ("evil.example", 403), ("127.0.0.1", 200)):
        assert web.client.get("/api/v1/health", headers={"Host": host}).status_code == status
    own = {"Host": "photos.example", "Origin": "https://photos.example"}
    assert web.client.get("/api/v1/health", headers=own).status_code == 200


def test_with_a_token_the_interface_wants_it_and_the_page_does_not(start: Start) -> None:
    web = start(host="0.0.0.0", token="secret")
    for path in ("/api/v1/models", "/api/v1/metrics", "/metrics", "/api/v1/sessions/x/photo", "/api/v1/nothing"):
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "secret"},
            {"Authorization": "Bearer sécret".encode()},
        ):
            answer = web.client.get(path, headers=headers)
            assert answer.status_code == 401
            assert "Authorization: Bearer TOKEN" in answer.json()["detail"]
            assert answer.headers["www-authenticate"] == "Bearer"
    assert web.client.get("/api/v1/models", headers={"Authorization": "Bearer secret"}).status_code == 200
    for path in ("/", "/docs", "/openapi.json", "/api/v1/health"):
        assert web.client.get(path).status_code == 200


def test_beyond_loopback_any_name_is_answered(start: Start) -> None:
    web = start(host="0.0.0.0", token="secret")
    assert web.client.get("/api/v1/health", headers={"Host": "photos.example"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.0.0.2", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("photos.example", False)],
)
def test_what_is_local(host: str, local: bool) -> None:
    assert Settings(host=host).local == local
