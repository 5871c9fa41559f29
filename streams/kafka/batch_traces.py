"""Spans of the records that a role takes in batches: begun as each is handled, told once its batch is committed.

What an abort takes back was no work: its spans are forgotten, and the same records get others when they come again.
"""

from __future__ import annotations

import time

from streams.runtime.spans import Attribute, Kind, Span, Tracer, Values
from streams.runtime.trace_context import Headers, TraceContext, context_in

_KAFKA = "kafka"


class BatchTraces:
    """The spans of the batch in hand. One for a role's loop; no method raises or blocks."""

    def __init__(self, tracer: Tracer, name: str) -> None:
        """`name`: of each span, such as `rules`."""
        self._tracer = tracer
        self._name = name
        self._began_ns = 0
        self._spans: list[Span] = []

    def begin(self) -> None:
        """A batch is taken in hand; the spans of one that was not committed are forgotten."""
        self._spans.clear()
        self._began_ns = time.time_ns()

    def record(self, headers: Headers, topic: str, partition: int, offset: int, values: Values) -> TraceContext:
        """A record is handled; what follows from it goes on from the context that is answered."""
        where: Values = {
            Attribute.SYSTEM: _KAFKA,
            Attribute.TOPIC: topic,
            Attribute.PARTITION: str(partition),
            Attribute.OFFSET: offset,
        }
        span = self._tracer.start(self._name, Kind.CONSUMER, context_in(headers), {**where, **values}, self._began_ns)
        self._spans.append(span)
        return span.context

    def committed(self) -> None:
        """The batch is committed: its spans end now."""
        for span in self._spans:
            span.end()
        self._spans.clear()
