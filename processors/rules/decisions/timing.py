"""Computes due time, ledger date and lateness of a payment (T-5 to T-7, T-11, T-13, E-10)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from processors.rules.decisions.arrival import Arrival
from schemas.bookkeeping.windows import ledger_date, windows_of
from schemas.events import PaymentKind, Tender
from schemas.practice_settings import PracticeSettings, Timing

# Bound once: Python 3.11 takes 0.4 µs to look a member up on its class, and this runs for every payment.
_INSTANT: Final = Timing.INSTANT
_ON_CLEAR: Final = Timing.ON_CLEAR


class Due(msgspec.Struct, frozen=True):
    at: datetime
    late: bool
    """Its cut-off had passed when it arrived (T-11)."""


def timing_of(settings: PracticeSettings, kind: PaymentKind, tender: Tender, settled_outside: bool) -> Timing:
    """A type's own timing before the practice's (C3, TIM-7), and clearance before both where its tender asks (R-11).

    Money that was settled outside never waits for a clearance, which nobody would report: it is posted at once (T-13).
    """
    chosen = settings.timing_by_type.of(kind) or settings.timing
    if tender in settings.clear_first:
        chosen = _ON_CLEAR if not settled_outside else chosen
    return _INSTANT if settled_outside and chosen is _ON_CLEAR else chosen


def due_at_cut_off(occurred_at: datetime, arrival: Arrival) -> Due:
    """The first cut-off strictly after the payment; where that is past on arrival, due on arrival, late (T-11).

    The windows are those of the practice's whole history, so that every payment falls in exactly one (T-7).
    """
    arrived_at = arrival.at
    released = windows_of(arrival.history).window(occurred_at, min(occurred_at, arrived_at)).end
    return Due(arrived_at, late=True) if released <= arrived_at else Due(released, late=False)


def ledger_date_of(settings: PracticeSettings, occurred_at: datetime, arrival: Arrival) -> date:
    """The ledger date, by setting (T-6); payouts have their own (P-16)."""
    return ledger_date(arrival.history, settings, occurred_at, arrival.at)


def arrived_late(settings: PracticeSettings, occurred_at: datetime, arrived_at: datetime) -> bool:
    """Whether an event is older on arrival than the practice's limit: it is booked, and flagged (E-10)."""
    age, limit = arrived_at - occurred_at, settings.late_after_days
    return age.days >= limit and age > timedelta(days=limit)
