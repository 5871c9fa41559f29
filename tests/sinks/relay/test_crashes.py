"""A relay killed or doubled at any point loses nothing, and repeats are recognisable (scenario 35, laws 13, 25)."""

from __future__ import annotations

import pytest

from schemas.topics import TopicName
from streams.runtime.endpoints import Health
from tests.scenarios.waiting import WITHIN_S, until
from tests.sinks.relay.conftest import Outbox, outbox_ids
from tests.sinks.relay.relays import relay_process, relay_thread

pytestmark = pytest.mark.stack
KILLED = -9
FENCED = 3


def test_killed_between_the_commit_and_the_delete_repeats_under_the_same_id(outbox: Outbox) -> None:
    """Scenario 35: the record comes twice, consumers drop one by its id, the row is gone in the end."""
    row = outbox.put()
    process = relay_process(outbox.world, test_crash_at="relay.after_commit")
    assert process.wait(WITHIN_S) == KILLED
    assert outbox.ids() == {row}
    with relay_thread(outbox.world):
        outbox.wait_empty()
    assert outbox_ids(outbox.records(TopicName.RESULTS)) == [row, row]


def test_killed_before_the_commit_publishes_once(outbox: Outbox) -> None:
    """The broker had acknowledged the record; its transaction is aborted by the next relay of the slot."""
    row = outbox.put()
    process = relay_process(outbox.world, test_crash_at="relay.before_commit")
    assert process.wait(WITHIN_S) == KILLED
    with relay_thread(outbox.world):
        outbox.wait_empty()
    assert outbox_ids(outbox.records(TopicName.RESULTS)) == [row]


def test_control_deleting_first_loses_what_was_not_committed(outbox: Outbox) -> None:
    """With the device off, the same kill loses the row: that is why rows go only after the commit."""
    outbox.put()
    process = relay_process(outbox.world, test_crash_at="relay.before_commit", test_controls="outbox")
    assert process.wait(WITHIN_S) == KILLED
    with relay_thread(outbox.world):
        outbox.wait_empty()
    assert outbox.records(TopicName.RESULTS) == []


def test_a_second_relay_of_the_slot_fences_the_first(outbox: Outbox) -> None:
    """Law 13: the older one exits by itself; rows come once."""
    first = relay_process(outbox.world)
    try:
        before = outbox.put()
        outbox.wait_empty()
        rows = []
        health = Health()
        with relay_thread(outbox.world, health):
            # A commit of the older one in just the moment of the newer one's start may end in its favour.
            until(lambda: health.is_ready()[0], "the newer one has its transactional id")
            while first.poll() is None:  # whichever of the two is quicker takes a row; the older one only once
                rows.append(outbox.put())
                outbox.wait_empty()
            last = outbox.put()
            outbox.wait_empty()
        assert first.returncode == FENCED
    finally:
        first.kill()
        first.wait(WITHIN_S)
    assert set(outbox_ids(outbox.records(TopicName.RESULTS))) == {before, *rows, last}


def test_relays_of_two_slots_share_the_work(outbox: Outbox) -> None:
    rows = {outbox.put(practice_id=f"p{n}") for n in range(200)}
    with relay_thread(outbox.world), relay_thread(outbox.world, slot=1):
        outbox.wait_empty()
    assert sorted(outbox_ids(outbox.records(TopicName.RESULTS))) == sorted(rows)
