"""How many records each practice has on a topic, counted at the broker by their key."""

from __future__ import annotations

from collections import Counter

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from schemas.topics import TopicName, physical
from streams.runtime.errors import Transient
from streams.settings import ProgramSettings

READ_S = 20.0


def records_by_practice(settings: ProgramSettings, *names: TopicName) -> Counter[str]:
    """Committed records of these topics by key. Blocks; Transient when the broker does not answer."""
    found: Counter[str] = Counter()
    consumer = Consumer(
        {
            **settings.kafka_client(),
            "group.id": settings.prefixed("demo"),
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
        }
    )
    try:
        topics = consumer.list_topics(timeout=READ_S).topics
        wanted = [physical(settings.topic_prefix, name) for name in names]
        parts = [TopicPartition(t, p, OFFSET_BEGINNING) for t in wanted for p in topics[t].partitions]
        consumer.assign(parts)
        left = len(parts)
        while left:
            message = consumer.poll(READ_S)
            if message is None:
                raise Transient("the broker did not give a topic's end in time")
            error = message.error()
            if error is None:
                found[(message.key() or b"?").decode(errors="replace")] += 1
            elif error.code() == KafkaError._PARTITION_EOF:
                left -= 1
            else:
                raise Transient(f"a topic cannot be read: {error.name()}")
    finally:
        consumer.close()
    return found
