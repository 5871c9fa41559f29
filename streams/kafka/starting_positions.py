"""Finds the explicit start of a newly assigned partition (law 5)."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from streams.kafka.client_config import GroupProtocol
from streams.kafka.topic_identity import TopicGuard
from streams.runtime.errors import ConfigurationError, Transient
from streams.runtime.logging import log

PATIENCE_S: Final = 45.0
"""For all questions of one assignment together. Offsets in the open transaction of a killed process are unknown until
it ends (transaction.timeout 15 s); below max.poll.interval (60 s)."""
ASK_S: Final = 15.0
_REFUSED: Final = frozenset({KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED})
"""What waiting does not change. Whatever else a broker says of positions passes: a leader or coordinator moves."""
_LOG = log(__name__)

Found = TypeVar("Found")


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
    until = time.monotonic() + PATIENCE_S
    try:
        committed = committed_offsets(consumer, partitions, until)
        return [_start(consumer, partition, guard, repeatable, until) for partition in committed]
    except KafkaException as error:
        raise Transient("the group's positions cannot be read: is the broker reachable?") from error


def committed_offsets(consumer: Consumer, partitions: Sequence[TopicPartition], until: float) -> list[TopicPartition]:
    """The committed offset of each; blocks and asks again until `until` (monotonic). Raises KafkaException.

    An offset that could not be read is not 'none committed': the partition's own error counts too (law 5).
    """

    def ask(timeout: float) -> list[TopicPartition]:
        found = consumer.committed(list(partitions), timeout=timeout)
        for partition in found:
            if partition.error is not None:
                raise KafkaException(partition.error)
        return found

    return _asked(ask, until)


def _asked(ask: Callable[[float], Found], until: float) -> Found:
    """One answer, asked for again while the broker's errors may pass and time is left."""

    def left() -> float:
        return max(0.1, min(ASK_S, until - time.monotonic()))

    for attempt in Retrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_delay(max(0.0, until - time.monotonic())),
        wait=wait_random_exponential(0.05, max=1.0),
        reraise=True,
    ):
        with attempt:
            return ask(left())
    raise Transient("the broker was not asked")


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and not error.args[0].fatal() and error.args[0].code() not in _REFUSED


def _start(
    consumer: Consumer,
    committed: TopicPartition,
    guard: TopicGuard,
    repeatable: Collection[str],
    until: float,
) -> TopicPartition:
    topic, partition = committed.topic, committed.partition
    where = TopicPartition(topic, partition)
    low, _ = _asked(lambda timeout: consumer.get_watermark_offsets(where, timeout=timeout, cached=False), until)
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


def assign_partitions(consumer: Consumer, protocol: GroupProtocol, partitions: list[TopicPartition]) -> None:
    """Take an assignment at explicit offsets: `assign` under the eager protocol, `incremental_assign` under KIP-848.

    The wrong one stalls (law 3). Only inside the assignment callback.
    """
    if protocol == "consumer":
        consumer.incremental_assign(partitions)
    else:
        consumer.assign(partitions)
