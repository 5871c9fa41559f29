"""Turns: bounded, side by side, behind what is to be posted, never over one another (SYN-1, SYN-2, SYN-5, law 22)."""

from __future__ import annotations

import time

import pytest

from deploy.sandbox.running import FaultKind
from schemas.practice_settings import AmountMode
from sinks.sync.turn import PAGES
from streams.fault_injection import Control
from tests.scenarios.waiting import until
from tests.sinks.sync.readers import Readers

pytestmark = pytest.mark.stack


def test_daily_is_the_rule_and_hourly_a_choice(readers: Readers) -> None:
    """SYN-1, SYN-2: the next round begins a period after this one began."""
    readers.open()
    readers.open("practice-2")
    readers.database.connection.execute("UPDATE practices SET sync_every = 'HOURLY' WHERE practice_id = 'practice-2'")
    readers.reader()
    readers.until_read()
    readers.until_read("practice-2")
    query = "SELECT round(extract(epoch FROM due_at - now()) / 3600) FROM mirror_practices WHERE practice_id = %s"
    assert (readers.one(query, "practice-1"), readers.one(query, "practice-2")) == (24, 1)


def test_many_patients_take_many_turns_and_nobody_waits_for_them(readers: Readers) -> None:
    """A turn is a number of pages: a practice of many patients is read in several, and others between them."""
    many = (PAGES + 5) * 100
    office = readers.open()
    readers.sandbox.open_dental.add_patients(office.customer_key, many)
    readers.open("practice-2")
    readers.reader()
    readers.until_read("practice-2")
    readers.until_read()
    assert len(readers.patients()) == many
    assert readers.read("patients", "rows") == many
    assert int(readers.one("SELECT epoch FROM mirror_practices WHERE practice_id = 'practice-1'")) >= 2
    calls = [
        call
        for call in readers.sandbox.open_dental.calls(office.customer_key)
        if call.path.endswith("/patients/Simple")
    ]
    assert len(calls) == PAGES + 6


def test_an_office_that_is_off_is_tried_later_and_stops_nobody(readers: Readers) -> None:
    """What was read so far stays, and the round goes on from there."""
    dead = readers.open(office={"econnector_running": False})
    readers.sandbox.open_dental.add_patients(dead.customer_key, 2)
    live = readers.open("practice-2")
    readers.sandbox.open_dental.add_patients(live.customer_key, 3)
    readers.reader()
    readers.until_read("practice-2")
    query = "SELECT failures FROM mirror_practices WHERE practice_id = 'practice-1' AND result = 'FAILED'"
    until(lambda: readers.database.rows(query) == [(1,)], "the first try has failed", show=readers.said)
    assert readers.patients() == {}
    readers.sandbox.open_dental.change_office(dead.customer_key, econnector_running=True)
    readers.ask()
    readers.until_read()
    assert len(readers.patients()) == 2
    assert readers.one("SELECT failures FROM mirror_practices WHERE practice_id = 'practice-1'") == 0


def test_a_kind_that_cannot_be_read_is_said_and_the_others_go_on(readers: Readers) -> None:
    """An older office lists payments of one patient alone: that is said of payments, and patients are read."""
    office = readers.open(office={"lists_need_patient": True})
    readers.sandbox.open_dental.add_patients(office.customer_key, 2)
    readers.reader()
    readers.until_read(result="PARTLY")
    assert len(readers.patients()) == 2
    assert (readers.read("payments", "result"), readers.read("payments", "code")) == ("FAILED", "HTTP_400_PATIENT")


@pytest.mark.parametrize("text", ["junk", '[{"PatNum": "1e999"}, 7]', '{"a": 1}', "[" * 50_000])
def test_hostile_answers_store_nothing_and_end_the_kind(readers: Readers, text: str) -> None:
    """Law 29: what cannot be read is no page, and no absence either."""
    office = readers.open()
    readers.sandbox.open_dental.fault(
        FaultKind.STATUS, status=200, text=text, account=office.customer_key, method="GET", path="/patients/Simple"
    )
    readers.reader()
    readers.until_read(result="PARTLY")
    assert readers.patients() == {}
    assert readers.read("patients", "result") == "FAILED"


def _due(readers: Readers) -> None:
    """A gate with something to post, and no poster yet."""
    readers.database.connection.execute(
        "INSERT INTO gates (practice_id, connection_id, next_due_at) VALUES ('practice-1', 'practice-1-PMS', now())"
        " ON CONFLICT (practice_id, connection_id) DO UPDATE SET next_due_at = now()"
    )


def test_reading_gives_way_to_what_is_to_be_posted(readers: Readers) -> None:
    """Law 22: one owner at a time, and a payment goes first. Nothing is asked of the office meanwhile."""
    office = readers.open()
    _due(readers)
    readers.reader()
    query = "SELECT 1 FROM mirror_practices WHERE practice_id = 'practice-1' AND result = 'BUSY'"
    until(lambda: readers.database.rows(query), "the reader gives way", show=readers.said)
    assert not readers.sandbox.open_dental.calls(office.customer_key)
    readers.database.connection.execute("UPDATE gates SET next_due_at = now() + interval '1 hour'")
    readers.ask()
    readers.until_read()


def test_control_posting_first(readers: Readers) -> None:
    """Its control: the office is asked although a payment is due."""
    readers.open()
    _due(readers)
    readers.reader(test_controls=Control.POSTING_FIRST.value)
    readers.until_read()


def test_a_payment_is_posted_while_very_many_patients_are_read(readers: Readers) -> None:
    """Law 22: the poster has the connection between two pages, and reading goes on after it."""
    office = readers.open(amount=AmountMode.GROSS)
    readers.sandbox.open_dental.add_patients(office.customer_key, 4_000)
    readers.database.report(office.pay())
    readers.reader()
    readers.poster()
    office.until_states("POSTED")
    readers.until_read()
    assert len(readers.patients()) == 4_001
    assert office.doubled() == []


def test_pages_keep_the_vendors_interval(readers: Readers) -> None:
    """Law 21: the limiter is the connection's, over all pages and turns. Seen at the target over all calls: one that is
    late on its way arrives close to the next."""
    key = readers.open_location("practice-1", mapping={"min_interval_s": 0.2})
    readers.sandbox.nexhealth.add_patients(key, 3)
    readers.reader()
    readers.until_read()
    calls = [call for call in readers.sandbox.nexhealth.calls(key) if call.method == "GET"]
    arrived = [call.arrived_ns for call in calls]
    assert len(arrived) >= 8
    assert arrived[-1] - arrived[0] > 0.15e9 * (len(arrived) - 1)


def test_a_connection_that_somebody_holds_is_not_used(readers: Readers) -> None:
    """Law 22: whoever has its lease has its limiter. It is given back with the limiter's next start."""
    office = readers.open(mapping={"mode": "REMOTE"})
    readers.database.connection.execute(
        "UPDATE connections SET owner = 'a poster', lease_until = now() + interval '1 hour'"
    )
    readers.reader()
    query = "SELECT 1 FROM mirror_practices WHERE practice_id = 'practice-1' AND result = 'BUSY'"
    until(lambda: readers.database.rows(query), "the reader waits", show=readers.said)
    assert not readers.sandbox.open_dental.calls(office.customer_key)
    readers.database.connection.execute("UPDATE connections SET owner = NULL, lease_until = 'epoch'")
    readers.ask()
    next_start = "SELECT (limiter ->> 'next_start')::float8 FROM connections WHERE limiter IS NOT NULL"
    until(lambda: readers.database.rows(next_start), "the office was asked", show=readers.said)
    assert readers.one(next_start) > time.time() - 60
    assert readers.one("SELECT owner IS NULL OR owner LIKE 'sync-%%' FROM connections")
