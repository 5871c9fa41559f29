"""What every event of a life comes to: two entries for INTAKE, and one table over the linked types (law 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from processors.rules.lifecycle.change import Change
from processors.rules.lifecycle.clearance import cleared
from processors.rules.lifecycle.disputes import dispute_closed, disputed, returned
from processors.rules.lifecycle.fees import assessed
from processors.rules.lifecycle.payment_state import PaymentState, Reported
from processors.rules.lifecycle.payments import told_payment
from processors.rules.lifecycle.payouts import payout_failed, told_payout
from processors.rules.lifecycle.refunds import refund_failed, refunded
from processors.rules.lifecycle.voids import voided
from schemas import events as e

Rule = Callable[[Any, PaymentState, date], Change]
"""(event, life, ledger date of the event) → change. The event is of the type that the rule stands under."""

LINKED: Final[Mapping[type[e.Event], Rule]] = MappingProxyType(
    {
        e.PaymentCleared: cleared,
        e.PaymentFeeAssessed: assessed,
        e.PaymentVoided: voided,
        e.PaymentReturned: returned,
        e.RefundSucceeded: refunded,
        e.RefundFailed: refund_failed,
        e.DisputeOpened: disputed,
        e.DisputeClosed: dispute_closed,
        e.PayoutFailed: payout_failed,
    }
)


def resolve_linked(event: e.Event, life: PaymentState, *, on: date) -> Change:
    """What a linked event changes. `on`: its own ledger date (`dates.dated`). Pure. TypeError for another type.

    The event itself is not yet among `life.linked`, or is there as waiting. A parked one (AWAITING_ORIGINAL) is asked
    again, in the order of `occurred_at`, whenever another event of its life is resolved, until none moves any more.
    """
    rule = LINKED.get(type(event))
    if rule is None:
        raise TypeError(f"{type(event).__name__} speaks of no other money")
    return rule(event, life, on)


def told(new: Reported, life: PaymentState, *, on: date) -> Change:
    """What money that is told changes: an original, or version n+1 of one (E-11, P-8). Pure.

    `new` is what RULES decided; `life.told` is the version before it, None for the first that is stored. Parked events
    of the life are asked afterwards (`resolve_linked`), in the same transaction.
    """
    if isinstance(new.event, e.PayoutPaid):
        return told_payout(new, life, on)
    return told_payment(new, life, on)
