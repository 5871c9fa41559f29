"""The demonstration on a throw-away stack of its own: broker, database, sandbox targets, every role as a process."""

from __future__ import annotations

import base64
import os
import secrets
import signal
from collections.abc import Callable
from datetime import date
from types import TracebackType
from typing import Final, Self

from deploy.demo.environment import DemoEnvironment, DemoError
from deploy.demo.opening import opening
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
from streams.runtime.errors import CALLED, Role
from streams.settings import PREFIX, ProgramSettings

PARTITIONS: Final = 3
"""Enough to show several; each costs the small broker a file."""


class OwnStack(DemoEnvironment):
    """Owns every process of the demonstration; leaving the `with` block ends them all."""

    def __init__(self, say: Callable[[str], None], on: date) -> None:
        self.say, self.on = say, on
        self._stack = LocalStack(None, cache=cache_folder(ProgramSettings.load().cache_dir), say=say)
        self.folder = self._stack.state
        self.clock_file = self.folder / "clock"
        set_rehearsal(self.clock_file, opening(on))
        self._supervisor: Supervisor | None = None
        self._sandbox: SandboxProcess | None = None

    def __enter__(self) -> Self:
        """1. broker and database 2. targets 3. schema and topics. Roles start with `start_roles`."""
        try:
            self.say("starting Apache Kafka, Postgres and the sandbox targets (throw-away)")
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
        if kind is None:
            self.say("nothing is left running")

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
        self._supervisor = Supervisor(slots, self.say, self.settings.times)
        self._supervisor.start()
        self.until(lambda: all(slot.is_ready() for slot in slots), "every role is at work", 60)
        self.say("  every role is at work: rules, intake, poster, relay, notifier, health, sync")

    def kill(self, role: Role) -> int:
        if self._supervisor is None:
            raise DemoError("no role runs yet")
        slot = next(slot for slot in self._supervisor.slots if slot.role is role)
        if slot.pid is None:
            raise DemoError(f"{slot.name} is not running")
        pid = slot.pid
        os.kill(pid, signal.SIGKILL)
        return pid

    def watch(self) -> None:
        if self._supervisor is not None:
            self._supervisor.look()

    @property
    def look_at(self) -> str:
        return str(self.folder / "logs")

    def stop_roles(self) -> None:
        if self._supervisor is not None:
            self.say("stopping the roles in order")
            self._supervisor.stop()
            self._supervisor = None
