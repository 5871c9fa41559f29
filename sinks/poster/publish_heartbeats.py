"""Publishes a poster's heartbeats beside its calls: what cannot be published at once is dropped and counted."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.health_codec import encode_heartbeat
from schemas.heartbeats import Heartbeat
from schemas.topics import TopicName, physical
from sinks.poster.heartbeats import Heartbeats
from streams.kafka.client_config import producer_config
from streams.runtime.logging import log
from streams.runtime.metrics import HEARTBEATS
from streams.settings import ProgramSettings

QUEUE_RECORDS: Final = 20_000
"""What the client holds for a broker that is away; more is dropped."""
DELIVERY_MS: Final = 30_000
"""A heartbeat that is older says nothing about now."""
ROUND: Final = 500
"""Encoded between two turns of the loop: about 5 ms."""
LAST_S: Final = 0.5
"""For the last ones at a stop; the end of a poster waits for no broker."""

_PUBLISHED: Final = HEARTBEATS.labels("published")
_DROPPED: Final = HEARTBEATS.labels("dropped")
_LOG: Final = log(__name__)


class HeartbeatPublisher:
    """One producer of one poster process. Its methods never raise, and wait for nothing but the loop's next turn."""

    def __init__(self, settings: ProgramSettings, heartbeats: Heartbeats) -> None:
        """Without a broker in the settings nothing is published. Connecting is the client's own thread's business."""
        self._topic = physical(settings.topic_prefix, TopicName.HEARTBEATS)
        self._every_s = settings.times.heartbeat_s
        self._heartbeats = heartbeats
        self._producer: Producer | None = None
        self._complained = False
        if not settings.kafka_bootstrap_servers:
            _LOG.warning("no heartbeats are published: no broker is set")
            return
        config: dict[str, Any] = producer_config(settings)
        self._producer = Producer(
            config
            | {
                "client.id": settings.prefixed("poster-heartbeats"),
                "queue.buffering.max.messages": QUEUE_RECORDS,
                "delivery.timeout.ms": DELIVERY_MS,
                "error_cb": _note_error,
            }
        )

    async def run(self) -> None:
        """Publish until cancelled, then once more. The task beside the poster's loop."""
        try:
            while True:
                await asyncio.sleep(self._every_s)
                await self.publish(self._heartbeats.take())
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await self.publish(self._heartbeats.take())
            if self._producer is not None:
                self._producer.flush(LAST_S)

    async def publish(self, taken: Iterable[Heartbeat]) -> None:
        """Hand heartbeats to the client; those that it cannot take are dropped."""
        for number, heartbeat in enumerate(taken, start=1):
            self._produce(heartbeat)
            if number % ROUND == 0:
                await asyncio.sleep(0)
        if self._producer is not None:
            self._producer.poll(0)

    def _produce(self, heartbeat: Heartbeat) -> None:
        if self._producer is None:
            _DROPPED.inc()
            return
        try:
            self._producer.produce(
                self._topic,
                encode_heartbeat(heartbeat),
                heartbeat.practice_id.encode(),
                on_delivery=self._delivered,
            )
        except (BufferError, KafkaException, ValueError) as error:
            self._dropped(type(error).__name__)

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is None:
            self._complained = False
            _PUBLISHED.inc()
        else:
            self._dropped(error.name())

    def _dropped(self, why: str) -> None:
        _DROPPED.inc()
        if not self._complained:
            self._complained = True
            _LOG.warning("heartbeats of this poster are dropped; its calls go on", error=why)


def _note_error(error: KafkaError) -> None:
    """The client repairs its connections itself."""
    _LOG.debug("the client of the heartbeats reported an error", code=error.name())
