"""The outbox, read and emptied. Every function runs in the caller's transaction and blocks for a statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.topics import TopicName
from sinks.ledger.named_queries import named_queries

_SQL = named_queries("sinks.relay")
BATCH_ROWS: Final = 500
"""A transaction of results takes a few milliseconds, far below its timeout."""
BATCH_BYTES: Final = 16 * 1024 * 1024
"""Dead letters may be 4 MiB each: the batch, and with it the role's memory, stays bounded."""

Connection = psycopg.Connection[TupleRow]


class OutboxRow(msgspec.Struct, frozen=True):
    """One record to publish."""

    practice_id: str
    id: UUID
    topic: TopicName
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    part: int | None
    """Fixed for dead letters (the source's partition); None leaves it to the key."""


class Backlog(msgspec.Struct, frozen=True):
    rows: int
    oldest_s: float


def take(connection: Connection, *, with_settings: bool, set_aside: Sequence[UUID]) -> list[OutboxRow]:
    """The next rows in the order they were enqueued, locked for this transaction; those of other relays skipped."""
    parameters = {
        "most": BATCH_ROWS,
        "most_bytes": BATCH_BYTES,
        "with_settings": with_settings,
        "settings_topic": TopicName.SETTINGS.value,
        "set_aside": list(set_aside),
    }
    return [_row(*found) for found in connection.execute(_SQL["take"], parameters)]


def is_full(taken: Sequence[OutboxRow]) -> bool:
    """Whether a batch ended at its limits, so that more may stand behind it. Pure."""
    return len(taken) >= BATCH_ROWS or sum(len(row.value or b"") for row in taken) >= BATCH_BYTES


def delete(connection: Connection, rows: Sequence[OutboxRow]) -> None:
    """Remove published rows. Only after the Kafka commit (law 25)."""
    connection.execute(_SQL["delete"], {"practice_ids": [row.practice_id for row in rows], "ids": [r.id for r in rows]})


def backlog(connection: Connection) -> Backlog:
    """How many rows stand unpublished, and for how long the oldest does."""
    found = connection.execute(_SQL["backlog"]).fetchone()
    return Backlog(int(found[0]), float(found[1])) if found is not None else Backlog(0, 0.0)


def _row(
    practice_id: str, row_id: UUID, topic: str, key: bytes | None, value: bytes | None, headers: Any, part: int | None
) -> OutboxRow:
    pairs = headers.items() if isinstance(headers, dict) else headers
    return OutboxRow(
        practice_id,
        row_id,
        TopicName(topic),
        bytes(key) if key is not None else None,
        bytes(value) if value is not None else None,
        tuple((name, str(text).encode()) for name, text in pairs),
        part,
    )
