"""Returned payments, disputes opened and disputes closed (R-10, R-11, R-15)."""

from __future__ import annotations

from datetime import date

import msgspec

from processors.rules.lifecycle.allocate_refund import allocate_refund, balance_of, reinstate
from processors.rules.lifecycle.change import Change, for_review, nothing, parked
from processors.rules.lifecycle.clearance import waiting_for_funds
from processors.rules.lifecycle.follower_state import UNTOUCHED
from processors.rules.lifecycle.payment_state import PaymentState
from processors.rules.lifecycle.readiness import after_void, follow, known, lines_by
from processors.rules.lifecycle.reversal_entries import EntryBuilder
from schemas.events import DisputeClosed, DisputeOpened, PaymentReturned
from schemas.practice_settings import DisputeBooking
from schemas.vocabulary import DecisionReason, EntryKind


def returned(event: PaymentReturned, life: PaymentState, on: date) -> Change:
    """The bank took the money back, and what it charges for that with it (R-11, R-15).

    A membership's charge stays: the patient owes it again. What waited for its funds waits no longer: they will never
    be there, and both entries are booked (R-7).
    """
    change = _given(event, event.return_id, EntryKind.RETURN, life, on)
    return msgspec.structs.replace(change, lift=waiting_for_funds(life)) if change.effects else change


def disputed(event: DisputeOpened, life: PaymentState, on: date) -> Change:
    """The money is held from the day on which it is taken; an inquiry takes none (R-10), at most a fee."""
    if not event.gross_minor and not event.fee_minor:
        return nothing()
    return _given(event, event.dispute_id, EntryKind.DISPUTE_HOLD, life, on)


def dispute_closed(event: DisputeClosed, life: PaymentState, on: date) -> Change:
    """Won or withdrawn: what was held comes back, with the fee if it is given back. Lost: nothing more (R-10).

    Before its opening is known it parks. Where a lost dispute brings back a part, that part is booked. A fee that the
    close itself tells is booked whatever the outcome, as the opening's is: it has no patient's side, but the payout is
    less by it, so the cash goes down by the fee and its companion makes up for it (R-15 with a gross of 0, N-3 A).
    GROSS and the mirrored share take no fee to the ledger (N-1, R-5): there QuickBooks alone has it, with the payout.
    """
    original, opened = known(life), _opened(event, life)
    if original is None or opened is None:
        return parked()
    if voided := after_void(event, life):
        return voided
    if not event.gross_minor and not event.fee_minor:
        return nothing()
    if event.gross_minor > -opened.gross_minor:
        return for_review(DecisionReason.MORE_THAN_ORIGINAL)
    balance = balance_of(life, original)
    held = lines_by(opened, balance.lines)
    order = EntryBuilder(
        event=event,
        ref=event.dispute_id,
        original=event.payment_id,
        on=on,
        companion=balance.terms.companion,
        given=reinstate(balance, event.gross_minor, event.fee_minor, held, opened.gross_minor),
    )
    standing = UNTOUCHED if original.settings.disputes is DisputeBooking.SUSPENSE else None
    kind = _kind(order, EntryKind.DISPUTE_RELEASE)
    return follow(original, order.given_entries(balance.lines, kind, standing=standing))


def _given(event: PaymentReturned | DisputeOpened, ref: str, kind: EntryKind, life: PaymentState, on: date) -> Change:
    original = known(life)
    if original is None:
        return parked()
    if voided := after_void(event, life):
        return voided
    balance = balance_of(life, original)
    given = allocate_refund(balance, event.gross_minor, event.fee_minor)
    if isinstance(given, DecisionReason):
        return for_review(given)
    order = EntryBuilder(
        event=event, ref=ref, original=event.payment_id, on=on, companion=balance.terms.companion, given=given
    )
    # SUSPENSE: no target has an office-level ledger, so the entry is shown with its amounts and written nowhere; the
    # money is in QuickBooks with its payout.
    apart = kind is EntryKind.DISPUTE_HOLD and original.settings.disputes is DisputeBooking.SUSPENSE
    standing = UNTOUCHED if apart else None
    return follow(original, order.given_entries(balance.lines, _kind(order, kind), standing=standing))


def _kind(order: EntryBuilder, usual: EntryKind) -> EntryKind:
    """Where an event moves a fee alone, the fee says whether more is held or some of it comes back."""
    if order.given is None or order.given.gross:
        return usual
    return EntryKind.DISPUTE_HOLD if order.given.fee > 0 else EntryKind.DISPUTE_RELEASE


def _opened(event: DisputeClosed, life: PaymentState) -> DisputeOpened | None:
    """The stage that took the money; where the close moves none, an inquiry is enough."""
    stages = [
        linked.event
        for linked in life.linked
        if linked.waiting is None
        and isinstance(linked.event, DisputeOpened)
        and linked.event.dispute_id == event.dispute_id
    ]
    taken = [stage for stage in stages if stage.gross_minor]
    return next(iter(taken if event.gross_minor else [*taken, *stages]), None)
