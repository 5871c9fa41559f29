"""Gauge of a consumer's lag, read from what the client knows, without a question to the broker."""

from __future__ import annotations

import time
from typing import Final

from confluent_kafka import Consumer, KafkaException

from streams.runtime.errors import Role
from streams.runtime.metrics import CONSUMER_LAG

EVERY_S: Final = 5.0


class LagGauge:
    """`measure` once a round; it does something every five seconds and does not block."""

    def __init__(self, role: Role) -> None:
        self._role = role.value
        self._measured_at = float("-inf")

    def measure(self, consumer: Consumer) -> None:
        now = time.monotonic()
        if now - self._measured_at < EVERY_S:
            return
        self._measured_at = now
        try:
            for position in consumer.position(consumer.assignment()):
                _, high = consumer.get_watermark_offsets(position, cached=True)
                if position.offset >= 0 and high >= 0:
                    lag = max(high - position.offset, 0)
                    CONSUMER_LAG.labels(self._role, position.topic, str(position.partition)).set(lag)
        except KafkaException:
            # A gauge is not worth a role: the next measurement is five seconds away.
            self._measured_at = now
