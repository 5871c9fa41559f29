"""Payments that are in no payout, some banking days after they came (P-23)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.processors.rules.event_examples import NOON, item, payment
from tests.processors.rules.linked_examples import voided
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.payouts.settling import MORNING, differences, paid_out, settle

NEXT_WEEK = datetime(2026, 3, 12, 17, 0, tzinfo=UTC)
"""The Thursday after NOON, a Wednesday: five whole banking days lie between."""


def a_practice(database: LedgerDatabase, **settings: Any) -> None:
    """With a payout, so that its payments are expected in one."""
    database.add(**settings)
    database.link()
    database.report(paid_out("po-0", item(1, 100, 3, payment_id="pay-0")))


def look(database: LedgerDatabase, at: datetime) -> int:
    database.clock.instant = at
    settle(database)
    return database.sweeps.missing.run()


def test_p23_a_payment_in_no_payout_is_reported_once(database: LedgerDatabase) -> None:
    """P-23: after five banking days, with its id and cents; not again."""
    a_practice(database)
    database.report(payment(10000, 320, at=MORNING))
    assert look(database, NEXT_WEEK - timedelta(days=1)) == 0
    assert look(database, NEXT_WEEK) == 1
    assert ("MISSING_FROM_PAYOUT", "pay-1", 10000, None, None) in differences(database)
    assert look(database, NEXT_WEEK + timedelta(days=30)) == 0


def test_p23_a_payout_with_it_ends_it(database: LedgerDatabase) -> None:
    a_practice(database)
    database.report(payment(10000, 320, at=MORNING))
    look(database, NEXT_WEEK)
    late = paid_out("po-1", item(1, 10000, 320, payment_id="pay-1"), hours=24 * 8)
    database.report(late)
    look(database, NEXT_WEEK + timedelta(hours=2))
    found = [row for row in differences(database) if row[0] == "MISSING_FROM_PAYOUT"]
    assert [row[-1] for row in found] == ["UPSTREAM"]


def test_p23_what_is_never_missing(database: LedgerDatabase) -> None:
    """P-23, B-3: paid out, settled outside, voided, or from before the first payout."""
    a_practice(database)
    database.report(
        payment(10000, 320, at=MORNING),
        payment(10000, 320, at=MORNING, payment_id="pay-2", event_id="ev-2", settled_outside=True),
        payment(10000, 320, at=MORNING, payment_id="pay-3", event_id="ev-3"),
        voided(at=NOON, payment_id="pay-3"),
        payment(10000, 320, at=MORNING - timedelta(days=1), payment_id="pay-4", event_id="ev-4"),
        paid_out("po-1", item(1, 10000, 320, payment_id="pay-1")),
    )
    assert look(database, NEXT_WEEK) == 0


def test_p23_the_practice_chooses_how_long_it_waits(database: LedgerDatabase) -> None:
    """P-23: `payout_days`."""
    a_practice(database, payout_days=2)
    database.report(payment(10000, 320, at=MORNING))
    assert look(database, NOON + timedelta(days=1)) == 0
    assert look(database, NOON + timedelta(days=5)) == 1


def test_p23_without_any_payout_nothing_is_missing(database: LedgerDatabase) -> None:
    database.add()
    database.link()
    database.report(payment(10000, 320, at=MORNING))
    assert look(database, NEXT_WEEK) == 0


def test_p23_a_long_list_is_walked_in_pages(database: LedgerDatabase) -> None:
    """Law 9: each look is bounded, and none is left out."""
    a_practice(database)
    database.report(
        *(payment(10000, 320, at=MORNING, payment_id=f"pay-{n}", event_id=f"ev-{n}") for n in range(1, 301))
    )
    found = look(database, NEXT_WEEK)
    assert 0 < found < 300
    assert found + database.sweeps.missing.run() == 300
