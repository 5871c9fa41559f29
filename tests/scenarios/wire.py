"""A TCP line between a role and a server that a scenario can cut and mend."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from urllib.parse import urlsplit

from deploy.local.ports import free_ports

CHUNK = 65_536


class Wire:
    """Forwards connections to `target`. Cut, it closes those that stand and refuses new ones, at the same address."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        (self.port,) = free_ports(1)
        self._listening = _listener(self.port)
        self._accept(self._listening)

    def cut(self) -> None:
        """As a dead server: nothing listens, and every connection breaks."""
        _shut(self._listening)
        with self._lock:
            standing, self._sockets = self._sockets, set()
        for each in standing:
            _shut(each)

    def mend(self) -> None:
        self._listening = _listener(self.port)
        self._accept(self._listening)

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()

    def _accept(self, listening: socket.socket) -> None:
        threading.Thread(target=self._forward_all, args=(listening,), daemon=True).start()

    def _forward_all(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return  # cut
            try:
                far = socket.create_connection(self._target)
            except OSError:
                _shut(near)
                continue
            with self._lock:
                self._sockets |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_forward, args=(source, sink), daemon=True).start()


def _listener(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen()
    return listening


def _forward(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(CHUNK):
            sink.sendall(chunk)
    _shut(source)
    _shut(sink)


def _shut(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()


def wired(url: str) -> tuple[Wire, str]:
    """A line to the server of a URL, and the same URL through it."""
    parts = urlsplit(url)
    wire = Wire(parts.hostname or "127.0.0.1", parts.port or 5432)
    account = parts.netloc.rpartition("@")[0]
    return wire, parts._replace(netloc=f"{account}@127.0.0.1:{wire.port}").geturl()
