"""Positions are asked for until the broker can say them; an error is never taken for 'none committed' (law 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streams.kafka import starting_positions as module
from streams.kafka.starting_positions import starting_positions
from streams.kafka.topic_identity import TopicGuard
from streams.runtime.errors import Transient

TOPIC = "payments.v1"


class MovingBroker:
    """A consumer whose broker answers each kind of question with these errors first."""

    def __init__(self, *, committed: list[int] = (), low: list[int] = (), part: list[int] = ()) -> None:  # type: ignore[assignment]
        self._errors = {"committed": list(committed), "low": list(low)}
        self._part = list(part)

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[Any]:
        self._fail("committed")
        return [Answered(each, self._part.pop(0) if self._part else None) for each in partitions]

    def get_watermark_offsets(self, partition: TopicPartition, timeout: float, cached: bool) -> tuple[int, int]:
        self._fail("low")
        return (3, 90)

    def _fail(self, name: str) -> None:
        if self._errors[name]:
            raise KafkaException(KafkaError(self._errors[name].pop(0)))


class Answered:
    """A partition as the client answers it: with an error of its own, its offset says nothing."""

    def __init__(self, asked: TopicPartition, error: int | None) -> None:
        self.topic, self.partition, self.metadata = asked.topic, asked.partition, None
        self.error = None if error is None else KafkaError(error)
        self.offset = 42 if error is None else -1001


class AnyTopic:
    def confirm(self, topic: str, known_id: str | None) -> None:
        """Every topic is the one it was."""


def _starts(broker: MovingBroker) -> list[int]:
    consumer, guard = cast(Consumer, broker), cast(TopicGuard, AnyTopic())
    return [start.offset for start in starting_positions(consumer, [TopicPartition(TOPIC, 0)], guard, ())]


@pytest.mark.parametrize(
    "broker",
    [
        lambda: MovingBroker(low=[KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE]),
        lambda: MovingBroker(committed=[KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError._TIMED_OUT]),
        lambda: MovingBroker(part=[KafkaError.UNSTABLE_OFFSET_COMMIT, KafkaError.NOT_COORDINATOR]),
    ],
)
def test_what_passes_is_waited_out(broker: Callable[[], MovingBroker]) -> None:
    """A moving leader or coordinator, also where only one partition's answer says so: the committed offset counts."""
    assert _starts(broker()) == [42]


def test_what_does_not_pass_is_said_at_once() -> None:
    """A missing right is not repaired by asking again."""
    broker = MovingBroker(committed=[KafkaError.GROUP_AUTHORIZATION_FAILED])
    with pytest.raises(Transient):
        _starts(broker)
    assert _starts(broker) == [42]


def test_a_broker_that_stays_silent_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait is one deadline for all questions of an assignment."""
    monkeypatch.setattr(module, "PATIENCE_S", 0.3)
    with pytest.raises(Transient):
        _starts(MovingBroker(part=[KafkaError.NOT_COORDINATOR] * 1000))
