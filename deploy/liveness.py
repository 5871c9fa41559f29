"""Ends a role that has frozen, so that it is started anew: asked at `/healthz` from outside, by a thread of its own."""

from __future__ import annotations

import http
import http.client
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from deploy.local.ports import LOOPBACK
from streams.runtime.errors import Role

WATCHED: Final = frozenset({Role.HEALTH})
"""Roles whose restart loses nothing, and that are known to hang. The others end themselves where they cannot go on; a
poster that was frozen settles its calls when it wakes."""
LOOK_EVERY_S: Final = 1.0
ANSWER_S: Final = 2.0


class Watched(Protocol):
    """A process of a role, as the supervisor keeps it."""

    @property
    def name(self) -> str: ...

    @property
    def role(self) -> Role: ...

    @property
    def port(self) -> int: ...

    @property
    def pid(self) -> int | None: ...

    def end_at_once(self) -> None: ...


class Liveness:
    """Watches until stopped. A process that has answered once, and then does not for `frozen_s`, is killed."""

    def __init__(self, slots: Sequence[Watched], frozen_s: float, say: Callable[[str], None]) -> None:
        self._slots = [slot for slot in slots if slot.role in WATCHED]
        self._frozen_s = frozen_s
        self._say = say
        self._answered: dict[int, float] = {}
        """By process: one that has not answered yet is still starting."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="liveness", daemon=True)

    def start(self) -> None:
        if self._slots:
            self._thread.start()

    def stop(self) -> None:
        """Nothing is killed afterwards. Blocks for one answer at most."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(ANSWER_S + LOOK_EVERY_S)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            for slot in self._slots:
                self._look(slot)

    def _look(self, slot: Watched) -> None:
        pid = slot.pid
        if pid is None:
            return
        if is_alive(slot.port):
            self._answered = {pid: time.monotonic()} | {p: at for p, at in self._answered.items() if p != pid}
            return
        silent = time.monotonic() - self._answered.get(pid, time.monotonic())
        if silent >= self._frozen_s and not self._stop.is_set():
            del self._answered[pid]
            self._say(f"{slot.name} has not answered for {silent:.0f} s and is ended")
            slot.end_at_once()


def is_alive(port: int) -> bool:
    """Whether /healthz says yes. Blocks up to ANSWER_S."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
