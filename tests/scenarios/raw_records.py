"""Records written to a topic byte for byte, as a faulty upstream would."""

from __future__ import annotations

from typing import Any

import msgspec
from confluent_kafka import KafkaException, Producer

from schemas.topics import LARGEST_BATCH_BYTES, TopicName, physical
from tests.scenarios.waiting import WITHIN_S
from tests.worlds import World

BY_KEY = -1


class Put(msgspec.Struct, frozen=True):
    topic: TopicName
    partition: int
    offset: int


def put(world: World, topic: TopicName, key: bytes | None, value: bytes | None, partition: int | None = None) -> Put:
    """One record, where the broker stored it. Without a partition the key decides, as the producer kit would."""
    return put_all(world, [(topic, key, value, partition)])[0]


def put_all(world: World, records: list[tuple[TopicName, bytes | None, bytes | None, int | None]]) -> list[Put]:
    """In this order, to each partition in one run: what is put together is likely to be one batch of RULES."""
    producer = Producer(
        {
            "bootstrap.servers": world.bootstrap,
            "partitioner": "murmur2_random",
            "linger.ms": 5,
            "message.max.bytes": LARGEST_BATCH_BYTES,
        }
    )
    stored: dict[int, Put] = {}

    def report(number: int, topic: TopicName) -> Any:
        def delivered(error: Any, message: Any) -> None:
            if error is not None:
                raise KafkaException(error)
            stored[number] = Put(topic, message.partition(), message.offset())

        return delivered

    for number, (topic, key, value, partition) in enumerate(records):
        where = BY_KEY if partition is None else partition
        producer.produce(physical(world.prefix, topic), value, key, where, on_delivery=report(number, topic))
    producer.flush(WITHIN_S)
    return [stored[number] for number in range(len(records))]
