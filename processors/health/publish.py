"""Publishes states of practices and waits for the broker's word: what it did not take is stated again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.health_codec import encode_practice_health
from schemas.practice_health import PracticeHealth
from schemas.topics import TopicName, physical
from streams.kafka.client_config import producer_config
from streams.runtime.errors import Transient
from streams.runtime.logging import log
from streams.settings import ProgramSettings

DELIVERY_MS: Final = 10_000
"""A state that is older has been followed by another round."""
WAIT_S: Final = DELIVERY_MS / 1000 + 2

_LOG: Final = log(__name__)


class StatePublisher:
    """The producer of one process. Used by its event loop alone."""

    def __init__(self, settings: ProgramSettings) -> None:
        config: dict[str, Any] = producer_config(settings)
        self._topic = physical(settings.topic_prefix, TopicName.HEALTH)
        self._producer = Producer(
            config | {"client.id": settings.prefixed("practice-health"), "delivery.timeout.ms": DELIVERY_MS}
        )

    async def publish(self, states: Sequence[PracticeHealth]) -> None:
        """Returns when every in-sync replica has all of them. Raises Transient when one was not taken: then any of them
        may be there, and stating them again does no harm."""
        refused: list[str] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                refused.append(error.name())

        try:
            for state in states:
                self._producer.produce(
                    self._topic, encode_practice_health(state), state.practice_id.encode(), on_delivery=delivered
                )
                self._producer.poll(0)
        except (BufferError, KafkaException) as error:
            raise Transient("the broker takes no states of practices: it is asked again") from error
        left = await asyncio.to_thread(self._producer.flush, WAIT_S)
        if left or refused:
            raise Transient(f"the broker did not take {left + len(refused)} states of practices: they are stated again")
