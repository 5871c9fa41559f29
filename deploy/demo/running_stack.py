"""The demonstration on a stack that runs already, in containers: found by the environment, roles restarted by others.

Broker, database, clock and mail are those of the program's settings; the sandbox answers at its usual ports on
loopback, because a rehearsal calls no other host. So whoever runs this gives the roles that call targets, the sandbox
and the demonstration one network, and the poster and the demonstration one table of processes.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import psutil

from deploy.demo.environment import DemoEnvironment, DemoError
from deploy.demo.practices import PRACTICES
from deploy.sandbox.running import SandboxClients
from deploy.sandbox.usual_ports import usual_address
from streams.runtime.clock import RehearsalClock
from streams.runtime.errors import ConfigurationError, Role
from streams.settings import ProgramSettings

PRACTICES_THERE: Final = "SELECT count(*) AS n FROM practices"


class RunningStack(DemoEnvironment):
    """Starts and ends nothing but the poster, which it kills once; the containers' restart policy brings that back."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Raises ConfigurationError where the environment names no broker, database or clock of a rehearsal."""
        self.say = say
        self.settings = ProgramSettings.load()
        if self.settings.rehearsal_clock is None:
            raise ConfigurationError("the demonstration moves the clock: set WRITEBACK_REHEARSAL_CLOCK, for all roles")
        self.clock_file = self.settings.rehearsal_clock
        self.on = RehearsalClock(self.clock_file).now().astimezone(PRACTICES[0].zone).date()

    def __enter__(self) -> Self:
        """Raises ConfigurationError where a day was played already: its entries would be counted twice."""
        self.sandbox = SandboxClients(usual_address())
        if self.rows(PRACTICES_THERE)[0]["n"]:
            raise ConfigurationError(
                "this ledger has practices already, and the demonstration counts what it finds: play it on an empty "
                "one (docker-compose down --volumes, then up again)"
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def start_roles(self) -> None:
        self.say("  the roles are at work in their containers")

    def stop_roles(self) -> None:
        self.say("the roles stay at work: look at the ledger and the targets; docker-compose down ends them")

    def kill(self, role: Role) -> int:
        return self.kill_named(role.value)

    def kill_named(self, word: str) -> int:
        """SIGKILL to the first process that is started with this word. Raises DemoError where none is seen."""
        for process in psutil.process_iter(["cmdline"]):
            if word in (process.info["cmdline"] or []) and process.pid != os.getpid():
                process.send_signal(signal.SIGKILL)
                return int(process.pid)
        raise DemoError(f"no process of {word} is seen: the demonstration needs the poster's table of processes")

    def watch(self) -> None:
        return

    @property
    def look_at(self) -> str:
        return "docker-compose logs"
