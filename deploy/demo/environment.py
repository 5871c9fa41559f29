"""What the demonstration's steps work with: ledger, broker, sandbox targets, clock, and roles to start and kill."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psycopg
from psycopg.rows import dict_row

from deploy.sandbox.running import SandboxClients
from streams.runtime.clock import set_rehearsal
from streams.runtime.errors import Permanent, Role
from streams.settings import ProgramSettings

LOOK_EVERY_S: Final = 0.1


class DemoError(Permanent):
    """A step of the demonstration did not happen in time; the message says what it waited for."""


class DemoEnvironment(ABC):
    """Used in a `with` block; `own_stack.py` starts and ends everything itself, `running_stack.py` finds it at work."""

    say: Callable[[str], None]
    settings: ProgramSettings
    sandbox: SandboxClients
    clock_file: Path
    on: date
    """The day that is played."""

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @abstractmethod
    def start_roles(self) -> None:
        """Blocks until every role of the flow is at work."""

    @abstractmethod
    def stop_roles(self) -> None:
        """Ends those that this environment has started, in the order of the flow."""

    @abstractmethod
    def kill(self, role: Role) -> int:
        """SIGKILL; whoever started the role starts it again. Returns the process id that was killed."""

    @abstractmethod
    def watch(self) -> None:
        """One look at the roles, while something is waited for. Never blocks."""

    @property
    @abstractmethod
    def look_at(self) -> str:
        """Where the roles' logs are, for who has to find out why something did not happen."""

    def set_clock(self, at: datetime) -> None:
        """Business time of all roles; their leases and deadlines keep the machine's."""
        set_rehearsal(self.clock_file, at)

    def until(self, condition: Callable[[], object], what: str, within: float) -> None:
        """Wait for a condition while the roles are watched. DemoError after `within` seconds."""
        deadline = time.monotonic() + within
        while not condition():
            self.watch()
            if time.monotonic() > deadline:
                raise DemoError(f"after {within:.0f} s still waiting until {what}; logs: {self.look_at}")
            time.sleep(LOOK_EVERY_S)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query of the ledger."""
        with psycopg.connect(self.settings.database_url, row_factory=dict_row) as db:
            return db.execute(query).fetchall()
