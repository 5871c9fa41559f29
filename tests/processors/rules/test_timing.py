"""When a payment is due, on which date it is booked, and what comes late (T-5, T-6, T-11, T-13, C3, TIM-1 to TIM-9)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from processors.rules.decisions.arrival import Arrival
from processors.rules.decisions.decide import decide
from processors.rules.decisions.timing import Due, arrived_late, due_at_cut_off, ledger_date_of, timing_of
from schemas.events import Event, PaymentKind, Tender
from schemas.plan import Decision
from schemas.practice_settings import AmountMode, LedgerDate, SettingsVersion, Timing, TypeTimings
from schemas.vocabulary import DecisionReason, State
from tests.processors.rules.event_examples import NOON, history, item, payment, payout, settings, version
from tests.schemas.moments import utc

SECOND = timedelta(seconds=1)
LONG_AGO = utc("2026-01-01T00:00")


def due(occurred: str, arrived: str, **changed: object) -> Due:
    known = history(version(1, LONG_AGO, timing=Timing.DAILY, **changed))
    return due_at_cut_off(utc(occurred), Arrival(utc(arrived), known))


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
        assert ledger_date_of(practice.settings, at, arrival) == booked
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
    assert not arrived_late(practice, at, at + timedelta(days=30))
    assert arrived_late(practice, at, at + timedelta(days=30) + SECOND)
    assert arrived_late(settings(late_after_days=2), at, at + timedelta(days=3))
    assert not arrived_late(practice, at + timedelta(minutes=4), at)


# --- in the plan


def planned(event: Event, arrived: datetime | None = None, *versions: SettingsVersion) -> Decision:
    known = history(*(versions or (version(1, LONG_AGO, timing=Timing.DAILY),)))
    return decide(event, arrived or event.occurred_at, known)


def test_on_clear_waits_for_the_bank() -> None:
    """T-13, TIM-5, TIM-9: every entry of the payment, companion too; what was settled outside does not wait."""
    ach_first = version(1, LONG_AGO, timing=Timing.DAILY, clear_first=(Tender.ACH,))
    decision = planned(payment(tender=Tender.ACH), None, ach_first)
    assert [effect.state for effect in decision.effects] == [State.AWAITING_CLEARANCE] * 2
    assert {effect.reason for effect in decision.effects} == {DecisionReason.AUTO_ON_CLEAR}
    assert decision.timing is Timing.ON_CLEAR
    cash = payment(tender=Tender.CASH, fee=0, settled_outside=True)
    decision = planned(cash, None, version(1, LONG_AGO, timing=Timing.ON_CLEAR))
    assert [(effect.state, effect.due_at) for effect in decision.effects] == [(State.SCHEDULED, NOON)]
    assert decision.timing is Timing.INSTANT


def test_collections_at_once_in_a_daily_practice() -> None:
    """C3, TIM-7: the type's own timing overrides; every other type waits for the cut-off."""
    says = version(1, LONG_AGO, timing=Timing.DAILY, timing_by_type=TypeTimings(collection=Timing.INSTANT))
    (collected, _), (terminal, _) = (
        planned(payment(kind=kind), None, says).effects for kind in (PaymentKind.COLLECTION, PaymentKind.TERMINAL)
    )
    assert (collected.due_at, collected.reason) == (NOON, DecisionReason.AUTO_INSTANT)
    assert (terminal.due_at, terminal.reason) == (NOON + timedelta(hours=6), DecisionReason.AUTO_DAILY)


def test_a_change_takes_effect_at_the_next_boundary() -> None:
    """T-7, E-8: the new version decides the amount of a payment at once, its cut-off only from the next boundary on."""
    first = version(1, LONG_AGO, timing=Timing.DAILY, amount=AmountMode.GROSS)
    second = version(2, NOON, timing=Timing.DAILY, cut_off=time(13), zone="America/Chicago")
    evening = NOON + timedelta(hours=6)
    today, tomorrow = payment(), payment(at=evening, event_id="ev-2", payment_id="pay-2")
    assert [planned(each, None, first, second).settings_version for each in (today, tomorrow)] == [2, 2]
    assert [planned(each, None, first, second).effects[0].due_at for each in (today, tomorrow)] == [
        evening,
        utc("2026-03-05T19:00"),
    ]


def test_an_old_event_is_posted_and_flagged() -> None:
    """E-10: whatever the timing, and whatever becomes of it; a young one is not flagged."""
    old = NOON + timedelta(days=31)
    for says in (
        version(1, LONG_AGO),
        version(1, LONG_AGO, timing=Timing.DAILY),
        version(1, LONG_AGO, timing=Timing.ON_CLEAR),
        version(1, LONG_AGO, master=False),
    ):
        assert planned(payment(), old, says).late
        assert planned(payment(), NOON, says).late is False
    assert planned(payout(), old).late
    assert planned(payment(), old, version(1, LONG_AGO)).effects[0].due_at == old


def test_dates_of_a_payout_are_its_own() -> None:
    """T-10, P-2, P-16: nothing is inferred from days: the arrival date is the reported one, in every zone and setting,
    and only the items that it names are in it."""
    for zone, chosen in (
        ("Pacific/Auckland", LedgerDate.BUSINESS_DATE),
        ("Pacific/Honolulu", LedgerDate.TRANSACTION_DATE),
    ):
        known = payout(item(1, 10_000, 320), item(2, 5_000, 175))
        (effect,) = planned(known, None, version(1, LONG_AGO, zone=zone, ledger_date=chosen)).effects
        assert effect.instruction.ledger_date == known.arrival_date
        assert [line.gross_minor for line in effect.instruction.lines] == [item.gross_minor for item in known.items]
