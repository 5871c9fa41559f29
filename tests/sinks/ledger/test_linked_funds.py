"""Fees, clearance and payouts that come later, in Postgres, in any order and any batches (N-5, T-13, P-21)."""

from __future__ import annotations

import pytest

from schemas.events import Event
from schemas.practice_settings import Timing
from tests.processors.rules.event_examples import NOON, item, payment, payout
from tests.processors.rules.linked_examples import cleared, fee_assessed, payout_failed
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.linked_events import LATER, MINUTE, entries, ready


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("batches", [1, 2])
def test_a_fee_that_comes_later_releases_the_payment(
    database: LedgerDatabase, order: tuple[int, int], batches: int
) -> None:
    """N-5: told by an event of its own, before or after."""
    ready(database)
    story: list[Event] = [payment(fee=None), fee_assessed(at=LATER)]
    told = [story[n] for n in order]
    for start in range(0, 2, 2 // batches):
        database.report(*told[start : start + 2 // batches])
    assert [row[:4] for row in entries(database)] == [
        ("ev-1", "payment", 9680, "SCHEDULED"),
        ("ev-1", "fee_adjustment", 320, "SCHEDULED"),
    ]
    assert database.waiting() == [None, None]
    assert database.one("SELECT next_due_at FROM gates") == NOON


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("batches", [1, 2])
def test_a_fee_in_the_payout_releases_the_payment(
    database: LedgerDatabase, order: tuple[int, int], batches: int
) -> None:
    """N-5: told by the payout's item, before or after; never assumed 0."""
    ready(database)
    story: list[Event] = [payment(fee=None), payout(item(1, 10000, 320, payment_id="pay-1"), at=LATER)]
    told = [story[n] for n in order]
    for start in range(0, 2, 2 // batches):
        database.report(*told[start : start + 2 // batches])
    assert sorted(row[:4] for row in entries(database)) == [
        ("ev-1", "fee_adjustment", 320, "SCHEDULED"),
        ("ev-1", "payment", 9680, "SCHEDULED"),
        ("ev-o1", "payout", 9680, "SCHEDULED"),
    ]
    assert database.rows("SELECT payment_id, payout_id, fee_minor FROM payout_items") == [("pay-1", "po-1", 320)]


@pytest.mark.parametrize("clears", [cleared(at=LATER), payout(item(1, 10000, 320, payment_id="pay-1"), at=LATER)])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("batches", [1, 2])
def test_what_waits_for_its_funds_is_due_when_they_are_there(
    database: LedgerDatabase, clears: Event, order: tuple[int, int], batches: int
) -> None:
    """T-13, TIM-9: the first of PaymentCleared and a payout that contains it; either may come first."""
    ready(database, timing=Timing.ON_CLEAR)
    story = [payment(), clears]
    told = [story[n] for n in order]
    for start in range(0, 2, 2 // batches):
        database.clock.instant = NOON + start * MINUTE
        database.report(*told[start : start + 2 // batches])
    mine = database.rows("SELECT state, holds, due_at >= %s FROM effects WHERE target = 'PMS' ORDER BY 1", NOON)
    assert mine == [("SCHEDULED", [], True)] * 2
    assert database.one("SELECT min(next_due_at) FROM gates") is not None


def test_not_cleared_is_not_due(database: LedgerDatabase) -> None:
    """T-13: nothing lifts it but the funds."""
    ready(database, timing=Timing.ON_CLEAR)
    database.report(payment(), payout(item(1, 5000, 100, payment_id="pay-2"), at=LATER))
    assert database.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]


def test_a_failed_payout_clears_nothing_that_comes_after_it(database: LedgerDatabase) -> None:
    """P-21: it frees its items; the money is not in the bank."""
    ready(database, timing=Timing.ON_CLEAR)
    database.report(payout(item(1, 10000, 320, payment_id="pay-1")))
    database.report(payout_failed(at=LATER))
    database.report(payment(at=LATER))
    assert database.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]
