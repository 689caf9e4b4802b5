"""What a monitoring system asks for: counts, times and sizes, in Prometheus' text format."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from .guard import App, Message, Receive, Scope, Send
from .pool import Pool
from .sessions import Sessions

_SECONDS = (0.005, 0.02, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 120)


class Meters:
    """The metrics of one service."""

    def __init__(self, fills: Pool, sessions: Sessions) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter("scenefill_requests", "Requests answered", ["method", "route", "status"], registry=registry)
        self._latency = Histogram(
            "scenefill_request_seconds", "Time to an answer", ["route"], buckets=_SECONDS, registry=registry
        )
        self._fills = Counter("scenefill_fills", "Pictures filled", ["model"], registry=registry)
        self._fill_latency = Histogram(
            "scenefill_fill_seconds", "Time of a fill, without waiting", ["model"], buckets=_SECONDS, registry=registry
        )
        for name, what, value in (
            ("scenefill_fills_waiting", "Fills and label maps in the queue", fills.waiting),
            ("scenefill_fills_running", "Fills and label maps being computed", fills.running),
            ("scenefill_sessions", "Photos in memory", sessions.__len__),
            ("scenefill_sessions_bytes", "Memory of the photos with their fills", lambda: sessions.size),
        ):
            Gauge(name, what, registry=registry).set_function(value)

    def text(self) -> bytes:
        """All of it."""
        return generate_latest(self._registry)

    def filled(self, model: str, seconds: float) -> None:
        """A fill has come to its end."""
        self._fills.labels(model).inc()
        self._fill_latency.labels(model).observe(seconds)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(method, route, status).inc()
        self._latency.labels(route).observe(seconds)


class Metered:
    """An ASGI layer that meters every request under the route that answered it, so that ids do not make new series."""

    METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

    def __init__(self, app: App, meters: Meters) -> None:
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        start, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in self.METHODS else "other"
            self._meters.answered(method, route, status, time.perf_counter() - start)
