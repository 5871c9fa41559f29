"""The state of one payment while an event is applied to it, and the list of what has changed so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from processors.rules.lifecycle.change import Change, NewEntry
from processors.rules.lifecycle.ledger_facts import LedgerFacts
from processors.rules.lifecycle.new_entries import Part, insert_entries
from processors.rules.lifecycle.payment_state import (
    EntryState,
    EventId,
    FollowUp,
    PaymentState,
    Reported,
    event_id_of,
)
from processors.rules.lifecycle.state_changes import EntryMoved, EntryRedirected, EventResolved, StateChange
from schemas.vocabulary import DecisionReason, State

_replace: Final = msgspec.structs.replace


class WorkingState:
    """Changed by the engine alone, for one event; `changes` ascend by when they hold."""

    def __init__(self, state: PaymentState, facts: LedgerFacts, last_id: int) -> None:
        self.facts = facts
        self.last_id = last_id
        self.changes: list[StateChange] = []
        self._reported = state.reported
        self._items = state.items
        self._entries = {entry.effect_id: entry for entry in state.entries}
        self._follow_ups = {event_id_of(each.event): each for each in state.follow_ups}
        self._state: PaymentState | None = state

    @property
    def state(self) -> PaymentState:
        """As it stands now, for the rules."""
        if self._state is None:
            self._state = PaymentState(
                reported=self._reported,
                entries=tuple(self._entries.values()),
                follow_ups=tuple(self._follow_ups.values()),
                items=self._items,
            )
        return self._state

    def report(self, reported: Reported) -> None:
        """The money as it is reported from now on."""
        self._reported = reported
        self._state = None

    def follow_up(self, follow_up: FollowUp) -> None:
        """An event about the money, new or asked again."""
        self._follow_ups[event_id_of(follow_up.event)] = follow_up
        self._state = None

    def resolve(self, resolved: EventResolved) -> None:
        """How an event stands from now on."""
        self.changes.append(resolved)

    def add(
        self, by: EventResolved, planned: Sequence[NewEntry], arrived_at: datetime, due_at: datetime | None = None
    ) -> dict[Part, int]:
        """Insert the entries of a resolved event. Returns the ids that others can wait for."""
        return self.add_to(by.event, planned, arrived_at, due_at)

    def add_to(
        self, event: EventId, planned: Sequence[NewEntry], arrived_at: datetime, due_at: datetime | None = None
    ) -> dict[Part, int]:
        """Insert further entries of an event that is resolved already."""
        added, ids = insert_entries(event, planned, self.facts, arrived_at, self.last_id, due_at=due_at)
        self.last_id += len(added)
        self._entries |= {each.entry.effect_id: each.entry for each in added}
        self.changes += added
        self._state = None
        return ids

    def carry_out(self, change: Change, ids: Mapping[Part, int]) -> None:
        """Void, release from clearance, redirect. `ids`: of the entries that this change brings, to depend on."""
        for effect_id in change.void:
            self._move(effect_id, State.VOIDED_BEFORE_POST, reason=change.void_reason)
        for effect_id in change.lift:
            entry = self._entries[effect_id]
            holds = tuple(each for each in entry.holds if each is not State.AWAITING_CLEARANCE)
            due_at = self.facts.due_on_its_day(entry.target, entry.instruction.ledger_date, self.facts.now)
            self._move(effect_id, self.facts.state_behind(holds, entry), holds=holds, due_at=due_at)
        for redirect in change.redirect:
            entry = _replace(self._entries[redirect.effect_id], depends_on=ids.get(redirect.to))
            self._put(entry, EntryRedirected(entry))

    def _move(self, effect_id: int, state: State, *, reason: DecisionReason | None = None, **cleared: Any) -> None:
        before = self._entries[effect_id]
        entry = _replace(before, state=state, reason=reason or before.reason, **cleared)
        self._put(entry, EntryMoved(before=before.state, entry=entry, cleared=bool(cleared), reason=reason))

    def _put(self, entry: EntryState, change: StateChange) -> None:
        self._entries[entry.effect_id] = entry
        self.changes.append(change)
        self._state = None
