"""The images' health check: it says what the role says."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from deploy.containers.probe import PORT, probe
from tests.citations import ROOT


class _Role(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        well = self.path == "/healthz"
        self.send_response(200 if well else 503)
        self.end_headers()
        self.wfile.write(b"it turns\n" if well else b"waits for the broker\n")

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def role() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Role) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_it_asks_the_role(role: int) -> None:
    assert probe(role, "/healthz") == (True, "it turns")
    assert probe(role, "/readyz") == (False, "waits for the broker")


def test_its_exit_code_is_the_container_s_health(role: int) -> None:
    def told(*arguments: str, port: str = str(role)) -> tuple[int, str]:
        command = [sys.executable, "-m", "deploy.containers.probe", *arguments]
        environ = os.environ | {PORT: port}
        done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    assert told() == (0, "it turns\n")
    assert told("/readyz") == (1, "waits for the broker\n")
    assert told(port="1")[0] == 1
    assert f"set {PORT} to the port" in told(port="0")[1]
