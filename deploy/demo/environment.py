"""The demonstration's environment: throw-away stack, sandbox targets, rehearsal clock, and every role as a process."""

from __future__ import annotations

import base64
import os
import secrets
import signal
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psycopg
from psycopg.rows import dict_row

from deploy.local.folders import cache_folder
from deploy.local.ledger_database import protect_local_audit
from deploy.local.ports import free_ports
from deploy.local.stack import LocalStack
from deploy.sandbox.running import SandboxProcess
from deploy.servers import LOCAL_DATABASE
from deploy.supervisor import STOP_ORDER, Slot, Supervisor
from sinks.ledger.schema.migrate import migrate
from streams.kafka.topics import ensure_topics
from streams.runtime.clock import set_rehearsal
from streams.runtime.errors import CALLED, Permanent, Role
from streams.settings import PREFIX, ProgramSettings

LOOK_EVERY_S: Final = 0.1
PARTITIONS: Final = 3
"""Enough to show several; each costs the small broker a file."""


class DemoError(Permanent):
    """A step of the demonstration did not happen in time; the message says what it waited for."""


class DemoEnvironment:
    """Owns every process of the demonstration; leaving the `with` block ends them all."""

    def __init__(self, say: Callable[[str], None], begins: datetime) -> None:
        self.say = say
        self._stack = LocalStack(None, cache=cache_folder(ProgramSettings.load().cache_dir), say=say)
        self.folder = self._stack.state
        self.clock_file = self.folder / "clock"
        set_rehearsal(self.clock_file, begins)
        self._supervisor: Supervisor | None = None
        self._sandbox: SandboxProcess | None = None

    def __enter__(self) -> Self:
        """1. broker and database 2. targets 3. schema and topics. Roles start with `start_roles`."""
        try:
            addresses = self._stack.start(LOCAL_DATABASE)
            self.sandbox = self._sandbox = SandboxProcess.start(clock=self.clock_file)
            self.settings = ProgramSettings.load(
                kafka_bootstrap_servers=addresses.bootstrap,
                kafka_client_file=addresses.kafka_client_file,
                database_url=addresses.database_url,
                state_dir=self.folder,
                topic_partitions=PARTITIONS,
                single_node=True,
                profile="sandbox",
                rehearsal_clock=self.clock_file,
                smtp_url=self.sandbox.address.smtp,
                ops_email="ops@writeback.example",
                secret_key=base64.b64encode(secrets.token_bytes(32)).decode(),
            )
            migrate(self.settings.database_url)
            protect_local_audit(self._stack.state, LOCAL_DATABASE)
            ensure_topics(self.settings)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self._supervisor is not None:
            self._supervisor.kill()
        if self._sandbox is not None:
            self._sandbox.stop()
        self._stack.stop()

    def start_roles(self) -> None:
        """One process of each role of the flow, restarted when it dies, as `writeback up` runs them."""
        logs = self.folder / "logs"
        logs.mkdir()
        environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        environ |= self.settings.to_environ()
        roles = [role for role in STOP_ORDER if role not in CALLED]
        slots = [
            Slot(role, 0, port, logs / f"{role.value}.log", environ)
            for role, port in zip(roles, free_ports(len(roles)), strict=True)
        ]
        self._supervisor = Supervisor(slots, self.say, self.settings.times.shutdown_grace_s)
        self._supervisor.start()
        self.until(lambda: all(slot.is_ready() for slot in slots), "every role is at work", 60)

    def set_clock(self, at: datetime) -> None:
        """Business time of all roles; their leases and deadlines keep the machine's."""
        set_rehearsal(self.clock_file, at)

    def kill(self, role: Role) -> int:
        """SIGKILL; the supervisor restarts it. Returns the process id that was killed."""
        if self._supervisor is None:
            raise DemoError("no role runs yet")
        slot = next(slot for slot in self._supervisor.slots if slot.role is role)
        if slot.pid is None:
            raise DemoError(f"{slot.name} is not running")
        pid = slot.pid
        os.kill(pid, signal.SIGKILL)
        return pid

    def until(self, condition: Callable[[], object], what: str, within: float) -> None:
        """Wait for a condition while the roles are watched. DemoError after `within` seconds."""
        deadline = time.monotonic() + within
        while not condition():
            if self._supervisor is not None:
                self._supervisor.look()
            if time.monotonic() > deadline:
                raise DemoError(f"after {within:.0f} s still waiting until {what}; logs: {self.folder / 'logs'}")
            time.sleep(LOOK_EVERY_S)

    def stop_roles(self) -> None:
        if self._supervisor is not None:
            self._supervisor.stop()
            self._supervisor = None

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query of the ledger."""
        with psycopg.connect(self.settings.database_url, row_factory=dict_row) as db:
            return db.execute(query).fetchall()

    @property
    def logs(self) -> Path:
        return self.folder / "logs"
