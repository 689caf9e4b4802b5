"""scenefill serve: the web editor and the HTTP service."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options

EXAMPLE = options.example("scenefill serve --open")

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


def serve(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8420,
    open_page: Annotated[bool, typer.Option("--open", help="Show the editor in the browser.")] = False,
    token: Token = None,
    model: options.Model = options.DEFAULT_MODEL,
    runtime: options.Runtime = "auto",
    precision: options.Precision = "fp32",
    device: options.Device = "cpu",
    root_path: Annotated[
        str, typer.Option(metavar="PATH", help="What a proxy puts before every path, such as /scenefill.", show_default=False)
    ] = "",
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="Name by which a proxy in front asks for this service; may be repeated."),
    ] = None,
) -> None:
    """Start the web editor, and the HTTP service that it uses.

    Photos stay in the memory of this machine, and nothing is written to its disk. Ctrl-C ends it.
    """
    from urllib.parse import quote

    options.check_installed("fastapi", "uvicorn", "python_multipart", "prometheus_client", extra="web", what="the web editor")
    from ..web import server
    from ..web.settings import Settings

    settings = Settings(
        host=host,
        token=token,
        model=model,
        runtime=runtime,
        precision=precision,
        device=device,
        root_path=options.prefix(root_path),
        names=tuple(name or ()),
    )
    if (not settings.local or settings.names) and not token:
        import secrets
        from dataclasses import replace

        settings = replace(settings, token=secrets.token_urlsafe(24))
    with server.listen(host, port) as sock:
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{sock.getsockname()[1]}/" + (f"?token={quote(settings.token)}" if settings.token else "")

        def ready() -> None:
            typer.echo(f"scenefill is at {address}  (Ctrl-C ends it)")
            if open_page:
                import threading
                import webbrowser

                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

        server.serve(settings, sock, ready)
