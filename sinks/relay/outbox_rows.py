"""Reads and deletes rows of the outbox. Every function runs in the caller's transaction and blocks for a statement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.topics import TopicName
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_one

_SQL = named_queries("sinks.relay")
BATCH_ROWS: Final = 500
"""A transaction of results takes a few milliseconds, far below its timeout."""
BATCH_BYTES: Final = 16 * 1024 * 1024
"""Dead letters may be 4 MiB each: the batch, and with it the role's memory, stays bounded."""

Connection = psycopg.Connection[TupleRow]


class Record(msgspec.Struct, frozen=True):
    """One record to publish: a row of `outbox`, without what only the table needs."""

    practice_id: str
    id: UUID
    topic: TopicName
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, str], ...]
    part: int | None
    """Fixed for dead letters (the source's partition); None leaves it to the key."""


class Backlog(msgspec.Struct, frozen=True):
    """How many rows are not published, and since when the oldest is not."""

    rows: int
    oldest_s: float


def take(connection: Connection, *, without: Collection[TopicName], set_aside: Sequence[UUID]) -> list[Record]:
    """The next rows in the order they were enqueued, locked for this transaction; those of other relays skipped, and
    those of the topics `without`."""
    parameters = {
        "most": BATCH_ROWS,
        "most_bytes": BATCH_BYTES,
        "without": [topic.value for topic in without],
        "set_aside": list(set_aside),
    }
    return fetch_all(connection, Record, _SQL["take"], parameters)


def is_full(taken: Sequence[Record]) -> bool:
    """Whether a batch ended at its limits, so that more may stand behind it. Pure."""
    return len(taken) >= BATCH_ROWS or sum(len(row.value or b"") for row in taken) >= BATCH_BYTES


def delete(connection: Connection, rows: Sequence[Record]) -> None:
    """Remove published rows. Only after the Kafka commit (law 25)."""
    connection.execute(_SQL["delete"], {"practice_ids": [row.practice_id for row in rows], "ids": [r.id for r in rows]})


def backlog(connection: Connection) -> Backlog:
    """How many rows are not published yet, and for how long the oldest has waited."""
    return fetch_one(connection, Backlog, _SQL["backlog"]) or Backlog(0, 0.0)
