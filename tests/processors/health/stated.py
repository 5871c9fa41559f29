"""Heartbeats onto their topic, and states off theirs, as a poster and a notifier would."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta

from confluent_kafka import Producer

from schemas.health_codec import decode_practice_health, encode_heartbeat
from schemas.heartbeats import AnswerCount, Heartbeat, LatencyCount
from schemas.practice_health import PracticeHealth
from schemas.topics import TopicName, physical
from schemas.vocabulary import AnswerClass, HealthState, Target
from tests.scenarios.topics import read_all
from tests.worlds import World

_numbers = itertools.count(1)


class PosterHeart:
    """Publishes heartbeats as a poster does."""

    def __init__(self, world: World) -> None:
        self._topic = physical(world.prefix, TopicName.HEARTBEATS)
        self._producer = Producer(
            {"bootstrap.servers": world.bootstrap, "partitioner": "murmur2_random", "linger.ms": 0}
        )

    def beat(self, practice_id: str, *, target: Target = Target.PMS, ahead_s: float = 0.0, **answers: int) -> Heartbeat:
        """One heartbeat of just now; its last attempt was answered if any was."""
        now = datetime.now(UTC) + timedelta(seconds=ahead_s)
        classes = Counter({AnswerClass(answer): count for answer, count in answers.items()})
        failed = classes.total() - classes[AnswerClass.ANSWERED]
        heartbeat = Heartbeat(
            heartbeat_id=f"test-{next(_numbers)}",
            practice_id=practice_id,
            target=target,
            began_at=now - timedelta(seconds=1),
            ended_at=now,
            answers=tuple(AnswerCount(answer=each, count=count) for each, count in classes.items() if count),
            retries=failed,
            latencies=(LatencyCount(up_to_ms=100, count=classes.total()),),
            last_answered_at=now if classes[AnswerClass.ANSWERED] else None,
            last_failed_at=now - timedelta(milliseconds=1) if failed else None,
        )
        self.send(practice_id, encode_heartbeat(heartbeat))
        return heartbeat

    def send(self, practice_id: str, value: bytes) -> None:
        """Any bytes; waits for the broker."""
        self._producer.produce(self._topic, value, practice_id.encode())
        assert self._producer.flush(30) == 0


def all_stated(world: World) -> list[PracticeHealth]:
    """Every state that stands on the topic, in the order of their times."""
    records = read_all(world, TopicName.HEALTH)
    return sorted((decode_practice_health(each.value) for each in records), key=lambda each: each.stated_at)


def stated(world: World, practice_id: str) -> list[PracticeHealth]:
    """Every state of a practice that stands on the topic, oldest first."""
    records = read_all(world, TopicName.HEALTH)
    found = [decode_practice_health(each.value) for each in records if each.key == practice_id.encode()]
    return sorted(found, key=lambda each: each.stated_at)


def state_of(world: World, practice_id: str, target: Target = Target.PMS) -> HealthState | None:
    """The newest state of a practice's target; None: never stated."""
    for health in reversed(stated(world, practice_id)):
        return next((each.state for each in health.targets if each.target is target), None)
    return None
