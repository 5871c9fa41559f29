"""What a span is and may say: a closed list of surrogate ids, words and numbers, apart from who keeps it.

No amount, no name, no reference to a patient and no path of a request, which may hold one (H-1).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Protocol

from streams.runtime.trace_context import TraceContext


class Kind(StrEnum):
    """What a span is to its neighbours, as OpenTelemetry has it."""

    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"
    INTERNAL = "INTERNAL"
    CLIENT = "CLIENT"


class Attribute(StrEnum):
    """What a span may say; the first ones by OpenTelemetry's semantic conventions."""

    SYSTEM = "messaging.system"
    TOPIC = "messaging.destination.name"
    PARTITION = "messaging.destination.partition.id"
    OFFSET = "messaging.kafka.offset"
    METHOD = "http.request.method"
    STATUS = "http.response.status_code"
    HOST = "server.address"
    PORT = "server.port"
    ERROR = "error.type"
    PRACTICE = "writeback.practice_id"
    SOURCE = "writeback.source"
    EVENT = "writeback.event_id"
    EVENT_TYPE = "writeback.event_type"
    EFFECT = "writeback.effect_id"
    TARGET = "writeback.target"
    ENTRY_KIND = "writeback.entry_kind"
    ATTEMPT = "writeback.attempt"
    ANSWER = "writeback.answer"
    STATE = "writeback.state"
    REASON = "writeback.reason"
    STORED = "writeback.stored"


Values = Mapping[Attribute, str | int | bool]
LONGEST: Final = 255
"""Characters of a value: as long as an id may be."""


class Span(Protocol):
    """One piece of work. What is never ended is never told. No method blocks or raises."""

    @property
    def context(self) -> TraceContext:
        """For who goes on from here."""
        ...

    def end(self, values: Values | None = None, *, failed: bool = False) -> None:
        """The work is done; once only."""
        ...


class Tracer(Protocol):
    """Starts spans, and has them exported beside the work. Only `close` blocks."""

    def start(
        self, name: str, kind: Kind, parent: TraceContext | None, values: Values, began_ns: int | None = None
    ) -> Span:
        """A span below `parent`, or the first of a trace. `began_ns`: since 1970; None is now. Does not raise."""
        ...

    def close(self) -> None:
        """Export what waits, for a bounded time, and let go of the rest, which is counted."""
        ...
