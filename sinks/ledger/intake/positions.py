"""Moves the intake's positions in the transaction of the data, and refuses topics that changed (laws 3, 5, 12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.topics import TopicName
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_one
from streams.fault_injection import Control, disabled
from streams.runtime.errors import Ambiguous, ConfigurationError
from streams.runtime.metrics import INTAKE_POSITION_CONFLICTS

_SQL: Final = named_queries("sinks.ledger.intake")

Partition = tuple[str, int]
"""(topic id, partition): a topic made anew is another one."""


class Overtaken(Ambiguous):
    """Another intake moved a partition's position: this batch is void, and what counts is in the database (law 3)."""


class RecordsLostError(ConfigurationError):
    """Records that were never read are gone, or the topic is another one: a person decides (law 5)."""


class StoredTopicRow(msgspec.Struct, frozen=True):
    """A topic as the ledger's first start found it."""

    topic_id: str
    partitions: int


class PositionRow(msgspec.Struct, frozen=True):
    """The next offset of a partition."""

    part: int
    next_offset: int


class KnownTopic(msgspec.Struct, frozen=True):
    """A topic as the broker has it now."""

    name: TopicName
    physical: str
    topic_id: str
    partitions: int


def register(connection: psycopg.Connection[TupleRow], topic: KnownTopic, lows: Mapping[int, int]) -> None:
    """Hold a topic against the ledger; on the first start, remember it and begin at its oldest records.

    `lows`: low-water mark per partition. Raises RecordsLostError when it was made anew or its partitions changed.
    """
    with connection.transaction():
        connection.execute(
            _SQL["add_topic"],
            {"topic": topic.name.value, "topic_id": topic.topic_id, "partitions": topic.partitions},
        )
        found = fetch_one(connection, StoredTopicRow, _SQL["topic"], {"topic": topic.name.value})
        stored = found or StoredTopicRow(topic.topic_id, topic.partitions)
        if stored.topic_id != topic.topic_id and not disabled(Control.TOPIC_IDS):
            raise RecordsLostError(
                f"the topic {topic.physical} was made anew: the ledger knows it by another id, and records of the old "
                "one may never have been read. Compare with `writeback audit-receipts` before you go on"
            )
        if stored.partitions != topic.partitions:
            raise RecordsLostError(
                f"the topic {topic.physical} has {topic.partitions} partitions and the ledger was started with "
                f"{stored.partitions}: growth is a new topic, never more partitions"
            )
        for part in range(topic.partitions):
            connection.execute(
                _SQL["add_position"],
                {"topic_id": topic.topic_id, "part": part, "next_offset": lows.get(part, 0)},
            )


def read_positions(connection: psycopg.Connection[TupleRow], topic_ids: Sequence[str]) -> dict[Partition, int]:
    """The next offset of each partition of these topics (law 3)."""
    found: dict[Partition, int] = {}
    for topic_id in topic_ids:
        for row in fetch_all(connection, PositionRow, _SQL["positions"], {"topic_id": topic_id}):
            found[topic_id, row.part] = row.next_offset
    return found


def move(
    cursor: psycopg.Cursor[TupleRow],
    expected: Mapping[Partition, int],
    moved: Mapping[Partition, int],
) -> None:
    """Compare and set, in the batch's transaction. Raises Overtaken: roll back and rejoin."""
    require_moved(send_move(cursor.connection, expected, moved), moved)


def send_move(
    connection: psycopg.Connection[TupleRow],
    expected: Mapping[Partition, int],
    moved: Mapping[Partition, int],
) -> psycopg.Cursor[TupleRow]:
    """`move` without its answer; inside a pipeline it does not block. `require_moved` comes before the commit."""
    ordered = sorted(moved)
    name = "set_positions" if disabled(Control.POSITIONS) else "move_positions"
    return connection.execute(
        _SQL[name],
        {
            "topic_ids": [topic_id for topic_id, _ in ordered],
            "parts": [part for _, part in ordered],
            "expected": [expected[key] for key in ordered],
            "new": [moved[key] for key in ordered],
        },
    )


def require_moved(sent: psycopg.Cursor[TupleRow], moved: Mapping[Partition, int]) -> None:
    """Raises Overtaken unless every partition's position was as expected."""
    if len(sent.fetchall()) != len(moved):
        INTAKE_POSITION_CONFLICTS.inc()
        raise Overtaken("another intake moved on these partitions: this batch is rolled back")


def check_low_water(topic: KnownTopic, part: int, low: int, next_offset: int) -> None:
    """Raises RecordsLostError when the broker deleted records that were never read (law 5)."""
    if low > next_offset:
        raise RecordsLostError(
            f"{topic.physical} partition {part}: records {next_offset} to {low - 1} were deleted unread. "
            "Their retention is too short for this outage. Have the upstream send them again, then move the position "
            "in intake_offsets by hand"
        )
