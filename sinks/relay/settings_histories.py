"""Reads a practice's settings at the moment of sending, so that no outbox row publishes an older state (law 14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from schemas.codec import encode_settings
from schemas.topics import TopicName
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.stored_settings import read_histories
from sinks.relay.outbox_rows import Connection, Record

_SQL = named_queries("sinks.relay")

REPUBLISH_FROM_HOUR: Final = 3
"""UTC: after the evening cut-offs of America and before the day in Europe, when the topic is quiet."""


def with_settings_histories(connection: Connection, rows: Sequence[Record]) -> list[Record]:
    """The rows as records: those of settings get the whole history read now, one record per practice, the last row's.

    Step 1: the caller holds the rows' locks. Step 2: the truth is read in a later statement, so a version saved
    meanwhile is either in it or has its own, still unsent row. A practice without settings publishes nothing.
    """
    newest = {row.practice_id: row for row in rows if row.topic is TopicName.SETTINGS}
    if not newest:
        return list(rows)
    stored = read_histories(connection, newest)
    records = [row for row in rows if row.topic is not TopicName.SETTINGS]
    for practice_id, row in newest.items():
        history = stored[practice_id]
        if history.versions:
            records.append(
                msgspec.structs.replace(row, key=practice_id.encode(), value=encode_settings(history), part=None)
            )
    return records


def enqueue_republish(connection: Connection) -> bool:
    """Once a night, a row for every practice (law 14). True when this call was the one. Blocks for seconds at most."""
    with connection.transaction():
        if connection.execute(_SQL["begin_republish"], {"from_hour": REPUBLISH_FROM_HOUR}).fetchone() is None:
            return False
        connection.execute(_SQL["republish_all"], {"settings_topic": TopicName.SETTINGS.value})
    return True
