"""The HTTP endpoints of a role: `/metrics`, `/healthz` and `/readyz`, and the health that they report."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

from streams.runtime.errors import ConfigurationError

# A loop without an iteration for this long is stuck: longer than any batch (15 s) and any poll.
BEAT_WITHIN_S: Final = 60.0
READY_WITHIN_S: Final = 10.0
"""A loop that is silent for this long waits for something: not stuck yet, and not at work."""


class Health:
    """The health of a role. Any thread may set and read it.

    Alive: the role's loop iterated within `beat_within_s`. Ready: it did within `ready_within_s`, it has its
    assignment, its settings and its database, and what it depends on answers; `why` says in fixed words what is
    missing.
    """

    def __init__(self, beat_within_s: float = BEAT_WITHIN_S, ready_within_s: float = READY_WITHIN_S) -> None:
        self._beat_within_s = beat_within_s
        self._ready_within_s = ready_within_s
        self._missing: dict[str, str] = {}
        self._beaten = time.monotonic()
        self._ready = False
        self._why = "starting"

    def beat(self) -> None:
        """The loop iterated. Cheap enough for every iteration."""
        self._beaten = time.monotonic()

    def ready(self, is_ready: bool, why: str = "") -> None:
        """Set whether the role can do its work; `why` in fixed words, no data (H-1)."""
        self._ready, self._why = is_ready, why

    def depends(self, on: str, why: str = "") -> None:
        """Set whether something that the role needs answers, although its loop may not notice; `why` empty: it does."""
        self._missing = {name: text for name, text in self._missing.items() if name != on} | ({on: why} if why else {})

    def is_alive(self) -> tuple[bool, str]:
        silent = time.monotonic() - self._beaten
        if silent > self._beat_within_s:
            return False, f"the loop has not iterated for {silent:.0f} s"
        return True, "ok"

    def is_ready(self) -> tuple[bool, str]:
        alive, why = self.is_alive()
        if not alive:
            return False, why
        silent = time.monotonic() - self._beaten
        if self._ready and silent > self._ready_within_s:
            return False, f"the loop has waited for {silent:.0f} s: does the database or the broker hang?"
        for missing in self._missing.values():
            return False, missing
        return self._ready, "ok" if self._ready else self._why


class TelemetryServer:
    """The HTTP endpoint of one role, served by threads of its own; answers even while the role's loop is stuck.

    200 where the answer is yes and 503 where it is no; the body says why.
    """

    def __init__(self, host: str, port: int, health: Health, registry: CollectorRegistry = REGISTRY) -> None:
        """Raises ConfigurationError when the port is taken."""
        try:
            self._server = ThreadingHTTPServer((host, port), _handler(health, registry))
        except OSError as error:
            raise ConfigurationError(
                f"the metrics port {port} on {host} cannot be used ({error.strerror}): choose another with "
                "WRITEBACK_METRICS_PORT; 0 takes a free one"
            ) from None
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="telemetry", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://{self._server.server_address[0]!s}:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Blocks until no request is served any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(health: Health, registry: CollectorRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "writeback", ""  # not which Python: that would only help an attacker
        timeout = 5.0  # a client that opens and says nothing does not hold a thread

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, generate_latest(registry), CONTENT_TYPE_LATEST)
            elif path == "/healthz":
                self._verdict(health.is_alive())
            elif path == "/readyz":
                self._verdict(health.is_ready())
            else:
                self._answer(404, b"there are /metrics, /healthz and /readyz\n", "text/plain; charset=utf-8")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """A scrape every few seconds is not worth a line."""

        def _verdict(self, verdict: tuple[bool, str]) -> None:
            good, why = verdict
            self._answer(200 if good else 503, f"{why}\n".encode(), "text/plain; charset=utf-8")

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
