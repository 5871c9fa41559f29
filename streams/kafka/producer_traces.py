"""The trace that an event is sent under: the caller's own where there is one, and a span of ours where we trace."""

from __future__ import annotations

import sys

from schemas.events import Event
from streams.runtime.spans import Attribute, Kind, Span
from streams.runtime.trace_context import TraceContext, header_pair
from streams.runtime.tracing import current, tracer


def send_span(event: Event, topic: str) -> Span | None:
    """The span of one event, from here to the broker's answer; None where traces are off."""
    found = tracer()
    if found is None:
        return None
    return found.start(
        f"send {topic}",
        Kind.PRODUCER,
        callers_context(),
        {
            Attribute.SYSTEM: "kafka",
            Attribute.TOPIC: topic,
            Attribute.PRACTICE: event.practice_id,
            Attribute.SOURCE: event.source,
            Attribute.EVENT: event.event_id,
            Attribute.EVENT_TYPE: type(event).__name__,
        },
    )


def trace_headers(span: Span | None) -> list[tuple[str, bytes]]:
    """The `traceparent` of an event: of its span, else of its caller; none where there is neither."""
    context = callers_context() if span is None else span.context
    return [] if context is None else [header_pair(context)]


def callers_context() -> TraceContext | None:
    """The span that the caller works in: ours, or one of its own OpenTelemetry, which is only looked for where the
    caller has imported it."""
    span = current()
    if span is not None:
        return span.context
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return None
    at = api.get_current_span().get_span_context()
    if not at.is_valid:
        return None
    return TraceContext(f"{at.trace_id:032x}", f"{at.span_id:016x}", at.trace_flags.sampled)
