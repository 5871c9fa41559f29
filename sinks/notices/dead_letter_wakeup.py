"""The dead-letter topic wakes the notifier, no more: a record there says that the ledger has news (law 26)."""

from __future__ import annotations

import asyncio

from confluent_kafka import OFFSET_END, Consumer

from schemas.topics import TopicName
from sinks.notices.topic_thread import POLL_S, TopicThread
from streams.runtime.lifecycle import Stop
from streams.settings import ProgramSettings


class DeadLetterWakeup(TopicThread):
    """Sets an event of the loop when a dead letter is published.

    No group position is kept and none is needed: what it misses, the next read of the ledger finds. The broker may be
    away for any time; the notifier is then only as slow as its polling.
    """

    topic = TopicName.DEAD_LETTERS
    name = "notifier"
    begin = OFFSET_END
    failure = "dead letters do not wake the notifier: it polls"

    def __init__(self, settings: ProgramSettings, stop: Stop, wanted: asyncio.Event) -> None:
        super().__init__(settings, stop)
        self._wanted = wanted
        self._loop = asyncio.get_running_loop()

    def _follow(self, consumer: Consumer) -> None:
        while not self._stop:
            message = consumer.poll(POLL_S)
            if message is not None and message.error() is None:
                self._loop.call_soon_threadsafe(self._wanted.set)
