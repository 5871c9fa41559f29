"""The loop of every role: iterate, wait out an outage of the broker or the database, connect again, stop in order.

A role hands its work to `run_loop`, or to `run_loop_async` where it works in an event loop. The process around it
(signals, endpoints, exit codes) is `streams.runtime.role_process`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from streams.runtime.endpoints import Health
from streams.runtime.errors import Consequence, Role, category_of, consequence, is_of_database
from streams.runtime.lifecycle import Stop
from streams.runtime.logging import log
from streams.runtime.metrics import DATABASE_RECONNECTS, ERRORS

OUTAGE_S: Final = 600.0
"""Broker or database away for longer: exit loudly and let the supervisor decide. Nothing is lost meanwhile."""
PAUSE_S: Final = 1.0
"""Between two tries during an outage."""

BEGIN_AGAIN: Final = frozenset({Consequence.RETRY, Consequence.REWIND, Consequence.REREAD_POSITION})
"""Consequences of an error after which the same process connects anew and goes on from what is stored."""
NEVER: Final[frozenset[Consequence]] = frozenset()
"""For a role whose work survives errors inside an iteration: what it raises ends the process."""

T = TypeVar("T")
_LOG: Final = log(__name__)


class RoleWork(Protocol):
    """What a role does, one iteration at a time. Called by the loop alone, from one thread."""

    def iterate(self) -> object:
        """Connect where needed, then do one batch or wait for work; a few seconds at most, so that a stop is seen.

        Says `Health.ready` itself, because only the role knows what it waits for. May raise anything: the loop judges.
        """
        ...

    def disconnect(self) -> None:
        """Let go of whatever an error may have spoiled; the next iteration connects anew. Never raises."""
        ...


class AsyncRoleWork(Protocol):
    """The same for a role that works in an event loop."""

    async def iterate(self) -> object: ...

    async def disconnect(self) -> None: ...


class Outage:
    """A role's run of failures since its last success: what an error means, and how long trying again makes sense."""

    def __init__(
        self,
        role: Role,
        health: Health,
        *,
        begin_again: frozenset[Consequence] = BEGIN_AGAIN,
        at_once: tuple[type[Exception], ...] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`at_once`: errors that say that nothing is away, so that the next try need not wait."""
        self._role = role
        self._health = health
        self._begin_again = begin_again
        self._at_once = at_once
        self._monotonic = monotonic
        self._healthy_at = monotonic()

    def over(self) -> None:
        """An iteration succeeded."""
        self._healthy_at = self._monotonic()
        self._health.beat()

    def pause_after(self, error: Exception) -> float:
        """Seconds until the next try: alive, and not ready. The one place where a role's loop reads `consequence`.

        Raises `error` itself where trying again cannot help, and after OUTAGE_S without a success.
        """
        name, category, chosen = self._role.value, category_of(error), consequence(error, self._role)
        ERRORS.labels(name, category.__name__ if category else "unknown", chosen.value).inc()
        outage_s = self._monotonic() - self._healthy_at
        if chosen not in self._begin_again or outage_s > OUTAGE_S:
            raise error
        if is_of_database(error):
            DATABASE_RECONNECTS.labels(name).inc()
        self._health.ready(False, "the broker or the database cannot be used")
        self._health.beat()
        _LOG.warning(f"the {name} begins again", error=type(error).__name__, seconds=round(outage_s))
        return 0.0 if isinstance(error, self._at_once) else PAUSE_S


def run_loop(
    role: Role,
    work: RoleWork,
    stop: Stop,
    health: Health,
    *,
    begin_again: frozenset[Consequence] = BEGIN_AGAIN,
    at_once: tuple[type[Exception], ...] = (),
) -> int:
    """Iterate until stopped; returns the exit code 0. Blocks.

    Raises what an iteration raised where `Outage` says so. Disconnecting at the end is the caller's.
    """
    outage = Outage(role, health, begin_again=begin_again, at_once=at_once)
    try:
        while not stop:
            try:
                work.iterate()
                outage.over()
            except Exception as error:  # noqa: BLE001 - judged in one place, which raises what is not survived
                pause_s = outage.pause_after(error)
                work.disconnect()
                stop.wait(pause_s)
    finally:
        health.ready(False, "stopped")
    return 0


async def run_loop_async(role: Role, work: AsyncRoleWork, stopping: asyncio.Event, health: Health) -> int:
    """`run_loop` in an event loop; `stopping` is set by the stop (`Stop.watch`)."""
    outage = Outage(role, health)
    try:
        while not stopping.is_set():
            try:
                await work.iterate()
                outage.over()
            except Exception as error:  # noqa: BLE001 - judged in one place, which raises what is not survived
                pause_s = outage.pause_after(error)
                await work.disconnect()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), pause_s)
    finally:
        health.ready(False, "stopped")
    return 0


def started(role: Role, start: Callable[[], T], stop: Stop, health: Health) -> T | None:
    """What `start` returns once it succeeds, tried as the loop tries; None when stopped before. Blocks."""
    outage = Outage(role, health)
    while not stop:
        try:
            return start()
        except Exception as error:  # noqa: BLE001 - judged in one place, which raises what is not survived
            stop.wait(outage.pause_after(error))
    return None
