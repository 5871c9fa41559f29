"""The topics as anyone may read them: whole, committed, from outside the pipeline."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.codec import decode_published, decode_writeback
from schemas.refusals import RecordRefused
from schemas.sender_warnings import SenderWarning
from schemas.topics import SOURCES, TopicName, physical
from schemas.writebacks import Result, Writeback
from sinks.relay.publisher import OUTBOX_ID_HEADER
from tests.scenarios.waiting import WITHIN_S
from tests.worlds import World

PASSING = (
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TRANSPORT,
    KafkaError._TIMED_OUT,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
)
"""What a broker says that is not there now, or has only just come back: ask again."""


class Record(msgspec.Struct, frozen=True):
    topic: TopicName
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]


def read_all(world: World, *names: TopicName) -> list[Record]:
    """Every committed record of these topics, as they stand now."""
    found: list[Record] = []
    consumer = Consumer(
        {
            "bootstrap.servers": world.bootstrap,
            "group.id": f"{world.prefix}outside",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 20,
        }
    )
    try:
        topics = {physical(world.prefix, name): name for name in names}
        known = consumer.list_topics(timeout=WITHIN_S).topics
        parts = [TopicPartition(t, p, OFFSET_BEGINNING) for t in topics if t in known for p in known[t].partitions]
        consumer.assign(parts)
        open_parts = {(part.topic, part.partition) for part in parts}
        deadline = time.monotonic() + WITHIN_S
        while open_parts:
            message = consumer.poll(max(deadline - time.monotonic(), 0.0))
            if message is None:
                raise AssertionError(f"the topics could not be read to their end: {sorted(open_parts)}")
            error = message.error()
            if error is None:
                found.append(_record(topics, message))
            elif error.code() == KafkaError._PARTITION_EOF:
                open_parts.discard((message.topic(), message.partition()))
            elif error.code() not in PASSING:
                raise AssertionError(f"reading {message.topic()}: {error}")
    finally:
        consumer.close()
    return found


def _record(topics: dict[str, TopicName], message: Any) -> Record:
    headers = dict(message.headers() or ())
    return Record(
        topics[message.topic()], message.partition(), message.offset(), message.key(), message.value(), headers
    )


def ids(world: World) -> dict[str, TopicName]:
    """Logical names by topic id, as the broker has them."""
    admin = AdminClient({"bootstrap.servers": world.bootstrap})
    names = {physical(world.prefix, name): name for name in TopicName}
    found = admin.describe_topics(TopicCollection(list(names)))
    return {str(answer.result(WITHIN_S).topic_id): names[name] for name, answer in found.items()}


def sources(world: World) -> list[Record]:
    return read_all(world, *SOURCES)


def dead_letters(world: World) -> list[Record]:
    """Repeats dropped by the outbox id: the relay may say a thing twice (law 25)."""
    once: dict[object, Record] = {}
    for record in read_all(world, TopicName.DEAD_LETTERS):
        once.setdefault(record.headers.get(OUTBOX_ID_HEADER, (record.partition, record.offset)), record)
    return list(once.values())


def results(world: World) -> list[Result]:
    """Repeats dropped by the outbox id, as every consumer must (law 25)."""
    return [each for _, each in _published(world) if isinstance(each, Result)]


def refusals(world: World) -> list[tuple[Record, RecordRefused]]:
    """What senders hear of their refused records, in the same way."""
    return [(record, each) for record, each in _published(world) if isinstance(each, RecordRefused)]


def warnings(world: World) -> list[SenderWarning]:
    """What senders are warned of, in the same way."""
    return [each for _, each in _published(world) if isinstance(each, SenderWarning)]


def _published(world: World) -> list[tuple[Record, Result | RecordRefused | SenderWarning]]:
    by_id: dict[str, tuple[Record, Result | RecordRefused | SenderWarning]] = {}
    for record in read_all(world, TopicName.RESULTS):
        result = decode_published(record.value or b"")
        by_id.setdefault(result.result_id, (record, result))
    return list(by_id.values())


def writebacks(world: World) -> Iterator[tuple[Record, Writeback]]:
    for record in read_all(world, TopicName.WRITEBACKS):
        yield record, decode_writeback(record.value or b"")
