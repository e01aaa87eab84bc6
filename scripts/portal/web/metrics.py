"""What an operator watches, for Prometheus: requests, latency, the lane for costly queries, the release.

Every server process writes its numbers into one folder; whichever of them is asked adds them up.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUESTS = Counter("http_requests", "Requests answered.", ["kind", "status"])
SECONDS = Histogram("http_request_duration_seconds", "Time until the answer was sent.", ["kind"], buckets=_SECONDS)
QUEUE = Gauge("sql_queue", "Costly queries running, waiting or being sent.", multiprocess_mode="livesum")
RESTARTS = Counter("sql_process_restarts", "Processes for costly queries that were replaced.")
RELEASE = Gauge("release_info", "1 for the release that is being served.", ["release"], multiprocess_mode="livemax")


def measure(app: ASGIApp) -> ASGIApp:
    """Return `app` with every request counted and timed; what answers names itself in the scope's state."""

    async def measured(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        status, start = 500, time.perf_counter()

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, note_status)
        finally:
            kind = state.get("kind", "site")
            REQUESTS.labels(kind, status).inc()
            SECONDS.labels(kind).observe(time.perf_counter() - start)

    return measured


def show_release(release: str, before: str = "") -> None:
    """Say which release is served now, and which one no longer."""
    if before:
        RELEASE.labels(before).set(0)
    RELEASE.labels(release).set(1)


def answer_metrics() -> Response:
    """Return the numbers of all processes in the text format of Prometheus."""
    if FOLDER_VARIABLE in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client has no types here
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
