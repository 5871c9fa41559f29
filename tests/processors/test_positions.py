"""Where RULES starts, and when it refuses to go on (law 5; scenario 13; topic re-created live, retention gap)."""

from __future__ import annotations

import pytest

import streams.kafka.topic_identity
from schemas.codec import encode_event
from schemas.topics import TopicName, physical
from schemas.writebacks import Redecision, SourcePosition
from streams.kafka.redecision_requests import redecision_headers
from streams.kafka.starting_positions import PositionLostError
from streams.kafka.topic_identity import TopicReplacedError
from streams.kafka.topics import ensure_topics
from tests.processors.rules.event_examples import NOON, PRACTICE, changed, history, payment
from tests.processors.running_rules import RulesAtWork, RulesThread, delete_before, delete_topic
from tests.scenarios.waiting import until
from tests.worlds import World

pytestmark = pytest.mark.stack

KEY = PRACTICE.encode()


def sent(work: RulesAtWork, first: int, count: int) -> int:
    """Sends payments of one practice, so to one partition; returns it."""
    events = [changed(payment(), event_id=f"ev-{n}", payment_id=f"pay-{n}") for n in range(first, first + count)]
    return work.send(events)[0].partition


def test_a_first_start_begins_at_what_is_there(world: World) -> None:
    """Law 5: named explicitly, the partition's beginning, even when older records have expired."""
    work = RulesAtWork(world)
    work.save(history())
    partition = sent(work, 0, 10)
    delete_before(work, TopicName.PAYMENTS, partition, 4)
    with RulesThread(work.settings):
        assert len(work.until_out(6)) == 6
    assert work.committed(TopicName.PAYMENTS)[partition] == 10


def test_a_retention_gap_stops_the_role(world: World) -> None:
    """Law 5: records that expired unread are said aloud, with how many, and not jumped over."""
    work = RulesAtWork(world)
    work.save(history())
    partition = sent(work, 0, 3)
    with RulesThread(work.settings):
        work.until_out(3)
    sent(work, 3, 5)
    delete_before(work, TopicName.PAYMENTS, partition, 6)
    with RulesThread(work.settings) as rules:
        error = rules.until_ended()
    assert isinstance(error, PositionLostError)
    assert "3 records expired unread" in str(error)
    assert len(work.out()) == 3


def test_expired_requests_are_repeated_so_they_stop_nobody(world: World) -> None:
    """INTAKE repeats a re-decision until it is answered: a gap there is gone over."""
    work = RulesAtWork(world)
    work.save(history())
    where = SourcePosition(topic=TopicName.PAYMENTS, topic_id="t", partition=0, offset=0, appended_at=NOON)
    request = Redecision(
        position=where, practice_id=PRACTICE, least_version=1, original_key=KEY, original=encode_event(payment())
    )

    def ask() -> int:
        headers = redecision_headers(request)
        return work.put(TopicName.REDECISIONS, KEY, request.original, headers=headers).partition

    partition = ask()
    with RulesThread(work.settings):
        work.until_out(1)
    ask()
    ask()
    delete_before(work, TopicName.REDECISIONS, partition, 2)
    with RulesThread(work.settings) as rules:
        work.until_out(2)
        assert rules.error is None
    assert len(work.out()) == 2


def _recreate(world: World, monkeypatch: pytest.MonkeyPatch, **settings: str) -> BaseException | None:
    """Deletes and makes a source topic again while RULES runs; how RULES takes it."""
    monkeypatch.setattr(streams.kafka.topic_identity, "CHECK_EVERY_S", 0.1)
    work = RulesAtWork(world, **settings)
    work.save(history())
    sent(work, 0, 3)
    with RulesThread(work.settings) as rules:
        work.until_out(3)
        delete_topic(work, TopicName.PAYMENTS)
        until(lambda: physical(world.prefix, TopicName.PAYMENTS) not in work.admin.list_topics().topics, "it is gone")
        ensure_topics(work.settings)
        if settings:
            rules.until_ready()
            sent(work, 3, 1)
            rules.until_quiet()
            return rules.error
        return rules.until_ended()


def test_a_topic_made_again_stops_the_role(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 5: another topic id means that offsets mean nothing any more."""
    error = _recreate(world, monkeypatch)
    assert isinstance(error, TopicReplacedError | PositionLostError)


def test_without_ids_a_topic_made_again_goes_unnoticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of law 5: the same happens, and nobody says that it is another topic."""
    assert not isinstance(_recreate(world, monkeypatch, test_controls="topic_ids"), TopicReplacedError)


def test_offsets_of_another_topic_refuse_to_start(world: World) -> None:
    """Law 5: the topic's id goes along with each commit, so that a restart knows too."""
    work = RulesAtWork(world)
    work.save(history())
    partition = sent(work, 0, 3)
    with RulesThread(work.settings):
        work.until_out(3)
    work.commit_as(TopicName.PAYMENTS, partition, 3, "another-topic-id")
    with RulesThread(work.settings) as rules:
        error = rules.until_ended()
    assert isinstance(error, TopicReplacedError)
    assert "writeback audit-receipts" in str(error)
