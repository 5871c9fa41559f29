"""Waits on this machine for a browser that comes back from a vendor's page: one answer, within a time."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from streams.runtime.errors import ConfigurationError, WritebackError
from streams.runtime.loopback import is_loopback

READ_S: Final = 5.0
"""For one request of a browser: a connection that says nothing holds nobody up for longer."""
STRANGE_LIMIT: Final = 50
"""Requests for other paths that are answered before the wait ends."""
LINE_LIMIT: Final = 8_192

_PAGE: Final = (
    b"<!doctype html><html><head><title>Writeback</title></head>"
    b"<body><p>The answer has arrived. The terminal says whether QuickBooks is connected.</p></body></html>"
)


class LoopbackCallback:
    """A listener on one address of this machine, from its making to its end. Not for two threads."""

    def __init__(self, redirect_uri: str) -> None:
        """Raises ConfigurationError where nobody can listen there."""
        parts = urlsplit(redirect_uri)
        if not is_loopback(redirect_uri) or parts.scheme != "http":
            raise ConfigurationError("--redirect-uri: only an http:// address of this machine can be waited for")
        host = "127.0.0.1" if parts.hostname == "localhost" else str(parts.hostname)
        self._path = parts.path or "/"
        self._answer: str | None = None
        self._strange = 0
        try:
            self._server = HTTPServer((host, parts.port or 80), self._handler())
        except OSError as error:
            raise ConfigurationError(
                f"--redirect-uri: cannot listen there ({error.strerror}): another program may, or its port is not free"
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.server_close()

    def wait(self, within_s: float) -> str:
        """The query of the first request for the address. Blocks; WritebackError when nobody came in time."""
        ends_at = time.monotonic() + within_s
        while self._answer is None:
            left_s = ends_at - time.monotonic()
            if left_s <= 0 or self._strange > STRANGE_LIMIT:
                raise WritebackError("nobody came back from QuickBooks in time: begin again")
            self._server.timeout = left_s
            self._server.handle_request()
        return self._answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        callback = self

        class Handler(BaseHTTPRequestHandler):
            timeout = READ_S

            def do_GET(self) -> None:
                parts = urlsplit(self.path[:LINE_LIMIT])
                if parts.path != callback._path:
                    callback._strange += 1
                    self.send_error(404)
                    return
                callback._answer = parts.query
                self.send_response(200)
                for name, value in {
                    "Content-Type": "text/html; charset=utf-8",
                    "Content-Length": str(len(_PAGE)),
                    "Cache-Control": "no-store",
                    "Referrer-Policy": "no-referrer",
                    "Content-Security-Policy": "default-src 'none'",
                    "Connection": "close",
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(_PAGE)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the library calls
                """Nothing: the address holds the code."""

        return Handler
