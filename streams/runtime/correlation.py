"""Which trace, and which upstream's own trace id, the work of this task belongs to: log lines carry both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec


class Correlation(msgspec.Struct, frozen=True):
    """What a line is found by. Neither is known of every event."""

    trace_id: str | None = None
    """Of W3C Trace Context, where traces are on."""
    correlation_id: str | None = None
    """The `trace_id` that an upstream put into the event."""


_current: ContextVar[Correlation | None] = ContextVar("correlation", default=None)


def current_correlation() -> Correlation | None:
    """Of this task or thread; None outside of any event's work."""
    return _current.get()


@contextmanager
def correlated(correlation: Correlation) -> Iterator[None]:
    """Log lines that are written within carry these ids."""
    token = _current.set(correlation)
    try:
        yield
    finally:
        _current.reset(token)
