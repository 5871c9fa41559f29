"""Applies a refund, and a refund that fails later (R-2 to R-7, R-9, R-13, R-14, R-16, B-1)."""

from __future__ import annotations

from datetime import date

from processors.rules.lifecycle.allocate_refund import balance_of
from processors.rules.lifecycle.awaiting_original import known_original, parked
from processors.rules.lifecycle.booking_terms import money_of
from processors.rules.lifecycle.books import books_of
from processors.rules.lifecycle.change import Change, following, for_review, nothing
from processors.rules.lifecycle.entries import lines_by
from processors.rules.lifecycle.follower_state import by_hand
from processors.rules.lifecycle.given_back import GivenBack
from processors.rules.lifecycle.limits import refused
from processors.rules.lifecycle.net_entry import is_netted, netted, restored
from processors.rules.lifecycle.payment_state import PaymentState, event_id_of, is_ours, resolved_events
from processors.rules.lifecycle.reversal_entries import EntryBuilder
from processors.rules.lifecycle.voids import after_void
from schemas.events import RefundFailed, RefundSucceeded
from schemas.vocabulary import DecisionReason, EntryKind


def refunded(event: RefundSucceeded, state: PaymentState, on: date) -> Change:
    """New entries beside the original's, in its mode and to its parts (R-1, R-6, R-13).

    More than was paid is never given back: a person decides (R-2). A refund that happened before a void is part of
    what that reversed.
    """
    original = known_original(state)
    if original is None:
        return parked()
    if voided := after_void(event, state):
        return voided
    if reason := refused(event, state, original):
        return for_review(reason)
    balance = balance_of(state, original)
    if _is_booked(event, state):
        return nothing(DecisionReason.BOOKED_ELSEWHERE)
    builder = EntryBuilder(
        event=event,
        ref=event.refund_id,
        original=event.payment_id,
        on=on,
        companion=balance.terms.companion,
        split=books_of(state, original, (*resolved_events(state), event)).splits[event_id_of(event)],
    )
    if is_netted(balance):
        return netted(builder, balance, state)
    return following(original, builder.refund_entries(balance.lines, EntryKind.REFUND, charges=True))


def _is_booked(event: RefundSucceeded, state: PaymentState) -> bool:
    """The same refund is booked: as a payout told it, because a person said that the bank is right, or as upstream did,
    and now the bank is right about it (P-23). This report stands in its place from now on, and what the two differ in
    is posted as every difference to the books is."""
    refunds = (each for each in resolved_events(state) if isinstance(each, RefundSucceeded))
    return any(each.refund_id == event.refund_id and (is_ours(each) or is_ours(event)) for each in refunds)


def refund_failed(event: RefundFailed, state: PaymentState, on: date) -> Change:
    """The money is the practice's again: a new entry, never a deleted refund (R-9)."""
    original = known_original(state)
    refund = GivenBack(resolved_events(state)).gave(event)
    if original is None or refund is None:
        return parked()
    if voided := after_void(event, state):
        return voided
    if event.gross_minor > -refund.gross_minor:
        return for_review(DecisionReason.MORE_THAN_ORIGINAL)
    balance = balance_of(state, original)
    builder = EntryBuilder(
        event=event,
        ref=event.refund_id,
        original=money_of(original).payment_id,
        on=on,
        companion=balance.terms.companion,
        split=books_of(state, original, (*resolved_events(state), event)).splits[event_id_of(event)],
    )
    if is_netted(balance):
        return netted(builder, balance, state)
    payments = restored(builder, balance, state)
    initial = by_hand(line.entry for line in lines_by(refund, balance.lines))
    brought_back = builder.refund_entries(
        balance.lines, EntryKind.REFUND, charges=True, beside=bool(payments), initial=initial
    )
    return following(original, (*payments, *brought_back))
