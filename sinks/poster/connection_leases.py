"""The connections that this process holds: adapter, limiter, breaker (laws 21 and 22)."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

import msgspec

from sinks.poster.limiter import HEALTHY, Breaker, Limiter, started
from sinks.poster.planned_call import DoorKey
from sinks.targets.port import Capabilities, PaymentTarget
from streams.runtime.times import CallTimes

FIRST_WINDOW: Final = 2
"""Calls at once before the target has answered any: what hangs leaves few entries in doubt and takes few places."""
WIDEST_WINDOW: Final = 1024


class Door:
    """One held connection. Written by the poster's loop only, so it needs no lock."""

    def __init__(
        self,
        key: DoorKey,
        *,
        epoch: int,
        route: str,
        target_name: str,
        times: CallTimes,
        limiter: Limiter,
        breaker: Breaker,
    ) -> None:
        self.key = key
        self.epoch = epoch
        self.route = route
        self.target_name = target_name
        self.changed_at: datetime | None = None
        self.stale = True
        """The connection's settings changed since the adapter was opened, or there is none yet."""
        self.times = times
        self.limiter = limiter
        self.breaker = breaker
        self.adapter: PaymentTarget | None = None
        self.in_flight = 0
        self.turns = 0
        self._window = FIRST_WINDOW
        self.closed = False
        """Closed in this ownership: nothing more is started; its gates are released."""
        self.lost = False

    @property
    def capabilities(self) -> Capabilities | None:
        return None if self.adapter is None else self.adapter.capabilities

    def room(self) -> int:
        """How many calls may start now."""
        capabilities = self.capabilities
        if capabilities is None or self.closed or self.lost or self.wait_s() > 0:
            return 0
        most = 1 if self.breaker.probing else min(self._window, capabilities.max_in_flight)
        if capabilities.min_interval_s > 0:
            most = min(most, self.in_flight + 1)
        return max(0, most - self.in_flight)

    def wait_s(self) -> float:
        """Seconds until the limiter lets a call start."""
        return self.limiter.next_start - time.time() if self.limiter.next_start else 0.0

    def reserve(self) -> None:
        """A call will start, or will not: until then it takes its place."""
        self.in_flight += 1

    def started(self) -> None:
        """A reserved call starts now; the interval counts from here, not from its mark."""
        capabilities = self.capabilities
        if capabilities is not None:
            self.limiter = started(self.limiter, time.time(), capabilities.min_interval_s)

    def ended(self) -> None:
        """A call has ended. The target's own interval counts execution too: the next may start when both are over."""
        self.in_flight -= 1

    def narrow(self) -> None:
        """A call had no answer: one at a time until there is one."""
        self._window = 1

    def answered(self) -> bool:
        """The target answered: the breaker is whole again and more calls may go out. True where it was not whole."""
        self._window = min(2 * self._window, WIDEST_WINDOW)
        was_open = self.breaker.probing
        if self.breaker is not HEALTHY:
            self.breaker = HEALTHY
        return was_open


def decoded_limiter(stored: object) -> Limiter:
    return Limiter() if stored is None else msgspec.convert(stored, Limiter)


def decoded_breaker(stored: object) -> Breaker:
    return HEALTHY if stored is None else msgspec.convert(stored, Breaker)
