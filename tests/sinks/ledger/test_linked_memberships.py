"""Memberships and the payments that they name, in Postgres (B-1, B-5)."""

from __future__ import annotations

import pytest

from schemas.events import Event, PaymentKind
from schemas.practice_settings import MembershipBooking
from sinks.ledger import conservation
from tests.processors.rules.event_examples import membership, payment
from tests.processors.rules.linked_examples import refunded
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.sinks.ledger.linked_events import LATER, MINUTE, entries, ready

BARE = payment(gross=29900, fee=897, kind=PaymentKind.MEMBERSHIP)

NAMED = membership(payment_id="pay-1", at=LATER)


def test_a_membership_that_takes_the_place_of_its_payment_is_what_a_refund_hangs_on(database: LedgerDatabase) -> None:
    """B-5, R-8: superseded, then refunded; what parked before both is released by the one that stands."""
    ready(database, membership_booking=MembershipBooking.PAYMENT_ONLY)
    refund = refunded(-29900, at=LATER + MINUTE)
    database.report(BARE)
    database.report(NAMED)
    database.report(refund)
    assert [row for row in entries(database) if row[0] == "ev-r1"] == [
        ("ev-r1", "refund", -29900, "SCHEDULED", "ev-m1:payment")
    ]
    assert conservation.violations(database.connection) == []


def test_a_payment_that_was_refunded_is_not_superseded_for_no_members(database: LedgerDatabase) -> None:
    """B-5: a reversal hangs on it already, so a membership that names no members is a duplicate."""
    ready(database, membership_booking=MembershipBooking.PAYMENT_ONLY)
    database.report(BARE, refunded(-29900, at=LATER + MINUTE))
    database.report(NAMED)
    assert database.verdicts() == ["FIRST", "FIRST", "DUPLICATE"]
    assert sorted(row[2] for row in entries(database)) == [-29900, 897, 29003]  # type: ignore[type-var]


@pytest.mark.parametrize("first", [BARE, NAMED], ids=["payment first", "membership first"])
@pytest.mark.parametrize("batches", [1, 2])
def test_one_reported_money_by_both_with_other_content_is_a_conflict(
    database: LedgerDatabase, first: Event, batches: int
) -> None:
    """B-5, E-2: whichever comes first stands; the other is a dead letter, in one batch and in two."""
    ready(database)
    told: list[Event] = [first, again(NAMED, gross_minor=30000, net_minor=29103)]
    if first is NAMED:
        told[1] = again(BARE, fee_minor=900, net_minor=29000)
    for start in range(0, 2, 2 // batches):
        database.report(*told[start : start + 2 // batches])
    assert database.verdicts() == ["FIRST", "CONFLICT"]


def test_a_refund_of_a_membership_takes_its_charge_back(database: LedgerDatabase) -> None:
    """B-1: refund 9900 of 29900 → refund −9900 and a charge reversal, else the patient owes 9900."""
    ready(database)
    database.report(NAMED, refunded(-9900, at=LATER + MINUTE))
    mine = [(row[1], row[2]) for row in entries(database) if row[0] == "ev-r1"]
    assert sorted(mine) == [("charge_reversal", -9900), ("refund", -9900)]


def test_a_charge_that_the_connection_does_not_write_holds_nobody(database: LedgerDatabase) -> None:
    """B-1: without the capability the payment goes on as a prepayment, and nobody has to do the charge by hand."""
    ready(database)
    database.connection.execute("UPDATE connections SET capabilities = '{payment,fee_adjustment}'")
    database.report(NAMED)
    assert {row[1]: row[2:4] for row in entries(database)} == {
        "charge": (29900, "SKIPPED_DISABLED"),
        "payment": (29003, "SCHEDULED"),
        "fee_adjustment": (897, "SCHEDULED"),
    }
    assert database.one("SELECT depends_on FROM effects WHERE entry_kind = 'payment'") is None
    assert database.one("SELECT reason FROM effects WHERE entry_kind = 'charge'") == "NOT_BY_THIS_ROUTE"
