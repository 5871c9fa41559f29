"""Compares receipts with what the source topics hold (law 11): the detector of guarantee 1."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
import psycopg
from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient
from psycopg.rows import TupleRow

from schemas.topics import RECEIPTED, TopicName, physical
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_one
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from streams.kafka import watermarks
from streams.kafka.topic_identity import TopicGuard
from streams.runtime.errors import Transient
from streams.settings import ProgramSettings

_SQL: Final = named_queries("sinks.operations.queries", "receipts.sql")

READ_S: Final = 30.0
"""For one gap: it holds control records only, as a rule, and ends at once."""
LOOK_AGAIN_S: Final = 0.5
SHOWN: Final = 100
"""Offsets that are named per partition; all are counted."""

Wait = Callable[[float], object]


class PartitionAudit(msgspec.Struct, frozen=True, kw_only=True):
    """One partition: records from `low` to `high` (exclusive), as the broker holds them now."""

    topic: TopicName
    partition: int
    low: int
    high: int
    receipts: int
    doubled: int
    """Receipts beyond one per record; expected 0."""
    missing: int
    """Records without a receipt: not read yet, or lost."""
    missing_offsets: tuple[int, ...]
    """The first SHOWN of them."""

    @property
    def sound(self) -> bool:
        return not self.missing and not self.doubled


class ReceiptCount(msgspec.Struct, frozen=True):
    receipts: int
    records: int
    """That have one."""


class OffsetGap(msgspec.Struct, frozen=True):
    """Offsets without a receipt, half open."""

    gap_from: int
    gap_to: int


class Span(msgspec.Struct, frozen=True):
    """What a partition holds now."""

    name: TopicName
    topic: str
    topic_id: str
    part: int
    low: int
    high: int


@sees(View.HEALTH, practice=None)
def audit(
    connection: psycopg.Connection[TupleRow], settings: ProgramSettings, *, settle_s: float = 0.0, wait: Wait
) -> list[PartitionAudit]:
    """Every source partition, held against its receipts. Blocks.

    Records that are still under way have no receipt yet: unsound partitions are looked at again, by `wait`, until
    `settle_s` is over. Takes the time limits off `connection`: whole topics are counted. Raises Transient when the
    broker does not answer.
    """
    connection.execute("SET transaction_timeout = 0")
    connection.execute("SET statement_timeout = 0")
    topics = {name: physical(settings.topic_prefix, name) for name in RECEIPTED}
    admin = AdminClient({**settings.kafka_client(), "log_level": 3})
    guard = TopicGuard(admin, list(topics.values()))
    guard.require_partitions(settings.topic_partitions)
    consumer = Consumer(_reader(settings))
    until = time.monotonic() + settle_s
    found: dict[tuple[TopicName, int], PartitionAudit] = {}
    left = [(name, part) for name in topics for part in range(settings.topic_partitions)]
    try:
        while True:
            for name, topic in topics.items():
                ends = watermarks.highs(admin, topic, range(settings.topic_partitions))
                starts = watermarks.lows(admin, topic, range(settings.topic_partitions))
                for part in (part for known, part in left if known is name):
                    span = Span(name, topic, guard.id_of(topic), part, starts[part], ends[part])
                    found[name, part] = _audited(connection, consumer, span)
            left = [key for key in left if not found[key].sound]
            if not left or time.monotonic() >= until:
                return [found[key] for key in sorted(found)]
            wait(LOOK_AGAIN_S)
    finally:
        consumer.close()


def _reader(settings: ProgramSettings) -> dict[str, Any]:
    """A consumer outside every group: it only reads what it is told to."""
    return dict(settings.kafka_client()) | {
        "group.id": settings.prefixed("audit"),
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
        "auto.offset.reset": "error",
        "log_level": 3,
    }


def _audited(connection: psycopg.Connection[TupleRow], consumer: Consumer, where: Span) -> PartitionAudit:
    span = {"topic_id": where.topic_id, "part": where.part, "low": where.low, "high": where.high}
    counted = fetch_one(connection, ReceiptCount, _SQL["receipts_counted"], span) or ReceiptCount(0, 0)
    gaps = fetch_all(connection, OffsetGap, _SQL["receipt_gaps"], span)
    missing = [off for gap in gaps for off in _records_in(consumer, where.topic, where.part, gap.gap_from, gap.gap_to)]
    return PartitionAudit(
        topic=where.name,
        partition=where.part,
        low=where.low,
        high=where.high,
        receipts=counted.receipts,
        doubled=counted.receipts - counted.records,
        missing=len(missing),
        missing_offsets=tuple(missing[:SHOWN]),
    )


def _records_in(consumer: Consumer, topic: str, part: int, start: int, end: int) -> Iterator[int]:
    """Offsets in [start, end) at which a committed record stands; control and aborted records are none."""
    consumer.assign([TopicPartition(topic, part, start)])
    until = time.monotonic() + READ_S
    while True:
        message = consumer.poll(1.0)
        if time.monotonic() > until:
            raise Transient(f"{topic} partition {part} cannot be read from {start}")
        if message is None:
            continue
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                return
            continue
        offset = message.offset() or 0
        if offset >= end:
            return
        until = time.monotonic() + READ_S
        yield offset
