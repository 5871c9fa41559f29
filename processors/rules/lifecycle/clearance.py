"""Releases entries that waited for their funds when the payment is in the practice's bank (T-13)."""

from __future__ import annotations

from datetime import date

from processors.rules.lifecycle.awaiting_original import parked
from processors.rules.lifecycle.change import Change
from processors.rules.lifecycle.payment_state import PaymentState
from schemas.events import PaymentCleared
from schemas.vocabulary import WAITING, DecisionReason, State


def cleared(event: PaymentCleared, state: PaymentState, on: date) -> Change:
    """The money is in the practice's own bank account. Before its payment is known it parks."""
    if state.reported is None or state.reported.waiting is State.AWAITING_SETTINGS:
        return parked()
    return Change(applied=True, reason=DecisionReason.FUNDS_CLEARED, lift=waiting_for_funds(state))


def waiting_for_funds(state: PaymentState) -> tuple[int, ...]:
    """The ids of entries that wait for clearance."""
    return tuple(
        entry.effect_id for entry in state.entries if entry.state in WAITING and State.AWAITING_CLEARANCE in entry.holds
    )
