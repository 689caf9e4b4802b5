"""Behind a real nginx, under a path of its own, by HTTP and by TLS."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest
from web.browser.conftest import PHOTOS, Open
from web.browser.driver import read
from web.browser.service import Service
from web.conftest import until

from scenefill.web import server

CONFIG = """
daemon off; user {user}; pid {folder}/pid; error_log {folder}/error.log;
events {{ }}
http {{
  access_log off; client_max_body_size 0; server_tokens off;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d;
  scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    location /scenefill/ {{
      proxy_pass {service};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $remote_addr;
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Proxy:
    """Addresses of the editor behind it."""

    plain: str
    tls: str


def free() -> int:
    with server.listen("127.0.0.1", 0) as sock:
        port: int = sock.getsockname()[1]
        return port


@pytest.fixture(scope="module", params=["", "/"], ids=["with the prefix", "without the prefix"])
def proxy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """nginx that passes the prefix on, and nginx that takes it off."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not nginx and os.environ.get("CI") != "true":
        pytest.skip("nginx is not installed: apt-get install nginx")
    assert nginx
    folder = tmp_path_factory.mktemp("nginx")
    certificate = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "2", "-subj", "/CN=127.0.0.1"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *certificate], check=True, capture_output=True)
    with Service(folder / "log.txt", "--root-path", "/scenefill") as service:
        service.wait()
        plain, tls = free(), free()
        config = CONFIG.format(
            user=getpass.getuser(), folder=folder, plain=plain, tls=tls, service=service.url.rstrip("/") + request.param
        )
        (folder / "nginx.conf").write_text(config)
        process = subprocess.Popen([nginx, "-e", folder / "error.log", "-c", folder / "nginx.conf"])
        try:
            until(lambda: reached(f"http://127.0.0.1:{plain}/"))
            yield Proxy(f"http://127.0.0.1:{plain}/scenefill/", f"https://127.0.0.1:{tls}/scenefill/")
        finally:
            process.terminate()
            process.wait(10)


def reached(url: str) -> bool:
    try:
        httpx.get(url)
    except httpx.TransportError:
        return False
    return True


def test_the_editor_works_under_a_prefix(proxy: Proxy, visit: Open, service: Service) -> None:
    for url in (proxy.plain, proxy.tls):
        service_behind = Service(Path(os.devnull))
        service_behind.url = url
        editor = visit(service=service_behind, ignore_https_errors=True)
        editor.open(PHOTOS / "red-car.jpg")
        editor.press("s")
        editor.says("Click an object")
        editor.draw((354, 193))
        editor.says("The vehicle is selected")
        editor.fill()
        assert editor.filled()[193, 354]
        original = read((PHOTOS / "red-car.jpg").read_bytes())
        assert not np.any(editor.photo() != original, axis=-1)[~editor.filled()].any()
        editor.reload()
        editor.resumed("red-car.jpg", (480, 360))
        assert editor.variants == ["Photo", "Fill 1"]


def test_headers_behind_a_proxy(proxy: Proxy) -> None:
    with httpx.Client(verify=False) as client:
        plain, tls = (client.get(url).headers for url in (proxy.plain, proxy.tls))
        bare = client.get(proxy.plain.rstrip("/"))
        assert bare.is_redirect
        assert bare.headers["location"].endswith("/scenefill/")
        docs = client.get(f"{proxy.plain}docs")
        assert 'href="openapi.json"' in docs.text
        foreign = client.get(f"{proxy.plain}api/v1/health", headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403
    assert "strict-transport-security" not in plain
    assert tls["strict-transport-security"] == "max-age=31536000"
    assert plain["server"] == "nginx", "the proxy's own; the service names itself nowhere"
    assert "frame-ancestors 'none'" in tls["content-security-policy"]


def test_the_service_names_itself_nowhere(service: Service) -> None:
    assert "server" not in httpx.get(service.url).headers
