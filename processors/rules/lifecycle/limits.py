"""Says whether more would go back than was paid, over the whole set of known facts (R-2, R-17)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from processors.rules.lifecycle.booking_terms import money_of
from processors.rules.lifecycle.books import books_of
from processors.rules.lifecycle.given_back import BroughtBack, GaveBack, GivenBack, with_what_came_back
from processors.rules.lifecycle.named_patients import names_other_patient
from processors.rules.lifecycle.payment_state import PaymentState, Reported, resolved_events
from schemas.events import Event, MoneyFields, RefundSucceeded
from schemas.identity import subject_of
from schemas.vocabulary import DecisionReason


def refused(event: GaveBack, state: PaymentState, reported: Reported) -> DecisionReason | None:
    """Why this event cannot be right beside those that count; None where it fits. Pure.

    What is known to have come back of any of them takes nothing, though it waits still itself: of a refund that failed
    and the one that replaced it, neither is too much, whichever was reported first.
    """
    if isinstance(event, RefundSucceeded) and names_other_patient(event.splits, reported):
        return DecisionReason.NAMES_OTHER_PATIENT
    facts = with_what_came_back((*resolved_events(state), event), state)
    if more_than_paid(facts, reported):
        return DecisionReason.MORE_THAN_ORIGINAL
    named = any(isinstance(x, RefundSucceeded) and (x.splits or x.surcharge_minor is not None) for x in facts)
    return books_of(state, reported, facts).refused if named else None


def still_too_much(state: PaymentState) -> Callable[[Event], bool] | None:
    """Whether an event that waits gives back more than is left, without judging it: one look at all facts for however
    many wait (law 9). False where only `refused` can say. None: nothing is known that it could be measured by. Pure.
    """
    reported = state.reported
    if reported is None or not isinstance(reported.event, MoneyFields):
        return None
    gone = GivenBack(with_what_came_back(resolved_events(state), state)).gross
    left = money_of(reported).gross_minor - gone
    back = {
        subject_of(x.event)[0] for x in state.follow_ups if x.waiting is not None and isinstance(x.event, BroughtBack)
    }

    def stays(event: Event) -> bool:
        return isinstance(event, GaveBack) and -event.gross_minor > left and subject_of(event)[0] not in back

    return stays


def more_than_paid(facts: Iterable[Event], reported: Reported) -> bool:
    """Whether these facts give back more than the payment's gross."""
    return GivenBack(facts).gross > money_of(reported).gross_minor


def outgrown(state: PaymentState, reported: Reported) -> bool:
    """Whether more was given back already than this version of the payment says was paid (E-11)."""
    return more_than_paid(with_what_came_back(resolved_events(state), state), reported)
