"""The `traceparent` of what is published of a traced event, so that its sender finds the outcome in the trace it began.

It is the context that INTAKE stored with the event: of the sender's trace where it named one. Looked up only where the
operator keeps traces, for a batch at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.codec import Undecodable, decode_published
from schemas.topics import TopicName
from schemas.writebacks import Result
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.relay.outbox_rows import Connection, Record
from streams.runtime.trace_context import HEADER
from streams.runtime.tracing import tracer

_SQL = named_queries("sinks.relay")
_Event = tuple[str, str, str]
"""Practice, source, event id."""


class _Traced(msgspec.Struct, frozen=True):
    practice_id: str
    source: str
    event_id: str
    traceparent: str


def with_traces(connection: Connection, rows: Sequence[Record]) -> list[Record]:
    """The rows, results of traced events with their header. Blocks for one statement, where there are results."""
    if tracer() is None:
        return list(rows)
    about = {row.id: event for row in rows if (event := _event(row)) is not None}
    if not about:
        return list(rows)
    practices, sources, events = zip(*sorted(set(about.values())), strict=True)
    asked = {"practice_ids": list(practices), "sources": list(sources), "event_ids": list(events)}
    found = {
        (each.practice_id, each.source, each.event_id): each.traceparent
        for each in fetch_all(connection, _Traced, _SQL["traces_of"], asked)
    }
    return [_traced(row, found.get(about[row.id])) if row.id in about else row for row in rows]


def _event(row: Record) -> _Event | None:
    """Of a result that has no header yet; a refusal has its own from INTAKE."""
    if row.topic is not TopicName.RESULTS or any(name == HEADER for name, _ in row.headers):
        return None
    try:
        result = decode_published(row.value)
    except Undecodable:
        return None
    return (result.practice_id, result.source, result.event_id) if isinstance(result, Result) else None


def _traced(row: Record, traceparent: str | None) -> Record:
    return row if traceparent is None else msgspec.structs.replace(row, headers=(*row.headers, (HEADER, traceparent)))
