"""Runs roles as child processes: starts them, restarts what crashes, ends all of them in order."""

from __future__ import annotations

import http
import http.client
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from deploy.liveness import Liveness
from deploy.local import children
from deploy.local.ports import LOOPBACK
from streams.runtime.errors import Role
from streams.runtime.role_process import REFUSED
from streams.runtime.times import Times

STOP_ORDER: Final = tuple(Role)
"""Upstream first, so that nobody hands work to one who has left; last those that others call."""
COMMANDS: Final = {Role.AGENTS: ("connector", "serve")}
"""What starts a role, where it is another command than its name."""

BACKOFF_FIRST_S: Final = 1.0
BACKOFF_MOST_S: Final = 30.0
# A process that ran this long had started well: its next crash begins at the first backoff again.
SETTLED_S: Final = 60.0
PROBE_S: Final = 0.5
WHY_BYTES: Final = 300


class Slot:
    """One place for one process of a role: whoever runs in it has the same number (law 13)."""

    def __init__(self, role: Role, number: int, port: int, log: Path, environ: Mapping[str, str]) -> None:
        self.role = role
        self.number = number
        self.port = port
        self.log = log
        self.given_up = False
        self.was_ready = False
        self.why = "it has not started"
        self.restarts = 0
        self._environ = environ
        self._child: children.Child | None = None
        self._started = 0.0
        self._backoff_s = BACKOFF_FIRST_S
        self._due = 0.0

    @property
    def name(self) -> str:
        return f"{self.role.value}-{self.number}"

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.running() else None

    def start(self) -> None:
        options = ["--slot", str(self.number), "--metrics-port", str(self.port)]
        words = COMMANDS.get(self.role, (self.role.value,))
        command = [sys.executable, "-m", "deploy.command", *words, *options]
        self._child = children.start(self.name, command, log=self.log, environ=self._environ)
        self._started = time.monotonic()

    def look(self, say: Callable[[str], None]) -> None:
        """Notice the end of the process, say it, and start it again when its backoff has passed."""
        if self.given_up or self._child is None or self._child.running():
            return
        now = time.monotonic()
        if self._due == 0.0:
            code = self._child.exit_code()
            if code == REFUSED:
                self.given_up = True
                say(f"{self.name} refuses to go on and is not restarted: {self._child.last_line()} (log: {self.log})")
                return
            if now - self._started > SETTLED_S:
                self._backoff_s = BACKOFF_FIRST_S
            self._due = now + self._backoff_s
            say(f"{self.name} ended with code {code}; starting it again in {self._backoff_s:.0f} s (log: {self.log})")
            self._backoff_s = min(self._backoff_s * 2, BACKOFF_MOST_S)
        elif now >= self._due:
            self._due = 0.0
            self.restarts += 1
            self.start()

    def is_ready(self) -> bool:
        """What /readyz says; `why` holds its words. Blocks up to half a second. While its process is gone it is not,
        whoever answers at its port."""
        if self.pid is None:
            self.why = "its process has ended"
            return False
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=PROBE_S)
        try:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            self.why = answer.read(WHY_BYTES).decode(errors="replace").strip()
            ready = answer.status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            self.why = "it does not answer"
            return False
        finally:
            connection.close()
        self.was_ready = self.was_ready or ready
        return ready

    def stop(self, within_s: float) -> None:
        if self._child is not None:
            self._child.stop(within_s)

    def end_at_once(self) -> None:
        """SIGKILL; `look` starts it again. Safe to call from another thread."""
        if self._child is not None:
            self._child.signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask for the end without waiting."""
        if self._child is not None:
            self._child.signal(signal.SIGTERM)


class Supervisor:
    """All roles of one machine. One thread, the main one, calls everything."""

    def __init__(self, slots: list[Slot], say: Callable[[str], None], times: Times) -> None:
        """`times`: how long a role may take for the calls in flight (PROTOCOL section 5) before it is killed, and how
        long one that is watched from outside may be silent."""
        self.slots = slots
        self._say = say
        self._grace_s = times.shutdown_grace_s
        self._liveness = Liveness(slots, times.frozen_s, say)

    def start(self) -> None:
        """Start every role, consumers of what others produce first."""
        for slot in sorted(self.slots, key=lambda each: -STOP_ORDER.index(each.role)):
            slot.start()
        self._liveness.start()

    def look(self) -> None:
        """One round: restart what has crashed and is due. Never blocks."""
        for slot in self.slots:
            slot.look(self._say)

    def refused(self) -> list[Slot]:
        """Roles that a restart cannot help."""
        return [slot for slot in self.slots if slot.given_up]

    def stop(self) -> None:
        """End the roles one kind after the other, in the order of the flow; kill only after the grace."""
        self._liveness.stop()
        for role in STOP_ORDER:
            mine = [slot for slot in self.slots if slot.role is role]
            for slot in mine:
                slot.terminate()
            for slot in mine:
                slot.stop(self._grace_s)
            if mine:
                self._say(f"{role.value} stopped")

    def kill(self) -> None:
        """End everything at once; marks then become UNCERTAIN."""
        self._liveness.stop()
        for slot in self.slots:
            slot.stop(0.0)
