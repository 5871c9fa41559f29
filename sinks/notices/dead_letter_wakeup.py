"""The dead-letter topic wakes the notifier, no more: a record there says that the ledger has news (law 26)."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Final

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition

from schemas.topics import TopicName, physical
from streams.kafka.client_config import consumer_config
from streams.runtime.lifecycle import Stop
from streams.runtime.logging import log
from streams.settings import ProgramSettings

POLL_S: Final = 0.5
"""Also how late a stop is noticed."""
AGAIN_S: Final = 10.0
"""Between two tries to reach the broker: nothing depends on it but speed."""
METADATA_S: Final = 10.0

_LOG = log(__name__)


class DeadLetterWakeup:
    """A thread that sets an event of the loop when a dead letter is published.

    No group position is kept and none is needed: what it misses, the next read of the ledger finds. The broker may be
    away for any time; the notifier is then only as slow as its polling.
    """

    def __init__(self, settings: ProgramSettings, stop: Stop, wanted: asyncio.Event) -> None:
        self._settings = settings
        self._stop = stop
        self._wanted = wanted
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="dead-letter-wakeup", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        """Blocks until the thread has seen the stop."""
        self._thread.join(METADATA_S + AGAIN_S)

    def _run(self) -> None:
        while not self._stop:
            try:
                self._listen()
            except Exception as error:  # noqa: BLE001 - it may fail for any reason; notices do not depend on it
                _LOG.warning("dead letters do not wake the notifier: it polls", error=type(error).__name__)
                self._stop.wait(AGAIN_S)

    def _listen(self) -> None:
        config: dict[str, Any] = consumer_config(self._settings, group="notifier")
        consumer = Consumer(config | {"auto.offset.reset": "latest", "error_cb": _log_error})
        try:
            topic = physical(self._settings.topic_prefix, TopicName.DEAD_LETTERS)
            found = consumer.list_topics(topic, timeout=METADATA_S).topics[topic]
            if found.error is not None:
                raise KafkaException(found.error)
            consumer.assign([TopicPartition(topic, part, OFFSET_END) for part in found.partitions])
            while not self._stop:
                message = consumer.poll(POLL_S)
                if message is not None and message.error() is None:
                    self._loop.call_soon_threadsafe(self._wanted.set)
        finally:
            consumer.close()


def _log_error(error: KafkaError) -> None:
    """The client repairs its connections itself."""
    _LOG.debug("the broker's client reported an error", code=error.name())
