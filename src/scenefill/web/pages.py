"""The files of a page: an ASGI application that needs no framework and is there at once."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .guard import Receive, Scope, Send, answer

STATIC = Path(__file__).parent / "static"
INDEX = "index.html"

# mimetypes asks the machine's own tables, which call these differently from one machine to the next.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class File:
    """A file as it is sent."""

    body: bytes
    kind: bytes
    tag: bytes

    @classmethod
    def read(cls, path: Path) -> File:
        body = path.read_bytes()
        kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return cls(body, kind.encode(), b'"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"')


class Pages:
    """`/` is index.html of a folder, `/NAME` its file NAME. Browsers ask again each time and are told when nothing changed.

    The files of the folder are listed once: a request names one of them or nothing.
    """

    def __init__(
        self,
        folder: Path = STATIC,
        borrowed: Iterable[str] = (),
        about: str = "the editor is at /, the interface is described at /docs",
    ) -> None:
        """borrowed: names of the editor's files that the page uses too.   about: said to who asks for what there is not."""
        found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
        self._paths = {"/" + path.relative_to(folder).as_posix(): path for path in found}
        self._paths |= {f"/{name}": STATIC / name for name in borrowed}
        self._about = about
        if "/" + INDEX in self._paths:
            self._paths["/"] = self._paths["/" + INDEX]

    def __contains__(self, path: str) -> bool:
        return path in self._paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        if path not in self:
            return await answer(send, 404, f"there is nothing at {path}; {self._about}")
        if method not in ("GET", "HEAD"):
            return await answer(send, 405, f"{path} can only be read", [(b"allow", b"GET, HEAD")])
        file = File.read(self._paths[path])
        headers = [(b"content-type", file.kind), (b"etag", file.tag), (b"cache-control", b"no-cache")]
        if file.tag in dict(scope["headers"]).get(b"if-none-match", b""):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            return await send({"type": "http.response.body", "body": b""})
        headers.append((b"content-length", str(len(file.body)).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else file.body})
