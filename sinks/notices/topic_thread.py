"""A thread of the notifier that reads one topic, all partitions and without a stored position, until the role ends."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Any, Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from schemas.topics import TopicName, physical
from streams.kafka.client_config import consumer_config
from streams.runtime.lifecycle import Stop
from streams.runtime.logging import log
from streams.settings import ProgramSettings

POLL_S: Final = 0.5
"""Also how late a stop is noticed."""
AGAIN_S: Final = 10.0
"""Between two tries, whatever failed."""
METADATA_S: Final = 10.0

_LOG: Final = log(__name__)


class TopicThread(ABC):
    """Joins no group: each try assigns all partitions anew, from `begin` on. A failure is logged and tried again, so
    nothing that must happen may depend on it alone."""

    topic: TopicName
    name: str
    """Of the thread, and of the client's group, which keeps no position."""
    begin: int
    """OFFSET_BEGINNING or OFFSET_END."""
    failure: str
    """What is logged, with what happens meanwhile."""

    def __init__(self, settings: ProgramSettings, stop: Stop) -> None:
        self._settings = settings
        self._stop = stop
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        """Blocks until the thread has seen the stop."""
        self._thread.join(METADATA_S + AGAIN_S)

    @abstractmethod
    def _follow(self, consumer: Consumer) -> None:
        """Take records until the role stops."""

    def _run(self) -> None:
        while not self._stop:
            try:
                self._read()
            except Exception as error:  # noqa: BLE001 - it may fail for any reason, and is tried again
                _LOG.warning(self.failure, error=type(error).__name__)
                self._stop.wait(AGAIN_S)

    def _read(self) -> None:
        config: dict[str, Any] = consumer_config(self._settings, group=self.name)
        reset = "earliest" if self.begin == OFFSET_BEGINNING else "latest"
        consumer = Consumer(config | {"auto.offset.reset": reset, "error_cb": _log_error})
        try:
            topic = physical(self._settings.topic_prefix, self.topic)
            found = consumer.list_topics(topic, timeout=METADATA_S).topics[topic]
            if found.error is not None:
                raise KafkaException(found.error)
            consumer.assign([TopicPartition(topic, part, self.begin) for part in found.partitions])
            self._follow(consumer)
        finally:
            consumer.close()


def _log_error(error: KafkaError) -> None:
    """The client repairs its connections itself."""
    _LOG.debug("the broker's client reported an error", code=error.name())
