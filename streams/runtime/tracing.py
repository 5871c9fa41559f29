"""Traces of events, off unless an OTLP endpoint is set: what a role says of its work, apart from who keeps it.

A role asks `tracer()` and does nothing where it answers None, so traces that are off cost one look at a name. What is
recorded is on the list of `spans`. OpenTelemetry itself is imported by `install` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from streams.runtime.spans import Span, Tracer

if TYPE_CHECKING:
    from streams.settings import ProgramSettings


_tracer: Tracer | None = None
_current: ContextVar[Span | None] = ContextVar("span", default=None)


def tracer() -> Tracer | None:
    """The tracer of this process; None while traces are off."""
    return _tracer


def current() -> Span | None:
    """The span that this task or thread works in; None outside of any."""
    return _current.get()


@contextmanager
def within(span: Span) -> Iterator[None]:
    """Work in a span: `current` answers it, here and in the tasks that are started here."""
    token = _current.set(span)
    try:
        yield
    finally:
        _current.reset(token)


def install(settings: ProgramSettings, role: str, version: str) -> None:
    """Turn traces on where the settings name an endpoint; once, at the start of a process.

    Raises ConfigurationError for headers that are none.
    """
    global _tracer
    if not settings.otel_exporter_otlp_endpoint:
        return
    from streams.runtime.otel_tracer import OtelTracer

    _tracer = OtelTracer(settings, role, version)


def replace(new: Tracer | None) -> Tracer | None:
    """Put another tracer in place, as a test does; answers the one that was there."""
    global _tracer
    old, _tracer = _tracer, new
    return old


def close() -> None:
    """Let the tracer go, at the end of a process. Blocks for a bounded time."""
    old = replace(None)
    if old is not None:
        old.close()
