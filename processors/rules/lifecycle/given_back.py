"""Pairs events that gave money back with those that brought it back: refund and failure, return and reinstatement,
dispute and outcome (R-9, R-10, R-18, R-19)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from processors.rules.lifecycle.payment_state import EventId, PaymentState, event_id_of, resolved_events
from schemas.events import (
    DisputeClosed,
    DisputeOpened,
    Event,
    PaymentReinstated,
    PaymentReturned,
    RefundFailed,
    RefundSucceeded,
)
from schemas.identity import subject_of

GaveBack = RefundSucceeded | PaymentReturned | DisputeOpened
"""Money leaves the practice: gross ≤ 0."""

BroughtBack = RefundFailed | PaymentReinstated | DisputeClosed
"""It is the practice's again: gross ≥ 0, of an earlier event that gave it back."""

_GIVEN_BY: Final[dict[type[Event], type[Event]]] = {
    RefundFailed: RefundSucceeded,
    PaymentReinstated: PaymentReturned,
    DisputeClosed: DisputeOpened,
}


def judging_order(event: Event) -> tuple[datetime, str, str, int]:
    """When it happened; ties by kind, subject, version (R-17): the same in whatever order events arrived."""
    subject, kind, version = subject_of(event)
    return event.occurred_at, kind.value, subject, version


class GivenBack:
    """The pairs among some events of one payment. Pure."""

    def __init__(self, events: Iterable[Event]) -> None:
        counted = _without_superseded([x for x in events if isinstance(x, GaveBack | BroughtBack)])
        moving = sorted(counted, key=judging_order)
        self._gave: dict[tuple[type[Event], str], list[GaveBack]] = {}
        for event in moving:
            if isinstance(event, GaveBack):
                self._gave.setdefault((type(event), subject_of(event)[0]), []).append(event)
        self._back: dict[EventId, BroughtBack] = {}
        for event in moving:
            if isinstance(event, BroughtBack):
                self._pair(event)
        stands = {event_id_of(event) for event in self._back.values()}
        self.moves: Final = [x for x in moving if isinstance(x, GaveBack) or event_id_of(x) in stands]
        """In the order in which they happened, without outcomes that a later one of their opening supersedes (R-18)."""

    @property
    def gross(self) -> int:
        """What was given back of the gross, ≥ 0, less what came back of it (R-2)."""
        return -sum(event.gross_minor for event in self.moves)

    def gave(self, event: BroughtBack) -> GaveBack | None:
        """What gave back the money that `event` brings back; None while that is not known.

        Of a dispute that was opened several times it is the last opening before the outcome (R-18); an outcome that
        moves no gross may end an inquiry, which took none.
        """
        known = self._gave.get((_GIVEN_BY[type(event)], subject_of(event)[0]), ())
        if not isinstance(event, DisputeClosed):
            return next(iter(known), None)
        before = [x for x in known if x.occurred_at <= event.occurred_at]
        taken = [x for x in before if x.gross_minor]
        stages = taken if event.gross_minor or taken else before
        return stages[-1] if stages else None

    def back(self, event: GaveBack) -> BroughtBack | None:
        """What stands of what brought the money of `event` back. Of several outcomes the highest version (R-18).

        One that brings more than was given stands for nothing: a person looks at it.
        """
        return self._back.get(event_id_of(event))

    def _pair(self, event: BroughtBack) -> None:
        gave = self.gave(event)
        if gave is None or event.gross_minor > -gave.gross_minor:
            return
        before = self._back.get(event_id_of(gave))
        if before is None or subject_of(before)[2] < subject_of(event)[2]:
            self._back[event_id_of(gave)] = event


def standing_refunds(events: Iterable[Event]) -> dict[str, RefundSucceeded]:
    """By id, each refund as it was told last: upstream's report of one that only a payout knew stands in the place of
    that, and the bank's word about one that upstream told stands in the place of upstream's (P-23). Pure."""
    return {each.refund_id: each for each in events if isinstance(each, RefundSucceeded)}


def _without_superseded(events: Sequence[GaveBack | BroughtBack]) -> list[GaveBack | BroughtBack]:
    """One refund is one, whoever told it; `events` are in the order in which they were stored."""
    standing = standing_refunds(events)
    return [x for x in events if not isinstance(x, RefundSucceeded) or standing[x.refund_id] is x]


def refunded_gross(state: PaymentState) -> int:
    """What was given back of the gross by the events that count, ≥ 0 (R-2)."""
    return GivenBack(resolved_events(state)).gross


def with_what_came_back(events: Iterable[Event], state: PaymentState) -> tuple[Event, ...]:
    """These events, and what is known to have brought their money back, though that waits still.

    The limit of R-2 is taken over the whole set of known facts (R-17): a refund that failed takes nothing from it.
    """
    counted = tuple(events)
    known = {event_id_of(each) for each in counted}
    pairs = GivenBack(counted)
    waiting = (x.event for x in state.follow_ups if x.waiting is not None)
    back = (x for x in waiting if isinstance(x, BroughtBack) and event_id_of(x) not in known)
    return (*counted, *(x for x in back if pairs.gave(x) is not None))
