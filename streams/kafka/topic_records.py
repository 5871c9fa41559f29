"""Reads what a topic holds now, partition by partition to its end, without a group."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.kafka import watermarks
from streams.kafka.client_config import log_client_error
from streams.runtime.errors import Transient
from streams.settings import ProgramSettings

ASK_S: Final = 15.0
CHUNK: Final = 500


def reader(settings: ProgramSettings, group: str) -> Consumer:
    """A consumer that joins no group and commits nothing; `group` is whose offsets it can ask for."""
    config: dict[str, Any] = {
        **settings.kafka_client(),
        "group.id": settings.prefixed(group),
        "client.id": f"{settings.prefixed(group)}-reader",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "log_level": 3,
        "error_cb": log_client_error,
    }
    return Consumer(config)


def described(admin: AdminClient, topic: str) -> tuple[str, range] | None:
    """A topic's id and partitions; None where it is not made yet. Blocks; raises KafkaException."""
    try:
        answers = admin.describe_topics(TopicCollection([topic]), request_timeout=ASK_S)
        found = answers[topic].result(timeout=2 * ASK_S)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return None
        raise
    return str(found.topic_id), range(len(found.partitions))


def records(admin: AdminClient, consumer: Consumer, topic: str, *, tail: int | None = None) -> Iterator[Message]:
    """Every committed record, or those among the last `tail` offsets of each partition; none of a topic not made yet.

    Blocks. Raises KafkaException, and Transient where nothing comes for ASK_S.
    """
    known = described(admin, topic)
    if known is None:
        return
    _, partitions = known
    lows, highs = watermarks.lows(admin, topic, partitions), watermarks.highs(admin, topic, partitions)
    starts = [
        TopicPartition(topic, part, lows[part] if tail is None else max(lows[part], highs[part] - tail))
        for part in partitions
        if highs[part] > lows[part]
    ]
    if not starts:
        return
    consumer.assign(starts)
    yield from _to_the_end(consumer, topic, len(starts))
    consumer.unassign()


def _to_the_end(consumer: Consumer, topic: str, partitions: int) -> Iterator[Message]:
    ended: set[int] = set()
    heard = time.monotonic()
    while len(ended) < partitions:
        messages = consumer.consume(CHUNK, timeout=0.2)
        if messages:
            heard = time.monotonic()
        elif time.monotonic() - heard > ASK_S:
            raise Transient(f"the topic {topic} could not be read to its end: is the broker reachable?")
        for message in messages:
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                ended.add(message.partition() or 0)
            else:
                raise KafkaException(error)
