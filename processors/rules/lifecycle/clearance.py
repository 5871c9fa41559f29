"""Funds that are there: what waited for them goes on (T-13, R-11, N-5)."""

from __future__ import annotations

from datetime import date

from processors.rules.lifecycle.change import Change, parked
from processors.rules.lifecycle.payment_state import PaymentState
from schemas.events import PaymentCleared
from schemas.vocabulary import WAITING, DecisionReason, State


def cleared(event: PaymentCleared, life: PaymentState, on: date) -> Change:
    """The money is in the practice's own bank account. Before its payment is known it parks."""
    if life.told is None or life.told.waiting is State.AWAITING_SETTINGS:
        return parked()
    return Change(applied=True, reason=DecisionReason.FUNDS_CLEARED, lift=waiting_for_funds(life))


def waiting_for_funds(life: PaymentState) -> tuple[int, ...]:
    return tuple(
        entry.effect_id for entry in life.entries if entry.state in WAITING and State.AWAITING_CLEARANCE in entry.holds
    )
