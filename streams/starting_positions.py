"""Where a newly assigned partition starts: never where a client would guess (law 5)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from streams.client_config import GroupProtocol
from streams.errors import ConfigurationError, Transient
from streams.logging import log
from streams.topic_guard import TopicGuard

ASK_S: Final = 15.0
COMMITTED_S: Final = 40.0
"""Offsets in the open transaction of a killed process are unknown until it ends (transaction.timeout 15 s); well below
max.poll.interval (60 s)."""
_LOG = log(__name__)


class PositionLostError(ConfigurationError):
    """Records between the committed position and the partition's start are gone; reading on would hide that."""


def starting_positions(
    consumer: Consumer, partitions: Sequence[TopicPartition], guard: TopicGuard, repeatable: Collection[str]
) -> list[TopicPartition]:
    """The explicit start of each partition; blocks while an open transaction hides it.

    1. The committed offset, if its topic is still the one it was committed for (its id is the commit's metadata).
    2. None committed: the first start, named: the low-water mark.
    3. A low-water mark above the committed offset: PositionLostError; topics in `repeatable`, whose records are sent
    again by their writer until they are answered, go on from the mark.
    """
    try:
        committed = consumer.committed(list(partitions), timeout=COMMITTED_S)
    except KafkaException as error:
        raise Transient("the group's committed offsets cannot be read") from error
    return [_start(consumer, partition, guard, repeatable) for partition in committed]


def _start(
    consumer: Consumer, committed: TopicPartition, guard: TopicGuard, repeatable: Collection[str]
) -> TopicPartition:
    topic, partition = committed.topic, committed.partition
    try:
        low, _ = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=ASK_S, cached=False)
    except KafkaException as error:
        raise Transient(f"the start of {topic}-{partition} cannot be read") from error
    if committed.offset < 0:
        _LOG.info("first start of a partition, from its beginning", topic=topic, partition=partition, offset=low)
        return TopicPartition(topic, partition, low)
    guard.confirm(topic, committed.metadata)
    if low <= committed.offset:
        return TopicPartition(topic, partition, committed.offset)
    if topic in repeatable:
        _LOG.warning("records expired unread; their writer repeats them", topic=topic, partition=partition, offset=low)
        return TopicPartition(topic, partition, low)
    raise PositionLostError(
        f"{topic}-{partition}: the next offset is {committed.offset} and the partition starts at {low}, so "
        f"{low - committed.offset} records expired unread. Have them sent again, then set the group's offset to {low}"
    )


def adopt(consumer: Consumer, protocol: GroupProtocol, partitions: list[TopicPartition]) -> None:
    """Take an assignment at explicit offsets: `assign` under the eager protocol, `incremental_assign` under KIP-848.

    The wrong one stalls (law 3). Only inside the assignment callback.
    """
    if protocol == "consumer":
        consumer.incremental_assign(partitions)
    else:
        consumer.assign(partitions)
