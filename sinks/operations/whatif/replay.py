"""Replays one payment or payout, from its first event to its last, under one history of settings, in memory.

The ledger's own engine applies the events; a poster that posts what is due at once stands between them. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from datetime import datetime
from typing import Final

import msgspec

from processors.rules.decisions.decide import decide
from processors.rules.decisions.refusal import Refused
from processors.rules.lifecycle.change import NewEntry
from processors.rules.lifecycle.engine import Applied, Arrival, apply_event, apply_payout
from processors.rules.lifecycle.ledger_facts import unhindered
from processors.rules.lifecycle.new_entries import insert_entries
from processors.rules.lifecycle.payment_state import (
    EntryState,
    EventId,
    MoneyReport,
    PaidItem,
    PaymentState,
    event_id_of,
)
from processors.rules.lifecycle.payouts import held_back
from processors.rules.lifecycle.resolve import FOLLOW_UP_RULES
from processors.rules.lifecycle.state_changes import EntryAdded, EntryMoved, EventResolved, StateChange
from schemas.events import Event
from schemas.identity import identify
from schemas.plan import Decision
from schemas.practice_settings import SettingsHistory
from schemas.vocabulary import EntryKind, State, Target
from sinks.operations.whatif.compare import ComparedEntry, Outcome

_replace: Final = msgspec.structs.replace
_OLD_VERSION: Final = Outcome(reason="OLD_VERSION")


class Replay:
    """Takes the events of one payment or payout as they arrived. Links, connections and closed days are left out,
    as is what people did apart from the bank's word and moves to another patient: they are the same on both sides of a
    comparison."""

    def __init__(self, history: SettingsHistory | None) -> None:
        self._history = history
        self._state = PaymentState()
        self._last_id = 0
        self._outcomes: dict[EventId, Outcome] = {}
        self._due: dict[int, datetime | None] = {}
        """As planned: None is due on arrival."""

    def report(
        self,
        event: Event,
        arrived_at: datetime,
        *,
        version: int | None = None,
        bank: int = 0,
        held: bool = False,
        moved_patients: Set[str] = frozenset(),
    ) -> None:
        """The next event of the payment, or one that is about no money.

        `version`, `bank`: of the money, where a person took the bank's word about it (P-23), or moved what stood of
        `moved_patients` (E-12): what would not have been posted by then would have gone to the right one at once.
        `held`: a payout with an item of an earlier one that stands, whatever the settings.
        """
        self._post(arrived_at)
        try:
            decision = decide(event, arrived_at, self._history)
        except Refused as error:
            self._outcomes[event_id_of(event)] = Outcome(refused=error.reason)
            return
        if decision.waiting is State.AWAITING_SETTINGS or self._history is None:
            self._outcomes[event_id_of(event)] = Outcome(waiting=decision.waiting, reason=decision.reason.value)
            return
        facts = unhindered(self._history, arrived_at)
        if isinstance(event, (MoneyReport, *FOLLOW_UP_RULES)):
            arrival = Arrival(
                event=event,
                version=identify(event).version if version is None else version,
                bank=bank,
                moved=frozenset(self._standing(moved_patients)),
                decision=held_back(decision) if held else decision,
                arrived_at=arrived_at,
            )
            applied = apply_event(self._state, arrival, facts, self._last_id)
            if applied.old_version:
                self._outcomes[event_id_of(event)] = _OLD_VERSION
            self._take_over(applied)
        else:
            self._take_plain(event, decision, arrived_at)

    def paid(self, payout_id: str, items: Iterable[PaidItem], arrived_at: datetime) -> None:
        """A payout with these items of the payment stands from now on; none: it does not any more (T-13, N-5, P-21)."""
        self._post(arrived_at)
        if self._history is not None:
            facts = unhindered(self._history, arrived_at)
            self._take_over(apply_payout(self._state, payout_id, items, facts, self._last_id))

    def outcomes(self) -> dict[EventId, Outcome]:
        """What every event has come to, as its entries stand at the end; SCHEDULED also says that one was posted."""
        return {
            event: outcome
            if outcome.waiting or outcome.refused
            else _replace(outcome, entries=tuple(self._compared(event)))
            for event, outcome in self._outcomes.items()
        }

    def _standing(self, patients: Set[str]) -> Iterator[int]:
        """What is posted for these patients; a note is about no money, and stays."""
        for entry in self._state.entries:
            of_them = entry.target is Target.PMS and entry.instruction.patient_ref in patients
            if of_them and entry.state is State.POSTED and entry.entry_kind is not EntryKind.NOTE:
                yield entry.effect_id

    def _take_plain(self, event: Event, decision: Decision, arrived_at: datetime) -> None:
        """An event that is about no other money: its entries are as planned."""
        self._outcomes[event_id_of(event)] = Outcome(waiting=decision.waiting, reason=decision.reason.value)
        if self._history is None or decision.waiting is not None:
            return
        planned = [NewEntry(effect=each) for each in decision.effects]
        facts = unhindered(self._history, arrived_at)
        added, _ = insert_entries(event_id_of(event), planned, facts, arrived_at, self._last_id)
        entries = (*self._state.entries, *(each.entry for each in added))
        last_id = self._last_id + len(added)
        self._take_over(Applied(state=_replace(self._state, entries=entries), changes=added, last_id=last_id))

    def _take_over(self, applied: Applied) -> None:
        self._state, self._last_id = applied.state, applied.last_id
        for change in applied.changes:
            self._note(change)

    def _note(self, change: StateChange) -> None:
        if isinstance(change, EventResolved):
            self._outcomes[change.event] = Outcome(waiting=change.waiting, reason=change.reason.value)
        elif isinstance(change, EntryAdded):
            self._due[change.entry.effect_id] = change.planned.effect.due_at
        elif isinstance(change, EntryMoved) and change.cleared:
            self._due[change.entry.effect_id] = change.entry.due_at

    def _post(self, now: datetime) -> None:
        """Everything that is due stands, each behind what it depends on."""
        entries = {entry.effect_id: entry for entry in self._state.entries}
        moved = True
        while moved:
            moved = False
            for entry in list(entries.values()):
                if _is_due(entry, now) and (
                    entry.depends_on is None or entries[entry.depends_on].state is State.POSTED
                ):
                    entries[entry.effect_id] = _replace(entry, state=State.POSTED)
                    moved = True
        self._state = _replace(self._state, entries=tuple(entries.values()))

    def _compared(self, event: EventId) -> Iterator[ComparedEntry]:
        for entry in self._state.entries:
            if (entry.source, entry.event_id) == event:
                yield ComparedEntry(
                    target=entry.target,
                    entry_kind=entry.entry_kind,
                    part=entry.part,
                    state=State.SCHEDULED if entry.state is State.POSTED else entry.state,
                    reason=entry.reason.value,
                    due_at=self._due[entry.effect_id],
                    amount_minor=entry.amount_minor,
                    currency=entry.instruction.currency,
                    ledger_date=entry.instruction.ledger_date,
                )


def _is_due(entry: EntryState, now: datetime) -> bool:
    return entry.state is State.SCHEDULED and (entry.due_at is None or entry.due_at <= now)
