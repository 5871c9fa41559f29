"""The partition of a key is the one that Java's client and ours choose."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import Producer
from hypothesis import given
from hypothesis import strategies as st

from schemas.partitioning import murmur2, partition_of
from schemas.topics import TopicName, physical
from streams.kafka.topics import ensure_topics
from tests.scenarios.raw_records import put_all
from tests.worlds import World

# Of the test of Kafka's own clients (`UtilsTest`), as numbers with a sign there.
KNOWN = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize("key", KNOWN)
def test_the_hash_is_kafkas(key: bytes) -> None:
    assert murmur2(key) == KNOWN[key] & 0xFFFFFFFF


@given(key=st.binary(max_size=300), partitions=st.integers(1, 1024))
def test_every_key_has_a_partition(key: bytes, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions


@pytest.mark.stack
def test_the_producer_agrees(world: World) -> None:
    """librdkafka with `murmur2_random`, for keys of every length of the last word; its own default does not agree."""
    ensure_topics(world.settings())
    keys = [f"practice-{'x' * (n % 9)}{n}".encode() for n in range(60)]
    stored = put_all(world, [(TopicName.RESULTS, key, b"", None) for key in keys])
    assert [each.partition for each in stored] == [partition_of(key, 3) for key in keys]
    default = Producer({"bootstrap.servers": world.bootstrap})
    found: list[Any] = []
    for key in keys:
        default.produce(
            physical(world.prefix, TopicName.RESULTS),
            b"",
            key,
            on_delivery=lambda _, message: found.append((message.key(), message.partition())),
        )
    default.flush(30)
    assert any(partition != partition_of(key, 3) for key, partition in found)
