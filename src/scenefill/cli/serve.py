"""scenefill serve: the web editor and the HTTP service."""

from __future__ import annotations

from typing import Annotated

import typer

from . import listening, options

EXAMPLE = options.example("scenefill serve --open")


def serve(
    host: listening.Host = "127.0.0.1",
    port: listening.Port = 8420,
    open_page: Annotated[bool, typer.Option("--open", help="Show the editor in the browser.")] = False,
    token: listening.Token = None,
    model: options.Model = options.DEFAULT_MODEL,
    runtime: options.Runtime = "auto",
    precision: options.Precision = "fp32",
    device: options.Device = "cpu",
    root_path: listening.RootPath = "",
    name: listening.Names = None,
) -> None:
    """Start the web editor, and the HTTP service that it uses.

    Photos stay in the memory of this machine, and nothing is written to its disk. Ctrl-C ends it.
    """
    listening.check_installed("the web editor")
    computing = {"model": model, "runtime": runtime, "precision": precision, "device": device}
    settings = listening.settings(host, token, root_path, name, **computing)
    listening.serve(settings, port, what="scenefill", open_page=open_page)
