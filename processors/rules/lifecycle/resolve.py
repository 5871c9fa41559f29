"""Finds the rule for an event of a payment or payout: one table over the types of follow-ups (law 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from processors.rules.lifecycle.change import Change
from processors.rules.lifecycle.clearance import cleared
from processors.rules.lifecycle.disputes import dispute_closed, disputed, reinstated, returned
from processors.rules.lifecycle.fees import assessed
from processors.rules.lifecycle.payment_state import PaymentState, Reported
from processors.rules.lifecycle.payments import payment_reported
from processors.rules.lifecycle.payouts import payout_failed, payout_reported
from processors.rules.lifecycle.refunds import refund_failed, refunded
from processors.rules.lifecycle.voids import voided
from schemas import events as e

Rule = Callable[[Any, PaymentState, date], Change]
"""(event, state, ledger date of the event) → change. The event is of the type that the rule stands under."""

FOLLOW_UP_RULES: Final[Mapping[type[e.Event], Rule]] = MappingProxyType(
    {
        e.PaymentCleared: cleared,
        e.PaymentFeeAssessed: assessed,
        e.PaymentVoided: voided,
        e.PaymentReturned: returned,
        e.PaymentReinstated: reinstated,
        e.RefundSucceeded: refunded,
        e.RefundFailed: refund_failed,
        e.DisputeOpened: disputed,
        e.DisputeClosed: dispute_closed,
        e.PayoutFailed: payout_failed,
    }
)


def resolve_follow_up(event: e.Event, state: PaymentState, *, on: date) -> Change:
    """What a follow-up changes. `on`: its own ledger date. Pure. TypeError for another type.

    The event itself is not yet among `state.follow_ups`, or is there as waiting. One that parks (AWAITING_ORIGINAL) is
    asked again by the engine whenever another event of its payment is resolved.
    """
    rule = FOLLOW_UP_RULES.get(type(event))
    if rule is None:
        raise TypeError(f"{type(event).__name__} is about no other money")
    return rule(event, state, on)


def resolve_report(new: Reported, state: PaymentState, *, on: date, moved: frozenset[int] = frozenset()) -> Change:
    """What reported money changes: an original, or version n+1 of one (E-11, P-8); or the same money, of which the
    entries `moved` stand at the wrong patient (E-12). Pure.

    `new` is what RULES decided; `state.reported` is the version before it, None for the first that is stored.
    """
    if isinstance(new.event, e.PayoutPaid):
        return payout_reported(new, state, on)
    return payment_reported(new, state, on, moved)
