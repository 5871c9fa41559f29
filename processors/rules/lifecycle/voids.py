"""Applies a void: entries that were not sent are suppressed, those that were are reversed (R-7, law 2)."""

from __future__ import annotations

from datetime import date

from processors.rules.lifecycle.allocate_refund import balance_of
from processors.rules.lifecycle.awaiting_original import parked
from processors.rules.lifecycle.books import Figures, books_of
from processors.rules.lifecycle.change import Change, ReleasedOriginal, for_review, nothing
from processors.rules.lifecycle.entries import REFUND_EVENTS, Line
from processors.rules.lifecycle.follower_state import voidable
from processors.rules.lifecycle.given_back import GivenBack
from processors.rules.lifecycle.payment_state import PaymentState, Reported, is_ours, resolved_events
from processors.rules.lifecycle.reversal_entries import EntryBuilder
from processors.rules.lifecycle.reversals import reverse_entries
from schemas.events import Event, MoneyFields, PaymentCorrected, PaymentVoided
from schemas.vocabulary import DecisionReason, State


def voided(event: PaymentVoided, state: PaymentState, on: date) -> Change:
    """What was not sent is suppressed; of what was, a reversal reverses what still stands after refunds, fee included.

    A part that was given back whole has nothing left to void: what it cost stays, whatever was posted when the void
    came (R-17). Where money moved later than it was voided, which cannot be, that is the reason: a person hears of it
    (`after_void` is the same the other way round). A payment that still waits for its fee or for a person is never
    posted, and what an earlier version of it left is reversed.
    """
    original = state.reported
    if original is None or original.waiting is State.AWAITING_SETTINGS:
        return parked()
    balance = balance_of(state, original)
    waits = original.waiting is not None
    books = books_of(state, original, (*resolved_events(state), event))
    void: list[Line] = []
    kept: list[Line] = []
    for part in dict.fromkeys(line.root for line in balance.lines):
        mine = [line for line in balance.lines if line.root == part]
        unsent = all(voidable(line.entry) for line in mine if line.booked)
        if waits or unsent or books.total(part) == Figures():
            _sort(mine, void, kept)
    builder = EntryBuilder(event=event, ref=event.payment_id, original=event.payment_id, on=on)
    effects = tuple(reverse_entries(builder, kept))
    moved = _moved_later(event, state, original)
    return Change(
        reason=DecisionReason.MORE_THAN_ORIGINAL if moved else DecisionReason.VOIDED,
        applied=not effects,
        effects=effects,
        void=tuple(line.entry.effect_id for line in void),
        original=ReleasedOriginal(reason=DecisionReason.VOIDED, voided=True) if waits else None,
        settings_version=original.settings_version,
    )


def after_void(event: Event, state: PaymentState) -> Change | None:
    """What an event about a voided payment changes; None while the payment is not voided.

    A void takes back all that stood: what was given back or brought back before it happened is in that, whichever was
    reported first (R-17). Anything later moves money that is not there any more: a person looks.
    """
    voids = [each for each in resolved_events(state) if isinstance(each, PaymentVoided)]
    if not voids:
        return None
    earlier = any(event.occurred_at <= void.occurred_at for void in voids)
    if earlier and isinstance(event, (*REFUND_EVENTS, MoneyFields)):
        return nothing(DecisionReason.VOIDED)
    return for_review(DecisionReason.MORE_THAN_ORIGINAL)


def _moved_later(void: PaymentVoided, state: PaymentState, original: Reported) -> bool:
    """Whether what counts already says that money of the payment moved after this void, or that it was another amount:
    `after_void` would have held it. What came back of it is as if it had not moved."""
    moves = GivenBack(resolved_events(state)).moves
    if sum(each.gross_minor for each in moves if each.occurred_at > void.occurred_at):
        return True
    told = original.event
    return isinstance(told, PaymentCorrected) and not is_ours(told) and told.occurred_at > void.occurred_at


def _sort(mine: list[Line], void: list[Line], kept: list[Line]) -> None:
    """Refunds of a part go with what they depend on while that was not sent, else they stay and count."""
    booked = [line for line in mine if line.booked]
    going = {line.entry.effect_id for line in booked if voidable(line.entry) and not line.is_refund}
    for line in booked:
        if voidable(line.entry) and line.entry.depends_on in going:
            going.add(line.entry.effect_id)
    void += [line for line in booked if line.entry.effect_id in going]
    kept += [line for line in booked if line.entry.effect_id not in going and line.family is not None]
