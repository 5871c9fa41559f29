"""Corrections and what a person has to do, in Postgres (E-11, law 2)."""

from __future__ import annotations

from schemas.practice_settings import Allocation
from sinks.ledger import conservation
from tests.processors.rules.event_examples import NOON, payment
from tests.processors.rules.linked_examples import corrected, refunded
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.linked_events import LATER, entries, posted, ready


def test_a_correction_before_the_post_replaces(database: LedgerDatabase) -> None:
    """E-11, law 2: what was not sent is void, and the new version follows."""
    ready(database)
    database.report(payment())
    database.report(corrected(12000, 380, at=NOON))
    assert [row[:4] for row in entries(database)] == [
        ("ev-1", "payment", 9680, "VOIDED_BEFORE_POST"),
        ("ev-1", "fee_adjustment", 320, "VOIDED_BEFORE_POST"),
        ("ev-c2", "payment", 11620, "SCHEDULED"),
        ("ev-c2", "fee_adjustment", 380, "SCHEDULED"),
    ]
    assert conservation.violations(database.connection) == []


def test_a_correction_after_the_post_reverses_and_posts_anew(database: LedgerDatabase) -> None:
    """E-11, R-1: nothing that stands is edited."""
    ready(database)
    database.report(payment())
    posted(database, 1, 2)
    database.report(corrected(12000, 380, at=NOON))
    mine = [row[:4] for row in entries(database) if row[0] == "ev-c2"]
    assert sorted(mine) == [
        ("ev-c2", "fee_adjustment", 380, "SCHEDULED"),
        ("ev-c2", "payment", 11620, "SCHEDULED"),
        ("ev-c2", "reversal", -9680, "SCHEDULED"),
        ("ev-c2", "reversal", -320, "SCHEDULED"),
    ]


def test_a_correction_that_overtook_its_payment_stands(database: LedgerDatabase) -> None:
    """E-7: the first version comes too late and is acknowledged."""
    ready(database)
    database.report(corrected(12000, 380))
    database.report(payment())
    assert database.verdicts() == ["FIRST", "OLD_VERSION"]
    assert database.amounts() == [11620, 380]


def test_what_the_connection_does_not_write_a_person_does(database: LedgerDatabase) -> None:
    """Capabilities: a refund at a route without refunds is by hand; its payment posts."""
    ready(database)
    database.connection.execute("UPDATE connections SET capabilities = NULL")
    database.report(payment(), refunded(at=LATER))
    assert [(row[1], row[3]) for row in entries(database)] == [
        ("payment", "SCHEDULED"),
        ("fee_adjustment", "SCHEDULED"),
        ("refund", "AWAITING_MANUAL_POST"),
    ]
    assert database.rows("SELECT reason, holds FROM effects WHERE entry_kind = 'refund'") == [
        ("NOT_BY_THIS_ROUTE", ["AWAITING_MANUAL_POST"])
    ]


def test_allocation_by_hand_waits_for_its_person(database: LedgerDatabase) -> None:
    """SET-11: BY_HAND holds the payment; its link comes first."""
    database.add(allocation=Allocation.BY_HAND)
    database.report(payment())
    assert database.states()[0] == "AWAITING_LINK"
    database.link()
    assert database.states()[0] == "AWAITING_ALLOCATION"
