"""A connection's limiter and circuit breaker, as values (laws 21 and 22). Pure; times in seconds of the machine's
clock."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.vocabulary import ConnectionReason
from sinks.poster.call_outcome import Closing
from sinks.poster.retry_times import bound_s
from streams.runtime.times import Times

SUSPICIONS: Final = 3
"""Calls in a row without any answer that close a connection: one or two are everyday, and each leaves an effect in
doubt."""
THROTTLED_S: Final = 30.0
"""Wait after 429 without Retry-After."""
REPAIR_PROBE_S: Final = 300.0
"""A connection that a person has to repair is tried this often, so that a repair at the vendor's side is noticed."""


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """How a connection has been doing; stored in `connections.breaker`."""

    failures: int = 0
    """Closings in a row."""
    suspicions: int = 0
    """Calls without an answer in a row."""
    reason: ConnectionReason | None = None
    """Of the last closing."""

    @property
    def probing(self) -> bool:
        """After a closing only one call goes out, until one is answered."""
        return self.failures > 0


class Limiter(msgspec.Struct, frozen=True, kw_only=True):
    """When the next call may start; stored in `connections.limiter`."""

    next_start: float = 0.0
    """In seconds since 1970; 0 = at once."""


HEALTHY: Final = Breaker()


def after_silence(breaker: Breaker) -> tuple[Breaker, Closing | None]:
    """After a call without an answer. Closes the connection when there were several in a row, or this was a probe."""
    count = breaker.suspicions + 1
    after = msgspec.structs.replace(breaker, suspicions=count)
    if count < SUSPICIONS and not breaker.probing:
        return after, None
    return msgspec.structs.replace(after, suspicions=0), Closing(ConnectionReason.TARGET_DOWN)


def after_closing(breaker: Breaker, closing: Closing, times: Times, chance: float) -> tuple[Breaker, float]:
    """The breaker after a closing, and for how many seconds the connection stays closed. `chance` in [0, 1) is the
    jitter."""
    failures = breaker.failures + 1
    wait_s = bound_s(times, failures) * (0.5 + chance / 2)
    if closing.retry_after_s is not None:
        wait_s = max(wait_s, min(closing.retry_after_s, times.retry_cap_s))
    elif closing.reason is ConnectionReason.THROTTLED:
        wait_s = max(wait_s, min(THROTTLED_S, times.retry_cap_s))
    elif closing.reason in (ConnectionReason.NEEDS_RECONNECT, ConnectionReason.WRONG_COMPANY):
        wait_s = max(wait_s, min(REPAIR_PROBE_S, times.retry_cap_s))
    return Breaker(failures=failures, reason=closing.reason), wait_s


def after_start(limiter: Limiter, now: float, min_interval_s: float) -> Limiter:
    """The limiter after the start of a call. `now` in seconds since 1970."""
    return Limiter(next_start=max(limiter.next_start, now) + min_interval_s) if min_interval_s > 0 else limiter
