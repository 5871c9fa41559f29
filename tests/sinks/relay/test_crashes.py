"""A relay killed or doubled at any point loses nothing, and repeats are recognisable (scenario 35, laws 13, 25)."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.topics import TopicName
from streams.runtime.endpoints import Health
from tests.scenarios.waiting import until
from tests.sinks.relay.conftest import Outbox, outbox_ids
from tests.sinks.relay.relays import relay_process, relay_thread

pytestmark = pytest.mark.stack
KILLED = -9
FAILED = 1


def test_killed_between_the_commit_and_the_delete_repeats_under_the_same_id(outbox: Outbox, tmp_path: Path) -> None:
    """Scenario 35: the record comes twice, consumers drop one by its id, the row is gone in the end."""
    row = outbox.put()
    process = relay_process(outbox.world, tmp_path, test_crash_at="relay.after_commit")
    assert process.until_dead() == KILLED
    assert outbox.ids() == {row}
    with relay_thread(outbox.world):
        outbox.wait_empty()
    assert outbox_ids(outbox.records(TopicName.RESULTS)) == [row, row]


def test_killed_before_the_commit_publishes_once(outbox: Outbox, tmp_path: Path) -> None:
    """The broker had acknowledged the record; its transaction is aborted by the next relay of the slot."""
    row = outbox.put()
    process = relay_process(outbox.world, tmp_path, test_crash_at="relay.before_commit")
    assert process.until_dead() == KILLED
    with relay_thread(outbox.world):
        outbox.wait_empty()
    assert outbox_ids(outbox.records(TopicName.RESULTS)) == [row]


def test_control_deleting_first_loses_what_was_not_committed(outbox: Outbox, tmp_path: Path) -> None:
    """With the device off, the same kill loses the row: that is why rows go only after the commit."""
    outbox.put()
    process = relay_process(outbox.world, tmp_path, test_crash_at="relay.before_commit", test_controls="outbox")
    assert process.until_dead() == KILLED
    with relay_thread(outbox.world):
        outbox.wait_empty()
    assert outbox.records(TopicName.RESULTS) == []


def test_a_second_relay_of_the_slot_fences_the_first(outbox: Outbox, tmp_path: Path) -> None:
    """Law 13: the older one exits by itself; rows come once."""
    first = relay_process(outbox.world, tmp_path)
    try:
        before = outbox.put()
        outbox.wait_empty()
        rows = []
        health = Health()
        with relay_thread(outbox.world, health):
            # A commit of the older one in just the moment of the newer one's start may end in its favour.
            until(lambda: health.is_ready()[0], "the newer one has its transactional id")
            while first.running:  # whichever of the two is quicker takes a row; the older one only once
                rows.append(outbox.put())
                outbox.wait_empty()
            last = outbox.put()
            outbox.wait_empty()
        assert first.until_dead() == FAILED
        assert "Fenced" in first.text()
    finally:
        first.end()
    assert set(outbox_ids(outbox.records(TopicName.RESULTS))) == {before, *rows, last}


def test_relays_of_two_slots_share_the_work(outbox: Outbox) -> None:
    rows = {outbox.put(practice_id=f"p{n}") for n in range(200)}
    with relay_thread(outbox.world), relay_thread(outbox.world, slot=1):
        outbox.wait_empty()
    assert sorted(outbox_ids(outbox.records(TopicName.RESULTS))) == sorted(rows)
