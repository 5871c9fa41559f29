"""A broker and a database of one's own whose data folders are copied while they are stopped, and put back later."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Collection
from enum import Enum
from pathlib import Path

from deploy.local import cache_folder
from deploy.local.stack import Addresses, LocalStack
from tests.worlds import Stack


class Server(Enum):
    """What can be restored by itself; the value is its folder's name in a stack's state folder."""

    KAFKA = "kafka"
    POSTGRES = "postgres"


BOTH = tuple(Server)


class RestorableStack:
    """Kafka and Postgres, each stopped and started alone. Used from the main thread (`deploy.local.tether`)."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o711)  # Postgres may run as another user and has to pass through
        self._folder = folder
        self._stacks = {
            server: LocalStack(
                self._state(server),
                cache=cache_folder(),
                with_kafka=server is Server.KAFKA,
                with_postgres=server is Server.POSTGRES,
                open_broker=True,
            )
            for server in BOTH
        }
        bootstrap = self._start(Server.KAFKA).bootstrap
        self.stack = Stack(bootstrap, self._start(Server.POSTGRES).database_url)

    def copy(self, servers: Collection[Server]) -> None:
        """Stop, copy the data folders as they are, start again: what a snapshot of the volume holds."""
        self._while_stopped(servers, lambda server: _copy(self._data(server), self._copied(server)))

    def restore(self, servers: Collection[Server]) -> None:
        """Stop, put the copies in the places of the data folders, start again."""
        self._while_stopped(servers, lambda server: _copy(self._copied(server), self._data(server)))

    def stop(self) -> None:
        for stack in self._stacks.values():
            stack.stop()

    def _while_stopped(self, servers: Collection[Server], change: Callable[[Server], None]) -> None:
        for server in servers:
            self._stacks[server].stop()
            change(server)
            self._start(server)

    def _start(self, server: Server) -> Addresses:
        return self._stacks[server].start()

    def _state(self, server: Server) -> Path:
        state = self._folder / f"stack-{server.value}"
        state.mkdir(mode=0o711, exist_ok=True)
        return state

    def _data(self, server: Server) -> Path:
        return self._state(server) / server.value / "data"

    def _copied(self, server: Server) -> Path:
        return self._folder / f"copy-{server.value}"


def _copy(source: Path, target: Path) -> None:
    """With owners and modes; Kafka's index files stay sparse."""
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["cp", "-a", "--sparse=always", str(source), str(target)], check=True)
