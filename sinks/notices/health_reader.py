"""A thread of the notifier that reads `practice-health.v1` into the ledger; notices come from there (laws 26, 27)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any, Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.codec import Undecodable
from schemas.health_codec import decode_practice_health
from schemas.practice_health import PracticeHealth
from schemas.topics import TopicName, physical
from sinks.ledger.schema.database import connect
from sinks.notices.keep_health import keep_health
from streams.kafka.client_config import consumer_config
from streams.runtime.lifecycle import Stop
from streams.runtime.logging import log
from streams.settings import ProgramSettings

BATCH: Final = 500
POLL_S: Final = 0.5
"""Also how late a stop is noticed."""
AGAIN_S: Final = 10.0
"""Between two tries to reach the broker or the ledger."""
METADATA_S: Final = 10.0

_LOG: Final = log(__name__)


class HealthReader:
    """Reads every partition from its beginning (the topic keeps the newest record of each practice) and goes on.

    It needs no position of its own: what was kept already changes nothing. While the broker is away states expire,
    which opens no notice and closes none.
    """

    def __init__(self, settings: ProgramSettings, stop: Stop, wanted: asyncio.Event) -> None:
        """`wanted` is set, in the running loop, when a target is in another state."""
        self._settings = settings
        self._stop = stop
        self._wanted = wanted
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="health-reader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        """Blocks until the thread has seen the stop."""
        self._thread.join(METADATA_S + AGAIN_S)

    def _run(self) -> None:
        while not self._stop:
            try:
                self._read()
            except Exception as error:  # noqa: BLE001 - whatever it was, all is read again from the beginning
                _LOG.warning("states of targets cannot be read: they are read again", error=type(error).__name__)
                self._stop.wait(AGAIN_S)

    def _read(self) -> None:
        config: dict[str, Any] = consumer_config(self._settings, group="notifier-health")
        consumer = Consumer(config | {"auto.offset.reset": "earliest", "error_cb": _note_error})
        try:
            topic = physical(self._settings.topic_prefix, TopicName.HEALTH)
            found = consumer.list_topics(topic, timeout=METADATA_S).topics[topic]
            if found.error is not None:
                raise KafkaException(found.error)
            consumer.assign([TopicPartition(topic, part, OFFSET_BEGINNING) for part in found.partitions])
            with connect(self._settings.database_url, "notifier-health") as connection:
                while not self._stop:
                    states = _states(consumer.consume(BATCH, POLL_S))
                    if states and keep_health(connection, states, self._settings.times.health):
                        self._loop.call_soon_threadsafe(self._wanted.set)
        finally:
            consumer.close()


def _states(messages: Sequence[Message]) -> list[PracticeHealth]:
    """Those that can be read; one that cannot concerns its practice alone."""
    found = []
    for message in messages:
        if message.error() is not None:
            continue
        try:
            found.append(decode_practice_health(message.value()))
        except Undecodable as error:
            _LOG.warning("a state of a practice cannot be read", reason=error.reason.value, offset=message.offset())
    return found


def _note_error(error: KafkaError) -> None:
    """The client repairs its connections itself."""
    _LOG.debug("the broker's client reported an error", code=error.name())
