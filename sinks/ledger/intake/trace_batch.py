"""The traces of a batch that INTAKE stores: each event is stored with the context that its calls go on from."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sinks.ledger.intake.records import DeadLettered, Decided, Record
from sinks.ledger.intake.writes import Writes
from streams.kafka.batch_traces import BatchTraces
from streams.runtime.spans import Attribute, Values
from streams.runtime.tracing import tracer

_Source = tuple[str, int, int]
"""Topic id, partition and offset of a source record."""


class IntakeTraces:
    """The traces of the batch in hand; made only where traces are on."""

    def __init__(self, traces: BatchTraces) -> None:
        self._traces = traces
        self.committed = traces.committed

    def stamp(self, records: Sequence[Record], writes: Writes) -> None:
        """Begin a span for each record that the transaction takes, and store its context with its event.

        Only of a trace that is kept: the poster then asks nobody again whether an event is traced.
        """
        self._traces.begin()
        contexts: dict[_Source, str] = {}
        for record in records:
            if not isinstance(record, Decided | DeadLettered):
                continue
            if isinstance(record, Decided) and record.writeback.redecision:
                continue
            at = record.at
            context = self._traces.record(at.headers, at.topic, at.part, at.off, _values(record))
            if isinstance(record, Decided) and context.sampled:
                source = record.writeback.position
                contexts[source.topic_id, source.partition, source.offset] = context.header()
        writes.events[:] = [
            msgspec.structs.replace(row, traceparent=contexts.get((row.topic_id, row.part, row.off)))
            for row in writes.events
        ]


def intake_traces() -> IntakeTraces | None:
    """None while traces are off."""
    found = tracer()
    return None if found is None else IntakeTraces(BatchTraces(found, "intake"))


def _values(record: Decided | DeadLettered) -> Values:
    if isinstance(record, Decided):
        identity = record.writeback.identity
        return {
            Attribute.PRACTICE: identity.practice_id,
            Attribute.SOURCE: identity.source,
            Attribute.EVENT: identity.event_id,
            Attribute.EVENT_TYPE: record.writeback.event_type,
        }
    letter = record.letter
    return {
        Attribute.PRACTICE: letter.practice_id,
        Attribute.STATE: "DEAD_LETTER",
        Attribute.REASON: letter.reason.value,
    }
