"""Applies a returned payment, its reinstatement, a dispute that is opened, and one that is closed
(R-10, R-11, R-15, R-18, R-19)."""

from __future__ import annotations

from datetime import date

import msgspec

from processors.rules.lifecycle.allocate_refund import PartAmount, RefundSplit, balance_of
from processors.rules.lifecycle.awaiting_original import known_original, parked
from processors.rules.lifecycle.books import books_of
from processors.rules.lifecycle.change import Change, following, for_review, nothing
from processors.rules.lifecycle.clearance import waiting_for_funds
from processors.rules.lifecycle.entries import lines_by
from processors.rules.lifecycle.follower_state import UNTOUCHED, by_hand
from processors.rules.lifecycle.given_back import BroughtBack, GivenBack
from processors.rules.lifecycle.limits import refused
from processors.rules.lifecycle.payment_state import PaymentState, Reported, event_id_of, resolved_events
from processors.rules.lifecycle.reversal_entries import EntryBuilder
from processors.rules.lifecycle.voids import after_void
from schemas.events import DisputeClosed, DisputeOpened, PaymentReinstated, PaymentReturned
from schemas.practice_settings import DisputeBooking
from schemas.vocabulary import DecisionReason, EntryKind


def returned(event: PaymentReturned, state: PaymentState, on: date) -> Change:
    """The bank took the money back, and what it charges for that with it (R-11, R-15).

    A membership's charge stays: the patient owes it again. What waited for its funds waits no longer: they will never
    be there, and both entries are booked (R-7).
    """
    change = _taken(event, event.return_id, EntryKind.RETURN, state, on)
    return msgspec.structs.replace(change, lift=waiting_for_funds(state)) if change.effects else change


def reinstated(event: PaymentReinstated, state: PaymentState, on: date) -> Change:
    """The return was undone: what it took comes back as it went, with the bank's fee if it is given back (R-19).

    Before its return is known it parks.
    """
    original, gave = known_original(state), GivenBack(resolved_events(state)).gave(event)
    if original is None or gave is None:
        return parked()
    if voided := after_void(event, state):
        return voided
    if event.gross_minor > -gave.gross_minor:
        return for_review(DecisionReason.MORE_THAN_ORIGINAL)
    split = books_of(state, original, (*resolved_events(state), event)).splits[event_id_of(event)]
    return _brought_back(event, event.return_id, EntryKind.RETURN, state, original, split, on)


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

    A later version of the outcome of one opening supersedes the earlier: the difference is posted (R-18).
    """
    original, counted = known_original(state), tuple(resolved_events(state))
    opened = GivenBack(counted).gave(event)
    if original is None or opened is None:
        return parked()
    if voided := after_void(event, state):
        return voided
    if event.gross_minor > -opened.gross_minor:
        return for_review(DecisionReason.MORE_THAN_ORIGINAL)
    after = GivenBack((*counted, event))
    if after.back(opened) is not event:
        return nothing(DecisionReason.CORRECTED)
    split = books_of(state, original, (*counted, event)).splits[event_id_of(event)]
    if before := GivenBack(counted).back(opened):
        split = _less(split, books_of(state, original, counted).splits[event_id_of(before)])
    if not split.gross and not split.fee:
        return nothing()
    return _brought_back(event, event.dispute_id, EntryKind.DISPUTE_RELEASE, state, original, split, on)


def _brought_back(
    event: BroughtBack,
    ref: str,
    kind: EntryKind,
    state: PaymentState,
    original: Reported,
    split: RefundSplit,
    on: date,
) -> Change:
    balance = balance_of(state, original)
    builder = EntryBuilder(
        event=event, ref=ref, original=event.payment_id, on=on, companion=balance.terms.companion, split=split
    )
    apart = isinstance(event, DisputeClosed) and original.settings.disputes is DisputeBooking.SUSPENSE
    gave = GivenBack(resolved_events(state)).gave(event)
    taken = () if gave is None else lines_by(gave, balance.lines)
    initial = UNTOUCHED if apart else by_hand(line.entry for line in taken)
    chosen = _kind(builder, kind) if isinstance(event, DisputeClosed) else kind
    return following(original, builder.refund_entries(balance.lines, chosen, initial=initial))


def _less(split: RefundSplit, before: RefundSplit) -> RefundSplit:
    """What an outcome brings more than the one that it supersedes; less where it brings less (R-18)."""
    amounts = tuple(
        PartAmount(x.share, x.cash - y.cash, x.companion - y.companion, x.applied - y.applied)
        for x, y in zip(split.amounts, before.amounts, strict=True)
    )
    return RefundSplit(split.gross - before.gross, split.surcharge - before.surcharge, split.fee - before.fee, amounts)


def _taken(event: PaymentReturned | DisputeOpened, ref: str, kind: EntryKind, state: PaymentState, on: date) -> Change:
    original = known_original(state)
    if original is None:
        return parked()
    if voided := after_void(event, state):
        return voided
    if reason := refused(event, state, original):
        return for_review(reason)
    balance = balance_of(state, original)
    builder = EntryBuilder(
        event=event,
        ref=ref,
        original=event.payment_id,
        on=on,
        companion=balance.terms.companion,
        split=books_of(state, original, (*resolved_events(state), event)).splits[event_id_of(event)],
    )
    # SUSPENSE: no target has an office-level ledger, so the entry is shown with its amounts and written nowhere; the
    # money is in QuickBooks with its payout.
    apart = kind is EntryKind.DISPUTE_HOLD and original.settings.disputes is DisputeBooking.SUSPENSE
    initial = UNTOUCHED if apart else None
    return following(original, builder.refund_entries(balance.lines, _kind(builder, kind), initial=initial))


def _kind(builder: EntryBuilder, usual: EntryKind) -> EntryKind:
    """Less that comes back than an earlier outcome brought is held again (R-18). Where an event moves a fee alone, the
    fee says whether more is held or some of it comes back."""
    split = builder.split
    if split is None or (split.gross > 0 or (split.gross and usual is not EntryKind.DISPUTE_RELEASE)):
        return usual
    if split.gross:
        return EntryKind.DISPUTE_HOLD
    return EntryKind.DISPUTE_HOLD if split.fee > 0 else EntryKind.DISPUTE_RELEASE
