"""Heartbeats reach their topic from a poster at work, and never hold up a call where they cannot."""

from __future__ import annotations

from collections import Counter

from confluent_kafka import Producer

from schemas.health_codec import decode_heartbeat
from schemas.topics import TopicName
from schemas.vocabulary import AnswerClass, Target
from sinks.poster.heartbeats import Heartbeats
from sinks.poster.publish_heartbeats import HeartbeatPublisher
from streams.kafka.topics import ensure_topics
from streams.runtime.metrics import HEARTBEATS
from tests.scenarios.topics import read_all
from tests.scenarios.waiting import until
from tests.sinks.poster.offices import Offices
from tests.worlds import World


def reported(world: World, practice_id: str) -> Counter[AnswerClass]:
    """Attempts by class on the topic."""
    found: Counter[AnswerClass] = Counter()
    for record in read_all(world, TopicName.HEARTBEATS):
        beat = decode_heartbeat(record.value)
        if beat.practice_id == practice_id:
            assert record.key == practice_id.encode()
            assert beat.target is Target.PMS
            found.update({each.answer: each.count for each in beat.answers})
    return found


def test_a_poster_reports_its_attempts(offices: Offices) -> None:
    """One attempt for each of two entries, by practice and target; a refusal by its class."""
    ensure_topics(offices.world.settings())
    office, other = offices.open(), offices.open("practice-2", mapping={"pay_type": 999_999})
    offices.database.report(office.pay(), other.pay())
    offices.poster()
    office.until_states("POSTED", "POSTED")
    until(lambda: reported(offices.world, "practice-1")[AnswerClass.ANSWERED] >= 2, "both attempts are reported")
    until(lambda: reported(offices.world, "practice-2")[AnswerClass.REFUSED] >= 1, "the refusal is reported")
    offices.stop_posters()
    assert set(reported(offices.world, "practice-1")) == {AnswerClass.ANSWERED}


def test_heartbeats_that_cannot_be_published_hold_up_no_call(offices: Offices) -> None:
    """Without their topic they are lost; the money is posted, and the poster stops in order."""
    office = offices.open()
    offices.database.report(*(office.pay() for _ in range(3)))
    offices.poster()
    office.until_states(*["POSTED"] * 6)
    offices.stop_posters()


class FullProducer:
    """A client without room."""

    def __init__(self, config: object) -> None:
        self.config = config

    def produce(self, *_: object, **__: object) -> None:
        raise BufferError

    def poll(self, _: float) -> int:
        return 0


async def test_what_the_client_has_no_room_for_is_dropped_and_counted(world: World) -> None:
    """Bounded: no error reaches the poster's loop."""
    counted = Heartbeats("poster-1")
    publisher = HeartbeatPublisher(world.settings(), counted)
    assert isinstance(publisher._producer, Producer)
    publisher._producer = FullProducer({})  # type: ignore[assignment]
    for number in range(3):
        counted.count(f"p{number}", Target.PMS, AnswerClass.ANSWERED, 0.1)
    before = HEARTBEATS.labels("dropped")._value.get()
    await publisher.publish(counted.take())
    assert HEARTBEATS.labels("dropped")._value.get() == before + 3
