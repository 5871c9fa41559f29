"""Applies a returned payment, a dispute that is opened, and one that is closed (R-10, R-11, R-15)."""

from __future__ import annotations

from datetime import date

import msgspec

from processors.rules.lifecycle.allocate_refund import allocate_refund, balance_of, reinstate
from processors.rules.lifecycle.awaiting_original import known_original, parked
from processors.rules.lifecycle.change import Change, following, for_review, nothing
from processors.rules.lifecycle.clearance import waiting_for_funds
from processors.rules.lifecycle.entries import lines_by
from processors.rules.lifecycle.follower_state import UNTOUCHED, by_hand
from processors.rules.lifecycle.payment_state import PaymentState, resolved_events
from processors.rules.lifecycle.reversal_entries import EntryBuilder
from processors.rules.lifecycle.voids import after_void
from schemas.events import DisputeClosed, DisputeOpened, PaymentReturned
from schemas.practice_settings import DisputeBooking
from schemas.vocabulary import DecisionReason, EntryKind


def returned(event: PaymentReturned, state: PaymentState, on: date) -> Change:
    """The bank took the money back, and what it charges for that with it (R-11, R-15).

    A membership's charge stays: the patient owes it again. What waited for its funds waits no longer: they will never
    be there, and both entries are booked (R-7).
    """
    change = _taken(event, event.return_id, EntryKind.RETURN, state, on)
    return msgspec.structs.replace(change, lift=waiting_for_funds(state)) if change.effects else change


def disputed(event: DisputeOpened, state: PaymentState, on: date) -> Change:
    """The money is held from the day on which it is taken; an inquiry takes none (R-10), at most a fee."""
    if not event.gross_minor and not event.fee_minor:
        return nothing()
    return _taken(event, event.dispute_id, EntryKind.DISPUTE_HOLD, state, on)


def dispute_closed(event: DisputeClosed, state: PaymentState, on: date) -> Change:
    """Won or withdrawn: what was held comes back, with the fee if it is given back. Lost: nothing more (R-10).

    Before its opening is known it parks. Where a lost dispute brings back a part, that part is booked. A fee of
    the close itself is booked whatever the outcome, as the opening's is: it has no patient's side, but the payout is
    less by it, so the cash goes down by the fee and its companion makes up for it (R-15 with a gross of 0, N-3 A).
    GROSS and the mirrored share take no fee to the ledger (N-1, R-5): there QuickBooks alone has it, with the payout.
    """
    original, opened = known_original(state), _opened(event, state)
    if original is None or opened is None:
        return parked()
    if voided := after_void(event, state):
        return voided
    if not event.gross_minor and not event.fee_minor:
        return nothing()
    if event.gross_minor > -opened.gross_minor:
        return for_review(DecisionReason.MORE_THAN_ORIGINAL)
    balance = balance_of(state, original)
    held = lines_by(opened, balance.lines)
    builder = EntryBuilder(
        event=event,
        ref=event.dispute_id,
        original=event.payment_id,
        on=on,
        companion=balance.terms.companion,
        split=reinstate(balance, event.gross_minor, event.fee_minor, held, opened.gross_minor),
    )
    initial = (
        UNTOUCHED if original.settings.disputes is DisputeBooking.SUSPENSE else by_hand(line.entry for line in held)
    )
    kind = _kind(builder, EntryKind.DISPUTE_RELEASE)
    return following(original, builder.refund_entries(balance.lines, kind, initial=initial))


def _taken(event: PaymentReturned | DisputeOpened, ref: str, kind: EntryKind, state: PaymentState, on: date) -> Change:
    original = known_original(state)
    if original is None:
        return parked()
    if voided := after_void(event, state):
        return voided
    balance = balance_of(state, original)
    split = allocate_refund(balance, event.gross_minor, event.fee_minor)
    if isinstance(split, DecisionReason):
        return for_review(split)
    builder = EntryBuilder(
        event=event, ref=ref, original=event.payment_id, on=on, companion=balance.terms.companion, split=split
    )
    # SUSPENSE: no target has an office-level ledger, so the entry is shown with its amounts and written nowhere; the
    # money is in QuickBooks with its payout.
    apart = kind is EntryKind.DISPUTE_HOLD and original.settings.disputes is DisputeBooking.SUSPENSE
    initial = UNTOUCHED if apart else None
    return following(original, builder.refund_entries(balance.lines, _kind(builder, kind), initial=initial))


def _kind(builder: EntryBuilder, usual: EntryKind) -> EntryKind:
    """Where an event moves a fee alone, the fee says whether more is held or some of it comes back."""
    if builder.split is None or builder.split.gross:
        return usual
    return EntryKind.DISPUTE_HOLD if builder.split.fee > 0 else EntryKind.DISPUTE_RELEASE


def _opened(event: DisputeClosed, state: PaymentState) -> DisputeOpened | None:
    """The stage that took the money; where the close moves none, an inquiry is enough."""
    opened = (each for each in resolved_events(state) if isinstance(each, DisputeOpened))
    stages = [each for each in opened if each.dispute_id == event.dispute_id]
    taken = [stage for stage in stages if stage.gross_minor]
    return next(iter(taken if event.gross_minor else [*taken, *stages]), None)
