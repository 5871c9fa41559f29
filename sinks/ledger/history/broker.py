"""What the broker knows of the ledger: offsets that were committed after their records, and stamps (law 4)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.topics import TopicName, physical
from sinks.ledger.history.stamps import HEADER, LedgerStamp, highest, parse_header
from sinks.ledger.intake.consumer import CONSUMED, GROUP
from streams.kafka import watermarks
from streams.kafka.client_config import log_client_error
from streams.runtime.errors import Transient
from streams.settings import ProgramSettings

ASK_S: Final = 15.0
TAIL: Final = 50
"""Offsets at the end of a partition that are looked through for stamps: some are of control records."""
STAMPED: Final = TopicName.RESULTS
"""Every entry that is posted has a result there."""


class Committed(msgspec.Struct, frozen=True):
    """A partition's offset as the intake committed it: the records before it were in the ledger."""

    topic: TopicName
    topic_id: str
    part: int
    next_offset: int


class BrokerEvidence(msgspec.Struct, frozen=True):
    """Empty where the topics are not made yet."""

    committed: tuple[Committed, ...] = ()
    stamps: tuple[LedgerStamp, ...] = ()


def ask_broker(settings: ProgramSettings) -> BrokerEvidence:
    """Reads offsets and stamps; joins no group and commits nothing. Blocks, some tenths of a second as a rule.

    Raises KafkaException, and Transient where the broker does not answer in time: then nobody knows.
    """
    admin = AdminClient({**settings.kafka_client(), "log_level": 3})
    consumer = Consumer(_reader(settings))
    try:
        committed = [
            each
            for name in CONSUMED
            for each in _committed(admin, consumer, name, physical(settings.topic_prefix, name))
        ]
        return BrokerEvidence(tuple(committed), _stamps(admin, consumer, physical(settings.topic_prefix, STAMPED)))
    finally:
        consumer.close()


def _reader(settings: ProgramSettings) -> dict[str, Any]:
    return {
        **settings.kafka_client(),
        "group.id": settings.prefixed(GROUP),
        "client.id": f"{settings.prefixed(GROUP)}-history",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "log_level": 3,
        "error_cb": log_client_error,
    }


def _described(admin: AdminClient, topic: str) -> tuple[str, range] | None:
    """A topic's id and partitions; None where it is not made yet."""
    try:
        answers = admin.describe_topics(TopicCollection([topic]), request_timeout=ASK_S)
        found = answers[topic].result(timeout=2 * ASK_S)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return None
        raise
    return str(found.topic_id), range(len(found.partitions))


def _committed(admin: AdminClient, consumer: Consumer, name: TopicName, topic: str) -> list[Committed]:
    described = _described(admin, topic)
    if described is None:
        return []
    topic_id, partitions = described
    asked = consumer.committed([TopicPartition(topic, part) for part in partitions], timeout=ASK_S)
    for each in asked:
        if each.error is not None:
            raise KafkaException(each.error)
    return [Committed(name, topic_id, each.partition, each.offset) for each in asked if each.offset >= 0]


def _stamps(admin: AdminClient, consumer: Consumer, topic: str) -> tuple[LedgerStamp, ...]:
    """The highest stamps in the last records of each partition."""
    described = _described(admin, topic)
    if described is None:
        return ()
    _, partitions = described
    lows, highs = watermarks.lows(admin, topic, partitions), watermarks.highs(admin, topic, partitions)
    starts = [
        TopicPartition(topic, part, max(lows[part], highs[part] - TAIL))
        for part in partitions
        if highs[part] > lows[part]
    ]
    if not starts:
        return ()
    consumer.assign(starts)
    return highest([stamp for message in _to_the_end(consumer, len(starts)) for stamp in _of(message)])


def _to_the_end(consumer: Consumer, partitions: int) -> list[Message]:
    """Every record up to the end of each partition."""
    records: list[Message] = []
    ended: set[int] = set()
    until = time.monotonic() + ASK_S
    while len(ended) < partitions:
        if time.monotonic() > until:
            raise Transient("the last results could not be read: is the broker reachable?")
        for message in consumer.consume(500, timeout=0.2):
            error = message.error()
            if error is None:
                records.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                ended.add(message.partition() or 0)
            else:
                raise KafkaException(error)
    return records


def _of(message: Message) -> Sequence[LedgerStamp]:
    headers = message.headers() or []
    pairs = headers.items() if isinstance(headers, dict) else headers
    found = [
        parse_header(value.encode() if isinstance(value, str) else value or b"")
        for name, value in pairs
        if name == HEADER
    ]
    return [stamp for stamp in found if stamp is not None]
