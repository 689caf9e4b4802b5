"""Who may ask: an ASGI layer that checks where requests come from, and sends every answer with headers that lock the page in."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from .settings import Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}
OPEN = "/api/v1/health"
"""The one address of the interface that needs no token."""

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)

UNUSED = (
    "accelerometer autoplay browsing-topics camera display-capture encrypted-media fullscreen geolocation gyroscope "
    "hid idle-detection local-fonts magnetometer microphone midi payment picture-in-picture publickey-credentials-get "
    "screen-wake-lock serial storage-access usb xr-spatial-tracking"
)
"""What browsers offer to pages, and this one has no use for."""

SECURITY = {
    "content-security-policy": POLICY,
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": ", ".join(f"{name}=()" for name in UNUSED.split()),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-dns-prefetch-control": "off",
    "x-frame-options": "DENY",
    "x-permitted-cross-domain-policies": "none",
}
"""OWASP's list for a page with files of its own alone."""
ENCRYPTED = {"strict-transport-security": "max-age=31536000"}
"""Where the request came, or a proxy on this machine says that it came, by TLS."""


def arrive(scope: Scope, root_path: str) -> bool:
    """Takes the prefix of a proxy off the path of a request. False where the path was the prefix without its last slash."""
    path = scope["path"]
    if root_path and path.startswith(f"{root_path}/"):
        scope["path"] = path[len(root_path) :]
    return not root_path or path != root_path


class Guard:
    """Refuses requests that no page of this service and no script of its owner would send.

    On a loopback address the Host must be a name of this machine, or a page elsewhere could reach the service through a name of
    its own that it points here (DNS rebinding). A request with an Origin must come from a page of this service. The interface
    wants the token where there is one; pages and their scripts are the same for everybody.
    """

    def __init__(self, app: App, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._names = LOCAL_NAMES | {name.lower() for name in (settings.host, *settings.names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        bare = not arrive(scope, self._settings.root_path)
        fresh = "no-store" if scope["path"].startswith(("/api/", "/metrics")) else "no-cache"

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message.get("headers", ())}
                added = {**SECURITY, "cache-control": fresh, **(ENCRYPTED if scope.get("scheme") == "https" else {})}
                extra = [(k.encode(), v.encode()) for k, v in added.items() if k.encode() not in present]
                message = {**message, "headers": [*message.get("headers", ()), *extra]}
            await send(message)

        if refusal := self._refusal(scope["path"], dict(scope["headers"])):
            return await answer(guarded, *refusal)
        if bare:
            return await answer(
                guarded, 308, "the page is one slash further", [(b"location", f"{self._settings.root_path}/".encode())]
            )
        await self._app(scope, receive, guarded)

    def _refusal(self, path: str, headers: dict[bytes, bytes]) -> tuple[int, str] | None:
        host, origin = (headers.get(name, b"").decode("latin-1") for name in (b"host", b"origin"))
        try:
            name, page = urlsplit(f"//{host}").hostname, urlsplit(origin).netloc
        except ValueError:
            return 400, f'the address in the Host header, "{host}", is none'
        if self._settings.local and name not in self._names:
            return 403, f'this service answers on this machine only, and was asked for as "{host}": use http://127.0.0.1'
        if origin and page != host:
            return 403, f"requests from pages of another site ({origin}) are refused"
        if self._settings.token and path != OPEN and path.startswith(("/api/", "/metrics")):
            given = headers.get(b"authorization", b"")
            if not secrets.compare_digest(given, f"Bearer {self._settings.token}".encode()):
                return (
                    401,
                    "this service wants its token: send the header  Authorization: Bearer TOKEN  (it was printed at the start)",
                )
        return None


async def answer(send: Send, status: int, sentence: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    """An error as the whole service has it: JSON with one sentence."""
    body = json.dumps({"detail": sentence}).encode()
    if status == 401:
        headers = [*headers, (b"www-authenticate", b"Bearer")]
    fixed = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})
    await send({"type": "http.response.body", "body": body})
