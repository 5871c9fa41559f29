"""Kafka and Postgres of the game day: each stops and comes back with its data, and the broker's disk can be full."""

from __future__ import annotations

import errno
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from deploy.local.folders import STATE_NEEDS_BYTES
from deploy.local.stack import LocalStack
from tests.conftest import _roomy_memory

SMALL: Final = STATE_NEEDS_BYTES + 64 * 1024**2
"""The broker's disk: what it asks for at its start, and a little."""
CHUNK: Final = bytes(1024**2)


class Server:
    """One server in a folder of its own, on the same port after every start."""

    def __init__(self, folder: Path, *, kafka: bool) -> None:
        self._folder, self._kafka = folder, kafka
        self._stack: LocalStack | None = None
        self.address = ""
        self.start()

    def start(self) -> None:
        """Blocks until it answers."""
        self._stack = LocalStack(
            self._folder, with_kafka=self._kafka, with_postgres=not self._kafka, open_broker=self._kafka
        )
        found = self._stack.start()
        self.address = found.bootstrap or found.database_url

    def stop(self) -> None:
        """In order, as an operator stops it."""
        if self._stack is not None:
            self._stack.stop()
            self._stack = None

    def has_ended(self) -> bool:
        """Though nobody stopped it."""
        return self._stack is not None and self._stack.ended() is not None


class Disk:
    """A folder; on a small disk of its own, in memory, where mounting is allowed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        options = ["-t", "tmpfs", "-o", f"size={SMALL},mode=755", "writeback-game-day"]
        tried = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True, check=False)
        self.why_not = tried.stderr.strip() if tried.returncode else ""
        """Why it is a folder like others; empty where it is a disk of its own."""

    def fill(self) -> None:
        """Until not a byte is free, as another program's dump would."""
        with (self.folder / "a-dump").open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(CHUNK)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self) -> None:
        (self.folder / "a-dump").unlink()

    def remove(self) -> None:
        if not self.why_not:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


class Servers:
    """Both, in a folder that is gone afterwards. Use in a `with` block."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="writeback-game-day-", dir=_roomy_memory()))
        self._folder.chmod(0o711)  # Postgres may run as another user and has to pass through
        self.disk = Disk(self._folder / "broker")
        self._started: list[Server] = []

    def __enter__(self) -> Self:
        try:
            self.broker = self._start(self.disk.folder, kafka=True)
            self.database = self._start(self._folder / "database", kafka=False)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _start(self, folder: Path, *, kafka: bool) -> Server:
        server = Server(folder, kafka=kafka)
        self._started.append(server)
        return server

    def _end(self) -> None:
        for server in self._started:
            server.stop()
        self.disk.remove()
        shutil.rmtree(self._folder, ignore_errors=True)
