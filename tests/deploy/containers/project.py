"""One run of the compose file: its own name, free ports, and nothing of it left afterwards."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row

from deploy.containers.contexts import HERE
from deploy.containers.engine import BUILD_S, docker, run
from deploy.local.ports import free_ports
from streams.settings import ProgramSettings


class Project:
    """`docker-compose` with these files under a name of its own."""

    def __init__(self, *files: str) -> None:
        self.name = f"wb{secrets.token_hex(4)}"
        self.kafka_port, self.postgres_port, self.prometheus_port = free_ports(3)
        self._files = [part for file in files for part in ("--file", str(HERE / file))]
        ports = {
            "KAFKA_PORT": self.kafka_port,
            "POSTGRES_PORT": self.postgres_port,
            "PROMETHEUS_PORT": self.prometheus_port,
        }
        self._environ = dict(os.environ) | {name: str(port) for name, port in ports.items()}

    def compose(self, *arguments: str) -> str:
        """Blocks. Raises EngineError with what it said where it fails."""
        command = ["docker-compose", *self._files, "--project-name", self.name, *arguments]
        return run(command, within_s=BUILD_S, environ=self._environ)

    def container(self, service: str) -> dict[str, Any]:
        """What the engine knows of a service's container; also of one that has ended."""
        found = docker("ps", "--all", "--quiet", "--filter", f"name=^{self.name}[_-]{service}[_-]1$").split()
        if not found:
            return {}
        described: dict[str, Any] = json.loads(docker("inspect", found[0]))[0]
        return described

    def state(self, service: str) -> str:
        """running, exited, …; with its health where it has one."""
        state = self.container(service).get("State", {})
        return str(state.get("Health", {}).get("Status") or state.get("Status", "absent"))

    def logs(self, service: str) -> str:
        return self.compose("logs", "--no-color", service)

    def inside(self, service: str, *command: str) -> str:
        return docker("exec", str(self.container(service)["Id"]), *command)

    def rows(self, query: str, user: str = "writeback") -> list[dict[str, Any]]:
        """Of the ledger, at its published port."""
        with psycopg.connect(self.database_url(user), row_factory=dict_row, connect_timeout=10) as db:
            return db.execute(query.encode()).fetchall()

    def database_url(self, user: str = "writeback") -> str:
        return f"postgresql://{user}:rehearsal@127.0.0.1:{self.postgres_port}/writeback"

    def settings(self) -> ProgramSettings:
        """Of a client outside, by the published ports."""
        return ProgramSettings.load(
            kafka_bootstrap_servers=f"127.0.0.1:{self.kafka_port}", database_url=self.database_url(), profile="sandbox"
        )

    def left(self) -> list[str]:
        """What the engine still has of this project."""
        label = ("--filter", f"label=com.docker.compose.project={self.name}")
        kinds = {"container": ("--all",), "volume": (), "network": ()}
        return [
            f"{kind} {each}" for kind, more in kinds.items() for each in docker(kind, "ls", "-q", *more, *label).split()
        ]


@contextmanager
def project(*files: str) -> Iterator[Project]:
    """Ends with `down --volumes`, whatever happened, and fails where something is left."""
    mine = Project(*files)
    try:
        yield mine
    finally:
        mine.compose("down", "--volumes", "--timeout", "30")
        assert mine.left() == []
