"""The calls in flight of one process, in slots: a call that is slow gives its slot up and goes on beside them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Final

from sinks.poster import counters
from sinks.poster.practice_lease import PracticeLease

SLOW_S: Final = 2.0
"""A call that takes longer (or a quarter of a shorter deadline) gives its slot up: a target that hangs for its whole
deadline delays nobody else."""
MOST_TIMES: Final = 16
"""Slow calls and quick ones together, in units of the slots: memory and sockets have an end."""


class CallSlots:
    """Tasks that call targets. Used by one event loop; no method but `ended` waits."""

    def __init__(self, slots: int, shortest_deadline_s: float) -> None:
        self._slots = slots
        self._slow_s = min(SLOW_S, shortest_deadline_s / 4)
        self._quick: dict[asyncio.Task[None], tuple[float, PracticeLease]] = {}
        self._slow: dict[asyncio.Task[None], PracticeLease] = {}

    @property
    def in_flight(self) -> int:
        """Calls that run, slow ones too."""
        return len(self._quick) + len(self._slow)

    def free(self, marking: int) -> int:
        """How many more calls may start, with `marking` that are being marked."""
        now = time.monotonic()
        for task, (began, lease) in list(self._quick.items()):
            if now - began < self._slow_s:
                break
            del self._quick[task]
            self._slow[task] = lease
            lease.slow_calls += 1
        free = self._slots - len(self._quick) - marking
        return min(free, MOST_TIMES * self._slots - self.in_flight - marking)

    def start(self, lease: PracticeLease, call: Coroutine[Any, Any, None]) -> None:
        """Start a call whose slot at the connection is reserved."""
        lease.connection.start()
        counters.started(lease.connection.route)
        task = asyncio.create_task(call)
        self._quick[task] = (time.monotonic(), lease)
        task.add_done_callback(self._gone)

    async def ended(self, within_s: float) -> None:
        """Wait for the calls in flight, at most so long."""
        calls = [*self._quick, *self._slow]
        if calls:
            await asyncio.wait(calls, timeout=within_s)

    def _gone(self, task: asyncio.Task[None]) -> None:
        self._quick.pop(task, None)
        lease = self._slow.pop(task, None)
        if lease is not None:
            lease.slow_calls -= 1
