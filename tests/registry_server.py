"""A small schema registry on loopback, written to the published API of Confluent's, with the faults of a bad one."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_JSON = "application/vnd.schemaregistry.v1+json"


class RegistryServer:
    """Subjects with their versions and one numbering of schemas; `fault` spoils every answer."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.schemas: dict[int, str] = {}
        self.subjects: dict[str, list[int]] = {}
        self.compatibility: dict[str, str] = {}
        self.refusing: set[str] = set()
        """Subjects under which a schema stands that no other is compatible with."""
        self.asked: list[str] = []
        self.credentials: list[str | None] = []
        self.answers: dict[str, bytes] = {}
        """By path: what is answered instead."""
        self.fault: str | None = None
        """away: 503; hangs: no answer; drips: an answer that comes a byte now and then and never ends."""
        self.go_on = threading.Event()

    def add(self, schema_id: int, text: str) -> None:
        """A schema that somebody registered."""
        self.schemas[schema_id] = text

    def handle(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        self.asked.append(f"{method} {path}")
        if found := re.fullmatch(r"/schemas/ids/(\d+)", path):
            text = self.schemas.get(int(found[1]))
            return (
                (404, {"error_code": 40403, "message": "Schema not found"}) if text is None else (200, {"schema": text})
            )
        if found := re.fullmatch(r"/config/([^/]+)", path):
            self.compatibility[found[1]] = body["compatibility"]
            return 200, body
        if found := re.fullmatch(r"/compatibility/subjects/([^/]+)/versions/latest", path):
            known = found[1] in self.subjects
            return (200, {"is_compatible": found[1] not in self.refusing}) if known else (404, {"error_code": 40401})
        if found := re.fullmatch(r"/subjects/([^/]+)(/versions)?", path):
            return self._subject(found[1], body["schema"], register=found[2] is not None)
        return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}

    def _subject(self, name: str, text: str, *, register: bool) -> tuple[int, Any]:
        versions = self.subjects.setdefault(name, []) if register else self.subjects.get(name, [])
        for version, schema_id in enumerate(versions, start=1):
            if json.loads(self.schemas[schema_id]) == json.loads(text):
                return 200, {"subject": name, "id": schema_id, "version": version, "schema": text}
        if not register:
            return 404, {"error_code": 40403, "message": "Schema not found"}
        self.schemas[next_id := max(self.schemas, default=0) + 1] = text
        versions.append(next_id)
        return 200, {"id": next_id}


@contextmanager
def registry_server() -> Iterator[RegistryServer]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            registry.credentials.append(self.headers.get("Authorization"))
            if registry.fault == "hangs":
                registry.asked.append("hangs")
                registry.go_on.wait(60)
                return
            if registry.fault == "drips":
                registry.asked.append("drips")
                self.send_response(200)
                self.send_header("Content-Length", "1000000")
                self.end_headers()
                while not registry.go_on.wait(0.01):
                    self.wfile.write(b" ")
                return
            status, answer = (503, {}) if registry.fault == "away" else registry.handle(self.command, self.path, body)
            content = json.dumps(answer).encode()
            if self.path in registry.answers:
                status, content = 200, registry.answers[self.path]
            self.send_response(status)
            self.send_header("Content-Type", _JSON)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - the server's own names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the server's own name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    registry = RegistryServer(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        registry.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()
