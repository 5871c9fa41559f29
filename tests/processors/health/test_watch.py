"""A worker that hangs is noticed: by its beat, or by a position that stands still while there is something to read."""

from __future__ import annotations

import threading

import pytest

from processors.health.watch import Progress, Watch
from schemas.topics import TopicName, physical
from streams.kafka.topics import ensure_topics
from streams.runtime.endpoints import Health
from streams.runtime.lifecycle import Stop
from streams.runtime.role_process import FAILED
from streams.settings import ProgramSettings
from tests.processors.health.stated import PosterHeart
from tests.scenarios.waiting import WITHIN_S
from tests.worlds import World


def test_a_position_that_stands_still_is_stuck_only_while_there_is_more() -> None:
    progress = Progress(stuck_s=10)
    assert not progress.is_stuck(0, committed=5, end=9, now=0)
    assert not progress.is_stuck(0, committed=5, end=9, now=9)
    assert progress.is_stuck(0, committed=5, end=9, now=10)
    assert not progress.is_stuck(0, committed=6, end=9, now=11)
    assert not progress.is_stuck(0, committed=9, end=9, now=30)
    assert not progress.is_stuck(0, committed=9, end=12, now=40)
    assert progress.is_stuck(0, committed=9, end=13, now=50)


def test_a_partition_without_a_position_or_of_another_is_not_stuck() -> None:
    progress = Progress(stuck_s=10)
    for now in (0, 99):
        assert not progress.is_stuck(0, committed=-1001, end=9, now=now)
        assert not progress.is_stuck(1, committed=3, end=3, now=now)
    assert not progress.is_stuck(2, committed=3, end=9, now=0)
    progress.forget({0})
    assert not progress.is_stuck(2, committed=3, end=9, now=99)


class Ended:
    """Takes the exit code in the place of the process's end."""

    def __init__(self) -> None:
        self.code: int | None = None
        self.happened = threading.Event()

    def __call__(self, code: int) -> None:
        self.code = code
        self.happened.set()


def quick(settings: ProgramSettings, monkeypatch: pytest.MonkeyPatch) -> ProgramSettings:
    """Looks often, and loses patience at once."""
    monkeypatch.setattr("processors.health.watch.LOOK_S", 0.2)
    monkeypatch.setattr("processors.health.watch.Progress", lambda _: Progress(0.0))
    return settings


@pytest.mark.expects_errors
def test_a_loop_that_hangs_ends_the_process(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, stop = Ended(), Stop()
    watch = Watch(quick(world.settings(), monkeypatch), stop, Health(beat_within_s=0.0), frozenset, ended)
    watch.start()
    assert ended.happened.wait(WITHIN_S)
    assert ended.code == FAILED
    stop.set()
    watch.join()


@pytest.mark.expects_errors
def test_a_consumer_that_hangs_ends_the_process(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker's own numbers say so: a position, and records behind it that nobody takes."""
    from confluent_kafka import Consumer, TopicPartition

    settings = quick(world.settings(), monkeypatch)
    ensure_topics(settings)
    PosterHeart(world).beat("p1", ANSWERED=1)
    topic = physical(world.prefix, TopicName.HEARTBEATS)
    consumer = Consumer({"bootstrap.servers": world.bootstrap, "group.id": f"{world.prefix}health"})
    consumer.commit(offsets=[TopicPartition(topic, each, 0) for each in range(3)], asynchronous=False)
    consumer.close()
    ended, stop = Ended(), Stop()
    health = Health()
    watch = Watch(settings, stop, health, lambda: frozenset(range(3)), ended)
    watch.start()
    assert ended.happened.wait(WITHIN_S)
    assert ended.code == FAILED
    stop.set()
    watch.join()
