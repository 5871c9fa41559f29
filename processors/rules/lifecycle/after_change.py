"""Adds to a change the entries that the payment's books lack when it is carried out (R-17)."""

from __future__ import annotations

from typing import Final

import msgspec

from processors.rules.lifecycle.booking_terms import is_voided, money_of, terms_of
from processors.rules.lifecycle.books import books_of
from processors.rules.lifecycle.change import Change, NewEntry
from processors.rules.lifecycle.differences import Differences, by_id, parts_of
from processors.rules.lifecycle.entries import classify_entries
from processors.rules.lifecycle.moved_refunds import as_entry
from processors.rules.lifecycle.new_entries import Part, insert_entries
from processors.rules.lifecycle.payment_state import (
    EntryState,
    EventId,
    FollowUp,
    PaymentState,
    Reported,
    event_id_of,
    resolved_events,
)
from processors.rules.lifecycle.reversal_entries import EntryBuilder
from processors.rules.lifecycle.working_state import WorkingState
from schemas.events import Event, MoneyFields
from schemas.vocabulary import OWN_CASH, DecisionReason, State

_replace: Final = msgspec.structs.replace


def with_differences(
    working: WorkingState, change: Change, event: Event, reported: Reported | None, follow_up: FollowUp | None = None
) -> Change:
    """The change with what is missing of the books that hold after it. `event` is the one that is resolved by it.

    `reported`: the money as it is told from then on, where the change says so. A payment that waits, a payout, and an
    event that only waits have none.
    """
    if change.waiting is not None or not working.facts.posts_differences:
        return change
    after = _Trial(working, change, event_id_of(event), reported, follow_up)
    if not after.has_books:
        return change
    missing = after.missing(event)
    if not missing or _lacked_before(working, event):
        return change
    if change.original is not None and change.original.effects:
        original = _replace(change.original, effects=(*change.original.effects, *missing))
        return _replace(change, original=original)
    return _replace(
        change,
        applied=False,
        reason=change.reason if change.effects else DecisionReason.FOLLOWS_ORIGINAL,
        effects=(*change.effects, *missing),
        settings_version=after.version if change.settings_version is None else change.settings_version,
    )


def _lacked_before(working: WorkingState, event: Event) -> bool:
    """The entries lacked something of the books already: a person ended an event as the person saw fit, and what came
    of that is the person's (R-14)."""
    reported = working.state.reported
    if reported is None or reported.waiting is not None:
        return False
    before = _Trial(working, Change(reason=reported.reason), event_id_of(event), None, None)
    return before.has_books and bool(before.missing(event))


class _Trial:
    """The payment as it will stand when the change is carried out. Pure."""

    def __init__(
        self,
        working: WorkingState,
        change: Change,
        event: EventId,
        reported: Reported | None,
        follow_up: FollowUp | None,
    ) -> None:
        self._working = working
        self._change = change
        state = working.state
        now = state.reported if reported is None else reported
        self.has_books = (
            now is not None and isinstance(now.event, MoneyFields) and (now.waiting is None or bool(change.original))
        )
        if now is None:
            return
        self.reported = now
        self.version = now.settings_version
        follow_ups = state.follow_ups
        if follow_up is not None:
            counted = _replace(follow_up, waiting=None)
            follow_ups = (*(x for x in follow_ups if event_id_of(x.event) != event), counted)
        self.event = event if change.original is None or not change.original.effects else event_id_of(now.event)
        self._planned = self._plan(change)
        self.state = PaymentState(
            reported=_replace(now, waiting=None),
            entries=(*self._kept(state, change), *self._added),
            follow_ups=follow_ups,
            items=state.items,
        )

    def missing(self, event: Event) -> tuple[NewEntry, ...]:
        """The entries that the books lack."""
        reported = self.reported
        on = self._working.facts.ledger_date(event, reported.settings_version, reported.arrived_at)
        payment, terms = money_of(reported).payment_id, terms_of(reported)
        builder = EntryBuilder(event=event, ref=payment, original=payment, on=on, companion=terms.companion)
        books = books_of(self.state, reported, resolved_events(self.state))
        taken = parts_of(self._effects) | self._stored_parts()
        return Differences(
            builder,
            classify_entries(self.state),
            terms,
            self._planned,
            self._voided(),
            keeps_ended=self._working.facts.keeps_ended,
        ).to(books, taken)

    def _plan(self, change: Change) -> dict[int, Part]:
        original = () if change.original is None else change.original.effects
        self._effects = original or change.effects
        added, ids = insert_entries(
            self.event, self._effects, self._working.facts, self._working.facts.now, self._working.last_id
        )
        self._added = tuple(each.entry for each in added)
        return by_id(ids)

    def _kept(self, state: PaymentState, change: Change) -> tuple[EntryState, ...]:
        void = set(change.void)
        return tuple(_replace(x, state=State.VOIDED_BEFORE_POST) if x.effect_id in void else x for x in state.entries)

    def _stored_parts(self) -> set[Part]:
        mine = (x for x in self._working.state.entries if (x.source, x.event_id) == self.event)
        return {(x.entry_kind, x.part) for x in mine}

    def _voided(self) -> dict[str, EntryState]:
        """By part, the payment as it was planned, where a void suppressed it; a net entry is none of these (R-7)."""
        if not is_voided(self.state):
            return {}
        own = (x for x in self.reported.plan if x.entry_kind in OWN_CASH)
        return {effect.part: as_entry(NewEntry(effect=effect)) for effect in own}
