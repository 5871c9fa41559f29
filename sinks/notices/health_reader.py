"""A thread of the notifier that reads `practice-health.v1` into the ledger; notices come from there (laws 26, 27)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message

from schemas.codec import Undecodable
from schemas.health_codec import decode_practice_health
from schemas.practice_health import PracticeHealth
from schemas.topics import TopicName
from sinks.ledger.schema.database import connect
from sinks.notices.keep_health import keep_health
from sinks.notices.topic_thread import POLL_S, TopicThread
from streams.runtime.lifecycle import Stop
from streams.runtime.logging import log
from streams.settings import ProgramSettings

BATCH: Final = 500

_LOG: Final = log(__name__)


class HealthReader(TopicThread):
    """Reads every partition from its beginning (the topic keeps the newest record of each practice) and goes on.

    It needs no position of its own: what was kept already changes nothing. While the broker is away states expire,
    which opens no notice and closes none.
    """

    topic = TopicName.HEALTH
    name = "notifier-health"
    begin = OFFSET_BEGINNING
    failure = "states of targets cannot be read: they are read again"

    def __init__(self, settings: ProgramSettings, stop: Stop, wanted: asyncio.Event) -> None:
        """`wanted` is set, in the running loop, when a target is in another state."""
        super().__init__(settings, stop)
        self._wanted = wanted
        self._loop = asyncio.get_running_loop()

    def _follow(self, consumer: Consumer) -> None:
        with connect(self._settings.database_url, self.name) as connection:
            while not self._stop:
                states = _states(consumer.consume(BATCH, POLL_S))
                if states and keep_health(connection, states, self._settings.times.health):
                    self._loop.call_soon_threadsafe(self._wanted.set)


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
