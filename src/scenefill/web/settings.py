"""What a service is told when it starts: where it listens, and how much it takes on."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..models.runtime import Device, Precision, Runtime


@dataclass(frozen=True)
class Settings:
    """Address and limits of one service."""

    host: str = "127.0.0.1"
    token: str | None = None
    """What requests must name as `Authorization: Bearer TOKEN`. None: nobody has to."""
    names: tuple[str, ...] = ()
    """Host names, beside its own, by which a service on loopback may be asked for: those of a proxy in front of it."""
    root_path: str = ""
    """What a proxy puts before every path, such as /scenefill. Requests may come with it or without it."""
    model: str = "sge-net-street"
    """Who fills where a request names no model: a name, or the path of a weights file."""
    runtime: Runtime = "auto"
    precision: Precision = "fp32"
    device: Device = "cpu"
    """With what every network is computed, as `scenefill.load` takes them."""

    max_bytes: int = 128 * 2**20
    """Largest body of a request."""
    max_bytes_arriving: int = 512 * 2**20
    """Of all requests that are being received at a time."""
    patience: float = 10.0
    """Seconds in which the head of a request, and each further piece of its body, must have arrived."""
    max_pixels: int = 50_000_000
    """Largest picture, known from its header before it is decoded."""

    workers: int = 2
    """Fills that are computed at a time; each uses all processor cores."""
    connections: int = 512
    """At a time."""
    queue: int = 16
    """Fills that may wait for a worker."""
    seconds: float = 120.0
    """Longest time from a request to its answer."""
    grace: float = 5.0
    """What running fills still get when the service is stopped."""

    sessions: int = 16
    """Photos in memory; the one that was not used for longest makes room."""
    session_bytes: int = 2 * 2**30
    """Of all photos in memory with all that was made of them."""
    session_rest: float = 10.0
    """Seconds without a request after which a photo may have to make room for another one."""
    session_seconds: float = 3600.0
    """A photo that nobody asks for is forgotten after so long."""
    models: int = 3
    """Networks that are kept loaded."""

    @property
    def local(self) -> bool:
        """Whether only programs on this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
