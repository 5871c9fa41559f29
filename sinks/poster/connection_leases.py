"""The lease of a connection: its adapter, its limiter and its breaker, while this process holds it (laws 21 and 22)."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

from sinks.poster.limiter import HEALTHY, Breaker, Limiter, after_start
from sinks.poster.planned_call import ConnectionKey
from sinks.targets.port import Capabilities, PaymentTarget
from sinks.targets.route import StoredConnection
from streams.runtime.times import CallTimes

FIRST_WINDOW: Final = 2
"""Calls at once before the target has answered any: what hangs leaves few entries in doubt and takes few slots."""
WIDEST_WINDOW: Final = 1024


class ConnectionLease:
    """One held connection, shared by the leases of all practices that use it. Written by the poster's loop only; never
    blocks."""

    def __init__(
        self,
        key: ConnectionKey,
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
        """When its settings were changed last."""
        self.stored: StoredConnection | None = None
        """What an adapter is opened from, as it stood at that time."""
        self.stale = True
        """Its settings changed since the adapter was opened, or there is none yet."""
        self.times = times
        self.limiter = limiter
        self.breaker = breaker
        self.adapter: PaymentTarget | None = None
        self.in_flight = 0
        """Calls that run, and slots that are reserved for calls that will."""
        self.practices = 0
        """Leases of practices that use it."""
        self.closed = False
        """Closed under this lease: nothing more is started; its gates are released."""
        self.lost = False
        """It may have passed to another owner."""
        self.released = False
        """Given back, or replaced by a later lease: nothing more is started under it."""
        self._window = FIRST_WINDOW

    @property
    def uses_adapter(self) -> bool:
        """A call of it is in flight on its adapter, or may still start."""
        return not self.released or self.in_flight > 0

    @property
    def capabilities(self) -> Capabilities | None:
        """Of its adapter; None before that is open."""
        return None if self.adapter is None else self.adapter.capabilities

    def free_slots(self) -> int:
        """How many calls may start now."""
        capabilities = self.capabilities
        if capabilities is None or self.closed or self.lost or self.wait_s() > 0:
            return 0
        most = 1 if self.breaker.probing else min(self._window, capabilities.max_in_flight)
        if capabilities.min_interval_s > 0:
            most = min(most, self.in_flight + 1)
        return max(0, most - self.in_flight)

    def places_left(self) -> int:
        """How many calls it will have in flight besides those it has, once its answers have widened its window."""
        capabilities = self.capabilities
        if capabilities is None or self.closed or self.lost or self.wait_s() > 0:
            return 0
        most = 1 if self.breaker.probing or self._window < FIRST_WINDOW else capabilities.max_in_flight
        if capabilities.min_interval_s > 0:
            most = min(most, self.in_flight + 1)
        return max(0, most - self.in_flight)

    def wait_s(self) -> float:
        """Seconds until the limiter lets a call start; zero or less when it may start now."""
        return self.limiter.next_start - time.time() if self.limiter.next_start else 0.0

    def reserve(self) -> None:
        """Take a slot for a call that will start, or will not."""
        self.in_flight += 1

    def start(self) -> None:
        """A reserved call starts now; the least interval counts from here, not from its mark."""
        capabilities = self.capabilities
        if capabilities is not None:
            self.limiter = after_start(self.limiter, time.time(), capabilities.min_interval_s)

    def end(self) -> None:
        """Give a slot back: its call has ended, or is not made. The next call may start when this one has ended and the
        interval is over."""
        self.in_flight -= 1

    def narrow(self) -> None:
        """A call had no answer: one at a time until there is one."""
        self._window = 1

    def widen(self) -> bool:
        """The target answered: the breaker is whole again, and twice as many calls may go out. True where it was not
        whole before."""
        self._window = min(2 * self._window, WIDEST_WINDOW)
        was_probing = self.breaker.probing
        if self.breaker is not HEALTHY:
            self.breaker = HEALTHY
        return was_probing
