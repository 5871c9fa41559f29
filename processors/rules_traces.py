"""What RULES says of a record in its trace: surrogate ids, the outcome, and its reason; no amount and no patient."""

from __future__ import annotations

from confluent_kafka import Message

from processors.rules.source_records import Refusal
from schemas.topics import TopicName
from schemas.writebacks import Writeback
from streams.kafka.batch_traces import BatchTraces
from streams.kafka.transactions import Outgoing
from streams.runtime.spans import Attribute, Values
from streams.runtime.trace_context import TraceContext, context_in, header_pair
from streams.runtime.tracing import tracer


class RulesTraces:
    """The traces of the batch in hand; made only where traces are on."""

    def __init__(self, traces: BatchTraces) -> None:
        self._traces = traces
        self.begin = traces.begin
        self.committed = traces.committed

    def carried(self, message: Message, decided: Writeback | Refusal, name: TopicName, record: Outgoing) -> Outgoing:
        """The outgoing record with the `traceparent` that its reader goes on from.

        A request to decide again has a trace only where it carries one: its event keeps the one that is stored.
        """
        if name is TopicName.REDECISIONS and context_in(message.headers()) is None:
            return record
        context = self._traces.record(
            message.headers(), message.topic() or "", message.partition() or 0, message.offset() or 0, _values(decided)
        )
        return _with_header(record, context)


def rules_traces() -> RulesTraces | None:
    """None while traces are off."""
    found = tracer()
    return None if found is None else RulesTraces(BatchTraces(found, "rules"))


def _with_header(record: Outgoing, context: TraceContext) -> Outgoing:
    headers = [*(record.headers or ()), header_pair(context)]
    return Outgoing(record.topic, record.key, record.value, headers, record.partition)


def _values(decided: Writeback | Refusal) -> Values:
    values: dict[Attribute, str | int | bool] = {}
    if isinstance(decided, Writeback):
        identity = decided.identity
        values[Attribute.PRACTICE] = identity.practice_id
        values[Attribute.SOURCE] = identity.source
        values[Attribute.EVENT] = identity.event_id
        values[Attribute.EVENT_TYPE] = decided.event_type
        values[Attribute.STATE] = decided.decision.waiting.value if decided.decision.waiting else "PLANNED"
        values[Attribute.REASON] = decided.decision.reason.value
        return values
    values[Attribute.PRACTICE] = decided.practice_id
    values[Attribute.STATE] = "DEAD_LETTER"
    values[Attribute.REASON] = decided.reason.value
    if decided.source is not None:
        values[Attribute.SOURCE] = decided.source
    if decided.event_id is not None:
        values[Attribute.EVENT] = decided.event_id
    return values
