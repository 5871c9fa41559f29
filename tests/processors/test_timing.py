"""When a payment is due, on which date it is booked, and what comes late (T-5, T-6, T-11, T-13, C3, TIM-1 to TIM-9)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from processors.arrival import Arrival
from processors.timing import Due, booked_on, came_late, due_at_cut_off, timing_of
from schemas.events import PaymentKind, Tender
from schemas.practice_settings import LedgerDate, Timing, TypeTimings
from tests.processors.told import history, settings, version
from tests.schemas.moments import utc

SECOND = timedelta(seconds=1)
LONG_AGO = utc("2026-01-01T00:00")


def due(occurred: str, arrived: str, **changed: object) -> Due:
    told = history(version(1, LONG_AGO, timing=Timing.DAILY, **changed))
    return due_at_cut_off(utc(occurred), Arrival(utc(arrived), told))


def test_a_second_before_at_and_after_the_cut_off() -> None:
    """Scenario 56, T-11: the first cut-off strictly after the payment."""
    assert due("2026-03-09T21:59:59", "2026-03-09T21:59:59") == Due(utc("2026-03-09T22:00"), late=False)
    assert due("2026-03-09T22:00", "2026-03-09T22:00") == Due(utc("2026-03-10T22:00"), late=False)
    assert due("2026-03-09T22:00:01", "2026-03-09T22:00:01") == Due(utc("2026-03-10T22:00"), late=False)


def test_late_is_due_on_arrival() -> None:
    """Scenario 61, T-11: a cut-off that is past on arrival is not waited for again."""
    assert due("2026-03-09T21:00", "2026-03-10T01:00") == Due(utc("2026-03-10T01:00"), late=True)
    assert due("2026-03-09T21:00", "2026-03-09T22:00") == Due(utc("2026-03-09T22:00"), late=True)


def test_a_sender_whose_clock_is_ahead() -> None:
    """T-11, E-10: four minutes early over the cut-off it still goes with the cut-off after its own time."""
    assert due("2026-03-09T22:01", "2026-03-09T21:58") == Due(utc("2026-03-10T22:00"), late=False)


def test_weekend_payments_are_due_on_monday() -> None:
    """T-5, G7: payments still happen; with working days only the backlog goes on the next one."""
    assert due("2026-03-07T16:00", "2026-03-07T16:00").at == utc("2026-03-07T23:00")
    assert due("2026-03-07T16:00", "2026-03-07T16:00", business_days_only=True).at == utc("2026-03-09T22:00")


def test_the_ledger_date_is_a_setting() -> None:
    """T-6: 2026-03-07T23:00Z with cut-off 18:00 New York: ledger date 03-07, released at 03-08T22:00Z; by the window
    it is 03-08."""
    at = utc("2026-03-07T23:00")
    for chosen, booked in (
        (LedgerDate.TRANSACTION_DATE, date(2026, 3, 7)),
        (LedgerDate.BUSINESS_DATE, date(2026, 3, 8)),
    ):
        practice = version(1, LONG_AGO, ledger_date=chosen)
        arrival = Arrival(at, history(practice))
        assert booked_on(practice.settings, at, arrival) == booked
        assert due_at_cut_off(at, arrival) == Due(utc("2026-03-08T22:00"), late=False)


@pytest.mark.parametrize(
    ("kind", "tender", "outside", "timing"),
    [
        (PaymentKind.TERMINAL, Tender.CARD, False, Timing.DAILY),
        (PaymentKind.COLLECTION, Tender.CARD, False, Timing.INSTANT),
        (PaymentKind.PAYMENT_PLAN, Tender.CARD, False, Timing.ON_CLEAR),
        (PaymentKind.PAYMENT_PLAN, Tender.CASH, True, Timing.INSTANT),
        (PaymentKind.TERMINAL, Tender.ACH, False, Timing.ON_CLEAR),
        (PaymentKind.COLLECTION, Tender.ACH, False, Timing.ON_CLEAR),
        (PaymentKind.TERMINAL, Tender.ACH, True, Timing.DAILY),
    ],
)
def test_a_type_s_own_timing_and_tenders_that_clear_first(
    kind: PaymentKind, tender: Tender, outside: bool, timing: Timing
) -> None:
    """C3, TIM-3, TIM-7, TIM-9, T-13, R-11: collections at once where the day waits for its cut-off; ACH clears first
    in every type; what was settled outside never waits for a clearance."""
    practice = settings(
        timing=Timing.DAILY,
        timing_by_type=TypeTimings(collection=Timing.INSTANT, payment_plan=Timing.ON_CLEAR),
        clear_first=(Tender.ACH,),
    )
    assert timing_of(practice, kind, tender, outside) is timing


def test_old_on_arrival_is_late() -> None:
    """E-10: older than the practice's limit, by default 30 days; thirty days to the second are not."""
    practice, at = settings(), utc("2026-03-04T17:00")
    assert not came_late(practice, at, at + timedelta(days=30))
    assert came_late(practice, at, at + timedelta(days=30) + SECOND)
    assert came_late(settings(late_after_days=2), at, at + timedelta(days=3))
    assert not came_late(practice, at + timedelta(minutes=4), at)
