"""What the broker knows of the ledger: offsets that were committed after their records, and stamps (law 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.topics import TopicName, physical
from sinks.ledger.history.stamps import HEADER, LedgerStamp, highest, parse_header
from sinks.ledger.intake.consumer import CONSUMED, GROUP
from streams.kafka.topic_records import ASK_S, described, reader, records
from streams.settings import ProgramSettings

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
    consumer = reader(settings, GROUP)
    try:
        committed = [
            each
            for name in CONSUMED
            for each in _committed(admin, consumer, name, physical(settings.topic_prefix, name))
        ]
        last = records(admin, consumer, physical(settings.topic_prefix, STAMPED), tail=TAIL)
        return BrokerEvidence(tuple(committed), highest([stamp for message in last for stamp in _of(message)]))
    finally:
        consumer.close()


def _committed(admin: AdminClient, consumer: Consumer, name: TopicName, topic: str) -> list[Committed]:
    known = described(admin, topic)
    if known is None:
        return []
    topic_id, partitions = known
    asked = consumer.committed([TopicPartition(topic, part) for part in partitions], timeout=ASK_S)
    for each in asked:
        if each.error is not None:
            raise KafkaException(each.error)
    return [Committed(name, topic_id, each.partition, each.offset) for each in asked if each.offset >= 0]


def _of(message: Message) -> Sequence[LedgerStamp]:
    headers = message.headers() or []
    pairs = headers.items() if isinstance(headers, dict) else headers
    found = [
        parse_header(value.encode() if isinstance(value, str) else value or b"")
        for name, value in pairs
        if name == HEADER
    ]
    return [stamp for stamp in found if stamp is not None]
