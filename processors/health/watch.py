"""Watches HEALTH from a thread of its own: a worker whose consumer hangs is ended, and started anew by its supervisor.

Faust's consumers are known to stop without a word; a restart is the cure, and the tables make it harmless.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas.topics import TopicName, physical
from streams.kafka.client_config import log_client_error
from streams.runtime.endpoints import Health
from streams.runtime.lifecycle import Stop
from streams.runtime.logging import log
from streams.runtime.metrics import HEALTH_UNREAD
from streams.runtime.role_process import FAILED
from streams.settings import ProgramSettings

LOOK_S: Final = 5.0
"""Between two questions to the broker."""
ASK_S: Final = 5.0

_LOG: Final = log(__name__)


class Progress:
    """How long each partition has had something unread without a step of its position. Pure but for the given times."""

    def __init__(self, stuck_s: float) -> None:
        self._stuck_s = stuck_s
        self._since: dict[int, tuple[int, float]] = {}

    def is_stuck(self, partition: int, committed: int, end: int, now: float) -> bool:
        """`committed` < 0: no position yet. `now` in seconds of the monotonic clock."""
        if committed < 0 or end <= committed:
            self._since.pop(partition, None)
            return False
        position, since = self._since.get(partition, (committed, now))
        if position != committed:
            position, since = committed, now
        self._since[partition] = (position, since)
        return now - since >= self._stuck_s

    def forget(self, kept: set[int]) -> None:
        """Partitions that are another worker's now."""
        self._since = {partition: seen for partition, seen in self._since.items() if partition in kept}


class Watch:
    """The thread. `assigned` says which partitions of the heartbeats this worker has; safe to call from any thread."""

    def __init__(
        self,
        settings: ProgramSettings,
        stop: Stop,
        health: Health,
        assigned: Callable[[], frozenset[int]],
        end: Callable[[int], Any] = os._exit,
    ) -> None:
        self._settings = settings
        self._stop = stop
        self._health = health
        self._assigned = assigned
        self._end = end
        self._progress = Progress(settings.times.health.stuck_s)
        self._topic = physical(settings.topic_prefix, TopicName.HEARTBEATS)
        self._thread = threading.Thread(target=self._run, name="health-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        """Blocks until the thread has seen the stop; at most as long as one question takes."""
        self._thread.join(2 * ASK_S)

    def _run(self) -> None:
        config = self._settings.kafka_client() | {
            "group.id": self._settings.prefixed("health"),
            "enable.auto.commit": False,
            "log_level": 3,
        }
        consumer = Consumer(dict[str, Any](config) | {"error_cb": log_client_error})
        try:
            while not self._stop.wait(LOOK_S):
                alive, why = self._health.is_alive()
                if not alive:
                    _LOG.error("HEALTH hangs and is ended: its supervisor starts it anew", reason=why)
                    self._end(FAILED)
                try:
                    self._look(consumer)
                except KafkaException as error:
                    _LOG.warning("HEALTH cannot be watched: the broker does not answer", code=error.args[0].name())
        finally:
            consumer.close()

    def _look(self, consumer: Consumer) -> None:
        mine = self._assigned()
        self._progress.forget(set(mine))
        if not mine:
            return
        positions = consumer.committed([TopicPartition(self._topic, each) for each in sorted(mine)], timeout=ASK_S)
        for position in positions:
            if position.error is not None:
                continue
            _, end = consumer.get_watermark_offsets(position, timeout=ASK_S)
            HEALTH_UNREAD.labels(str(position.partition)).set(max(0, end - max(position.offset, 0)))
            if self._progress.is_stuck(position.partition, position.offset, end, time.monotonic()):
                _LOG.error(
                    "HEALTH reads nothing although there is something: it is ended, and started anew",
                    partition=position.partition,
                    offset=position.offset,
                )
                self._end(FAILED)
