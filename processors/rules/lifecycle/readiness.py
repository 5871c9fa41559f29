"""Whether an event of a life can be resolved, and what its resolution is when it brings entries (R-8, law 2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from processors.rules.lifecycle.change import Change, NewEntry, for_review, nothing
from processors.rules.lifecycle.entries import Line
from processors.rules.lifecycle.payment_state import PaymentState, Reported
from schemas import events as e
from schemas.vocabulary import DecisionReason


def known(life: PaymentState) -> Reported | None:
    """The original, when it is stored and resolved: until then what speaks of it parks (R-8)."""
    return life.told if life.told is not None and life.told.waiting is None else None


def after_void(event: e.Event, life: PaymentState) -> Change | None:
    """What is told of a voided payment; None when it is not voided.

    A void took back all that stood when it came: a refund that happened before it is in that. Anything else moves
    money that is not there any more: a person looks.
    """
    voids = [x.event for x in life.linked if x.waiting is None and isinstance(x.event, e.PaymentVoided)]
    if not voids:
        return None
    earlier = any(event.occurred_at <= void.occurred_at for void in voids)
    of_payment = isinstance(event, e.RefundSucceeded | e.RefundFailed | e.MoneyFields)
    if earlier and of_payment:
        return nothing(DecisionReason.VOIDED)
    return for_review(DecisionReason.MORE_THAN_ORIGINAL)


def lines_by(event: e.Event, lines: Sequence[Line]) -> tuple[Line, ...]:
    """What an earlier event gave back."""
    key = (event.source, event.event_id)
    return tuple(line for line in lines if line.given and (line.entry.source, line.entry.event_id) == key)


def follow(original: Reported, entries: Iterable[NewEntry]) -> Change:
    """The entries under the original's settings (R-6); without any, the event posts nothing."""
    effects = tuple(entries)
    if not effects:
        return nothing()
    return Change(reason=DecisionReason.FOLLOWS_ORIGINAL, effects=effects, settings_version=original.settings_version)
