"""Refunds, and refunds that fail later (R-2 to R-7, R-9, R-13, R-14, R-16, B-1)."""

from __future__ import annotations

from datetime import date

from processors.rules.lifecycle.allocate_refund import allocate_refund, balance_of, reinstate
from processors.rules.lifecycle.booking_terms import money_of
from processors.rules.lifecycle.change import Change, for_review, parked
from processors.rules.lifecycle.net_entry import is_netted, netted, restored
from processors.rules.lifecycle.payment_state import PaymentState
from processors.rules.lifecycle.readiness import after_void, follow, known, lines_by
from processors.rules.lifecycle.reversal_entries import EntryBuilder
from schemas.events import RefundFailed, RefundSucceeded
from schemas.vocabulary import DecisionReason, EntryKind


def refunded(event: RefundSucceeded, life: PaymentState, on: date) -> Change:
    """New entries beside the original's, in its mode and to its parts (R-1, R-6, R-13).

    More than was paid is never given back: a person decides (R-2). A refund that happened before a void told of it is
    in what that took back.
    """
    original = known(life)
    if original is None:
        return parked()
    if voided := after_void(event, life):
        return voided
    balance = balance_of(life, original)
    given = allocate_refund(balance, event.gross_minor, event.fee_minor, event.surcharge_minor, event.splits)
    if isinstance(given, DecisionReason):
        return for_review(given)
    order = EntryBuilder(
        event=event,
        ref=event.refund_id,
        original=event.payment_id,
        on=on,
        companion=balance.terms.companion,
        given=given,
    )
    if is_netted(balance):
        return netted(order, balance, life)
    return follow(original, order.given_entries(balance.lines, EntryKind.REFUND, charges=True))


def refund_failed(event: RefundFailed, life: PaymentState, on: date) -> Change:
    """The money is the practice's again: a new entry, never a deleted refund (R-9)."""
    original = known(life)
    refund = next(
        (
            linked.event
            for linked in life.linked
            if linked.waiting is None
            and isinstance(linked.event, RefundSucceeded)
            and linked.event.refund_id == event.refund_id
        ),
        None,
    )
    if original is None or refund is None:
        return parked()
    if voided := after_void(event, life):
        return voided
    if event.gross_minor > -refund.gross_minor:
        return for_review(DecisionReason.MORE_THAN_ORIGINAL)
    balance = balance_of(life, original)
    of_refund = lines_by(refund, balance.lines)
    order = EntryBuilder(
        event=event,
        ref=event.refund_id,
        original=money_of(original).payment_id,
        on=on,
        companion=balance.terms.companion,
        given=reinstate(balance, event.gross_minor, event.fee_minor, of_refund, refund.gross_minor),
    )
    if is_netted(balance):
        return netted(order, balance, life)
    payments = restored(order, balance, life)
    refunds = order.given_entries(balance.lines, EntryKind.REFUND, charges=True, beside=bool(payments))
    return follow(original, (*payments, *refunds))
