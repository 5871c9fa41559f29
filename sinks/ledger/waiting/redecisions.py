"""Asks RULES again for decisions that came too early for the settings of their time (law 15)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.waiting_state import in_force
from schemas.codec import EVENTS_BY_NAME
from schemas.topics import STREAM_TOPICS
from schemas.writebacks import Redecision, SourcePosition
from sinks.ledger import outbox
from sinks.ledger.intake.read_context import lock_practices
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.history import switch_versions
from sinks.ledger.rows.fetch import fetch_all
from streams.runtime.metrics import REDECISIONS

_SQL: Final = named_queries("sinks.ledger.waiting", "sweeps.sql")

CAP: Final = timedelta(minutes=15)
"""The time between two requests for one event doubles up to this."""


class _EventKey(msgspec.Struct, frozen=True):
    practice_id: str
    source: str
    event_id: str


class _Undecided(msgspec.Struct, frozen=True):
    """An event that waits for settings, with its original bytes."""

    practice_id: str
    source: str
    event_id: str
    occurred_at: datetime
    appended_at: datetime
    event_type: str
    topic_id: str
    part: int
    off: int
    original_key: bytes
    original: bytes


def request_redecisions(
    connection: psycopg.Connection[TupleRow], now: datetime | None, *, first: timedelta, most: int
) -> int:
    """Send the requests that are due, and set their next time: `first` later, then doubling. Returns how many. Blocks.

    1. lock the practices, sorted (law 8). 2. read their settings and the events that still wait. 3. an event whose
    practice has settings of its time is asked for; what has none waits until some are saved.
    """
    with connection.transaction(), connection.cursor() as cursor:
        due = fetch_all(cursor, _EventKey, _SQL["redecisions_due"], {"now": now, "most": most})
        if not due:
            return 0
        practices = sorted({event.practice_id for event in due})
        lock_practices(cursor, practices)
        versions = switch_versions(cursor, practices)
        asked, idle, requests = [], [], []
        for event in fetch_all(cursor, _Undecided, _SQL["redecisions_locked"], _keys(due) | {"now": now}):
            version = in_force(versions.get(event.practice_id, ()), min(event.occurred_at, event.appended_at))
            if version is None:
                idle.append(event)
            else:
                asked.append(event)
                requests.append(outbox.redecision_message(_request(event, version.version)))
        cursor.execute(_SQL["redecided"], _keys(asked) | {"now": now, "first": first, "cap": CAP})
        cursor.execute(_SQL["not_redecidable"], _keys(idle))
        outbox.enqueue(cursor, requests)
    REDECISIONS.inc(len(requests))
    return len(requests)


def _keys(events: Sequence[_EventKey | _Undecided]) -> dict[str, Any]:
    return {
        "practice_ids": [event.practice_id for event in events],
        "sources": [event.source for event in events],
        "event_ids": [event.event_id for event in events],
    }


def _request(event: _Undecided, least_version: int) -> Redecision:
    topic = STREAM_TOPICS[EVENTS_BY_NAME[event.event_type].stream]
    return Redecision(
        position=SourcePosition(
            topic=topic.value,
            topic_id=event.topic_id,
            partition=event.part,
            offset=event.off,
            appended_at=event.appended_at,
        ),
        practice_id=event.practice_id,
        least_version=least_version,
        original_key=event.original_key,
        original=event.original,
    )
