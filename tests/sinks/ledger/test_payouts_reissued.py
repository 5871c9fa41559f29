"""A payout that failed and is issued anew under its own id (P-8, P-21), and the payments that it carries."""

from __future__ import annotations

from datetime import timedelta

from schemas.practice_settings import AmountMode, Timing
from tests.processors.rules.event_examples import NOON, item, payment, payout
from tests.processors.rules.linked_examples import payout_failed
from tests.sinks.ledger.ledger_fixture import Book

HOUR = timedelta(hours=1)
MORNING = NOON - 4 * HOUR


def failed_and_issued_anew(book: Book) -> None:
    carried = item(1, 10000, 320, payment_id="pay-1")
    book.report(payout(carried, at=MORNING))
    book.report(payout_failed(at=MORNING + HOUR))
    book.report(payout(carried, at=MORNING + 2 * HOUR, version=2, event_id="ev-o2"))


def test_t13_p21_its_payment_that_comes_afterwards_does_not_wait_for_funds(book: Book) -> None:
    """T-13, P-21: what failed does not count, what was issued since does."""
    book.add(timing=Timing.ON_CLEAR)
    book.link()
    failed_and_issued_anew(book)
    book.report(payment(at=NOON))
    assert book.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("SCHEDULED",)]


def test_n5_p21_its_payment_that_comes_afterwards_takes_its_fee(book: Book) -> None:
    """N-5: the fee of the payout that stands."""
    book.add(amount=AmountMode.NET)
    book.link()
    failed_and_issued_anew(book)
    book.report(payment(10000, None, at=NOON))
    assert book.rows("SELECT amount_minor FROM effects WHERE target = 'PMS' ORDER BY effect_id") == [(9680,), (320,)]


def test_t13_p21_a_payout_that_failed_clears_nothing(book: Book) -> None:
    """P-21: its transactions are free again."""
    book.add(timing=Timing.ON_CLEAR)
    book.link()
    book.report(payout(item(1, 10000, 320, payment_id="pay-1"), at=MORNING))
    book.report(payout_failed(at=MORNING + HOUR))
    book.report(payment(at=NOON))
    assert book.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]


def test_t13_p21_a_failure_told_late_leaves_the_payout_that_was_issued_since(book: Book) -> None:
    """P-21: one batch or two, the payment that comes after it is in the bank."""
    book.add(timing=Timing.ON_CLEAR)
    book.link()
    carried = item(1, 10000, 320, payment_id="pay-1")
    book.report(payout(carried, at=MORNING))
    book.report(payout(carried, at=MORNING + 2 * HOUR, version=2, event_id="ev-o2"))
    book.report(payout_failed(at=MORNING + HOUR), payment(at=NOON))
    assert book.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("SCHEDULED",)]


def test_t13_p21_a_payout_whose_failure_came_first_clears_nothing(book: Book) -> None:
    """P-21: events about one payout come in any order; the payment waited all along."""
    book.add(timing=Timing.ON_CLEAR)
    book.link()
    book.report(payment(at=MORNING))
    book.report(payout_failed(at=MORNING + HOUR))
    book.report(payout(item(1, 10000, 320, payment_id="pay-1"), at=MORNING))
    assert book.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]


def test_p21_what_says_that_a_payout_failed_is_when_it_happened(book: Book) -> None:
    """P-21: rule and query measure by the same instant, whatever day the bank names."""
    book.add(timing=Timing.ON_CLEAR)
    book.link()
    carried = item(1, 10000, 320, payment_id="pay-1")
    book.report(payout(carried, at=MORNING))
    book.report(payout(carried, at=MORNING + HOUR, version=2, event_id="ev-o2"))
    book.report(payout_failed(at=MORNING + 2 * HOUR, failed_at=MORNING))
    book.report(payment(at=NOON))
    assert book.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]
    assert book.one("SELECT reason FROM events WHERE kind = 'payout_failed'") != "CORRECTED"


def test_e1_p21_the_payout_issued_anew_fails_too(book: Book) -> None:
    """E-1: another version is another failure and no conflict; its payments are free again until a third is issued."""
    book.add(timing=Timing.ON_CLEAR)
    book.link()
    failed_and_issued_anew(book)
    book.report(payout_failed(at=MORNING + 3 * HOUR, version=2, event_id="ev-x2"))
    book.report(payment(at=NOON))
    assert set(book.verdicts()) == {"FIRST"}
    assert book.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]
    carried = item(1, 10000, 320, payment_id="pay-1")
    book.report(payout(carried, at=NOON, version=3, event_id="ev-o3"))
    assert book.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("SCHEDULED",)]


def test_r8_p21_a_failure_of_a_version_not_told_yet_parks_and_no_sweep_moves_it(book: Book) -> None:
    """R-8, law 8: its payments are free meanwhile: what failed again was not in the bank either."""
    book.add(timing=Timing.ON_CLEAR)
    book.link()
    carried = item(1, 10000, 320, payment_id="pay-1")
    book.report(payout(carried, at=MORNING), payout_failed(at=MORNING + 3 * HOUR, version=2, event_id="ev-x2"))
    book.report(payment(at=NOON))
    assert book.one("SELECT waiting FROM events WHERE kind = 'payout_failed'") == "AWAITING_ORIGINAL"
    assert book.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]
    assert not any(book.sweeps.repair().values())
    book.report(payout(carried, at=MORNING + 2 * HOUR, version=2, event_id="ev-o2"))
    assert book.one("SELECT waiting FROM events WHERE kind = 'payout_failed'") is None
    assert book.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]
