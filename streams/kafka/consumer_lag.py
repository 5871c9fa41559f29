"""Gauges of a consumer's lag, in records and in seconds, read from what the client knows, without a question to the
broker."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final, NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition

from streams.runtime.errors import Role
from streams.runtime.metrics import CONSUMER_LAG, CONSUMER_LAG_SECONDS

EVERY_S: Final = 5.0


class Read(NamedTuple):
    """A record that was read: its partition, and its timestamp in the topic."""

    topic: str
    """The physical name."""
    partition: int
    timestamp_ms: int


class LagGauge:
    """`measure` once a round; it does something every five seconds and does not block.

    A lag in seconds is the age of the last record that was read, while there are further ones: what is delivered now
    was waiting that long. Where none was read yet it is the time since the lag was first seen. Partitions that went to
    another process are shown by that one alone.
    """

    def __init__(self, role: Role) -> None:
        self._role = role.value
        self._measured_at = float("-inf")
        self._read_ms: dict[tuple[str, int], int] = {}
        self._shown: set[tuple[str, int]] = set()

    def measure(self, consumer: Consumer, batch: Iterable[Read]) -> None:
        """`batch`: what was read since the last round, asked for only when it is time."""
        now = time.monotonic()
        if now - self._measured_at < EVERY_S:
            return
        self._measured_at = now
        self._read_ms |= {(each.topic, each.partition): each.timestamp_ms for each in batch}
        try:
            positions = consumer.position(consumer.assignment())
            behind = {(each.topic, each.partition): _behind(consumer, each) for each in positions}
        except KafkaException:
            return  # A gauge is not worth a role: the next measurement is five seconds away.
        self.forget(self._shown - behind.keys())
        for key, lag in behind.items():
            if lag is not None:
                self._show(key, lag)

    def forget(self, partitions: Iterable[tuple[str, int]] | None = None) -> None:
        """Show these partitions no more; all of them where none are named."""
        for topic, partition in list(self._shown if partitions is None else partitions):
            self._shown.discard((topic, partition))
            self._read_ms.pop((topic, partition), None)
            for gauge in (CONSUMER_LAG, CONSUMER_LAG_SECONDS):
                gauge.remove(self._role, topic, str(partition))

    def _show(self, key: tuple[str, int], lag: int) -> None:
        topic, partition = key
        self._shown.add(key)
        now_ms = time.time() * 1000
        since_ms = self._read_ms.setdefault(key, int(now_ms)) if lag else now_ms
        CONSUMER_LAG.labels(self._role, topic, str(partition)).set(lag)
        CONSUMER_LAG_SECONDS.labels(self._role, topic, str(partition)).set(max(now_ms - since_ms, 0.0) / 1000)


def _behind(consumer: Consumer, position: TopicPartition) -> int | None:
    """Records behind the end; None while the client does not know one of the two."""
    _, high = consumer.get_watermark_offsets(position, cached=True)
    return None if position.offset < 0 or high < 0 else max(high - position.offset, 0)
