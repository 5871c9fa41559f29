"""Reading the results topic: to its end, from a time, from now; each id once; what is wanted alone."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from schemas.topics import TopicName
from streams.kafka.published_results import Published, Wanted, published_results
from streams.kafka.topics import ensure_topics
from streams.runtime.errors import ConfigurationError
from streams.runtime.lifecycle import Stop
from tests.scenarios.raw_records import put
from tests.scenarios.waiting import WITHIN_S
from tests.streams.kafka.published import REFUSAL, RESULT, WARNING, publish
from tests.worlds import World

pytestmark = pytest.mark.stack


@pytest.fixture
def topics(world: World) -> World:
    ensure_topics(world.settings())
    return world


def ids(world: World, wanted: Wanted) -> list[str]:
    return sorted(each.result.result_id for each in published_results(world.settings(), wanted))


def test_everything_is_read_once_and_what_is_no_result_is_left_out(topics: World) -> None:
    """Law 25: repeats are dropped by their id; a record that this release cannot read stops nothing."""
    for result in (RESULT, REFUSAL, RESULT):
        publish(topics, result)
    put(topics, TopicName.RESULTS, b"northside", b"\x00\x00\x00\x00\x01of a newer release")
    publish(topics, RESULT, result_id="r-3", practice_id="southside")
    publish(topics, WARNING)
    assert ids(topics, Wanted()) == ["r-1", "r-2", "r-3", "r-4"]
    assert ids(topics, Wanted(practice_id="southside")) == ["r-3"]
    assert ids(topics, Wanted(event_id="ev-2")) == ["r-2"]
    assert ids(topics, Wanted(refused_only=True)) == ["r-2", "r-4"]


def test_an_empty_topic_has_an_end_and_one_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(ConfigurationError, match="writeback topics ensure"):
        ids(world, Wanted())
    ensure_topics(world.settings())
    assert ids(world, Wanted()) == []


def test_a_time_is_that_of_publishing(topics: World) -> None:
    """What an entry's own time says does not matter."""
    publish(topics, RESULT)
    now = datetime.now(UTC)
    assert ids(topics, Wanted(since=now - timedelta(minutes=1))) == ["r-1"]
    assert ids(topics, Wanted(since=now + timedelta(minutes=1))) == []


def test_following_begins_now_and_ends_when_it_is_stopped(topics: World) -> None:
    """What was there before is not shown; what comes after the start is fixed is not missed."""
    publish(topics, RESULT, result_id="before")
    stop, ready, found = Stop(), threading.Event(), list[Published]()

    def follow() -> None:
        for each in published_results(topics.settings(), Wanted(from_now=True), stop, ready.set):
            found.append(each)
            stop.set()

    thread = threading.Thread(target=follow)
    thread.start()
    assert ready.wait(WITHIN_S)
    publish(topics, REFUSAL)
    thread.join(WITHIN_S)
    assert not thread.is_alive()
    assert [each.result.result_id for each in found] == ["r-2"]
