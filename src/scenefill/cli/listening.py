"""What verbs that serve a page share: the options that say where, and the serving itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options

if TYPE_CHECKING:
    from ..web.pages import Pages
    from ..web.settings import Settings

Host = Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen; 0.0.0.0 lets other machines in.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
Token = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        envvar="SCENEFILL_TOKEN",
        show_envvar=True,
        show_default="made up where other machines are let in",
        help="What requests must name.",
    ),
]
RootPath = Annotated[
    str, typer.Option(metavar="PATH", help="What a proxy puts before every path, such as /scenefill.", show_default=False)
]
Names = Annotated[
    list[str] | None,
    typer.Option("--name", metavar="HOST", help="Name by which a proxy in front asks for this service; may be repeated."),
]


def check_installed(what: str) -> None:
    """Raises MissingExtraError where the libraries of the services are missing; `what` needs them."""
    options.check_installed("fastapi", "uvicorn", "python_multipart", "prometheus_client", extra="web", what=what)


def settings(host: str, token: str | None, root_path: str, names: list[str] | None, **others: Any) -> Settings:
    """The settings of a service, with a token where other machines are let in. Raises InputError for a root path that is none."""
    import secrets

    from ..web.settings import Settings

    where = Settings(host=host, token=token, root_path=options.prefix(root_path), names=tuple(names or ()), **others)
    if token or (where.local and not where.names):
        return where
    from dataclasses import replace

    return replace(where, token=secrets.token_urlsafe(24))


def serve(
    settings: Settings,
    port: int,
    *,
    what: str,
    open_page: bool = False,
    create: Callable[[Settings], Any] | None = None,
    pages: Pages | None = None,
) -> None:
    """Says where `what` is, and serves it until Ctrl-C. create, pages: as `web.server.serve` has them.

    Raises InputError where the port cannot be listened on, and what `create` raises.
    """
    from urllib.parse import quote

    from ..web import server

    host = settings.host
    with server.listen(host, port) as sock:
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{sock.getsockname()[1]}/" + (f"?token={quote(settings.token)}" if settings.token else "")

        def ready() -> None:
            typer.echo(f"{what} is at {address}  (Ctrl-C ends it)")
            if open_page:
                import threading
                import webbrowser

                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

        server.serve(settings, sock, ready, create or server.editor, pages)
