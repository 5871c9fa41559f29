"""Fees, clearance and payouts that come later, in Postgres, in any order and any batches (N-5, T-13, P-21)."""

from __future__ import annotations

import pytest

from schemas.events import Event
from schemas.practice_settings import Timing
from tests.processors.rules.event_examples import NOON, item, payment, payout
from tests.processors.rules.linked_examples import cleared, fee_assessed, payout_failed
from tests.sinks.ledger.ledger_fixture import Book
from tests.sinks.ledger.linked_events import LATER, MINUTE, entries, ready


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("batches", [1, 2])
def test_a_fee_that_comes_later_releases_the_payment(book: Book, order: tuple[int, int], batches: int) -> None:
    """N-5: told by an event of its own, before or after."""
    ready(book)
    story: list[Event] = [payment(fee=None), fee_assessed(at=LATER)]
    told = [story[n] for n in order]
    for start in range(0, 2, 2 // batches):
        book.report(*told[start : start + 2 // batches])
    assert [row[:4] for row in entries(book)] == [
        ("ev-1", "payment", 9680, "SCHEDULED"),
        ("ev-1", "fee_adjustment", 320, "SCHEDULED"),
    ]
    assert book.waiting() == [None, None]
    assert book.one("SELECT next_due_at FROM gates") == NOON


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("batches", [1, 2])
def test_a_fee_in_the_payout_releases_the_payment(book: Book, order: tuple[int, int], batches: int) -> None:
    """N-5: told by the payout's item, before or after; never assumed 0."""
    ready(book)
    story: list[Event] = [payment(fee=None), payout(item(1, 10000, 320, payment_id="pay-1"), at=LATER)]
    told = [story[n] for n in order]
    for start in range(0, 2, 2 // batches):
        book.report(*told[start : start + 2 // batches])
    assert sorted(row[:4] for row in entries(book)) == [
        ("ev-1", "fee_adjustment", 320, "SCHEDULED"),
        ("ev-1", "payment", 9680, "SCHEDULED"),
        ("ev-o1", "payout", 9680, "SCHEDULED"),
    ]
    assert book.rows("SELECT payment_id, payout_id, fee_minor FROM payout_items") == [("pay-1", "po-1", 320)]


@pytest.mark.parametrize("clears", [cleared(at=LATER), payout(item(1, 10000, 320, payment_id="pay-1"), at=LATER)])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("batches", [1, 2])
def test_what_waits_for_its_funds_is_due_when_they_are_there(
    book: Book, clears: Event, order: tuple[int, int], batches: int
) -> None:
    """T-13, TIM-9: the first of PaymentCleared and a payout that contains it; either may come first."""
    ready(book, timing=Timing.ON_CLEAR)
    story = [payment(), clears]
    told = [story[n] for n in order]
    for start in range(0, 2, 2 // batches):
        book.clock.instant = NOON + start * MINUTE
        book.report(*told[start : start + 2 // batches])
    mine = book.rows("SELECT state, holds, due_at >= %s FROM effects WHERE target = 'PMS' ORDER BY 1", NOON)
    assert mine == [("SCHEDULED", [], True)] * 2
    assert book.one("SELECT min(next_due_at) FROM gates") is not None


def test_not_cleared_is_not_due(book: Book) -> None:
    """T-13: nothing lifts it but the funds."""
    ready(book, timing=Timing.ON_CLEAR)
    book.report(payment(), payout(item(1, 5000, 100, payment_id="pay-2"), at=LATER))
    assert book.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]


def test_a_failed_payout_clears_nothing_that_comes_after_it(book: Book) -> None:
    """P-21: it frees its items; the money is not in the bank."""
    ready(book, timing=Timing.ON_CLEAR)
    book.report(payout(item(1, 10000, 320, payment_id="pay-1")))
    book.report(payout_failed(at=LATER))
    book.report(payment(at=LATER))
    assert book.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]
