"""One payment or payout, from its first event to its last, under one history of settings: the ledger's own rules in
memory, with a poster that posts what is due at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Final

import msgspec

from processors.rules.decisions.decide import decide
from processors.rules.decisions.refusal import Refused
from processors.rules.lifecycle.change import Change, NewEntry
from processors.rules.lifecycle.fees import paid_out
from processors.rules.lifecycle.ledger_dates import dated
from processors.rules.lifecycle.payment_state import EntryState, FollowUp, PaidItem, PaymentState, Reported
from processors.rules.lifecycle.resolve import LINKED, resolve_linked, told
from schemas.events import Event, MoneyFields, PayoutPaid
from schemas.identity import identify
from schemas.plan import Decision
from schemas.practice_settings import PracticeSettings, SettingsHistory
from schemas.vocabulary import UNMET_ORDER, DecisionReason, EntryKind, State
from sinks.ledger.intake.read_payment_states import version_of
from sinks.operations.whatif.compare import ComparedEntry, Outcome

Key = tuple[str, str]
"""Source and event id."""
_replace: Final = msgspec.structs.replace
_CONDITIONS: Final = frozenset(UNMET_ORDER)
_OLD: Final = Outcome(reason="OLD_VERSION")


class Replay:
    """Takes the events of one life as they arrived. Links, connections, closed days and what people did are left out:
    they are the same on both sides of a comparison."""

    def __init__(self, history: SettingsHistory | None) -> None:
        self._history = history
        self._life = PaymentState()
        self._taken: dict[Key, tuple[datetime, Decision]] = {}
        self._said: dict[Key, Outcome] = {}
        self._entries: dict[int, EntryState] = {}
        self._due: dict[int, datetime | None] = {}

    def report(self, event: Event, arrived_at: datetime) -> None:
        """The next event of the life, or one that is about no money."""
        self._post(arrived_at)
        key = _key(event)
        try:
            decision = decide(event, arrived_at, self._history)
        except Refused as error:
            self._said[key] = Outcome(refused=error.reason)
            return
        self._taken[key] = (arrived_at, decision)
        if decision.waiting is State.AWAITING_SETTINGS or not isinstance(event, (MoneyFields, PayoutPaid, *LINKED)):
            self._say(event, decision.waiting, decision.reason)
            self._enter((NewEntry(effect=each) for each in decision.effects), event)
        elif isinstance(event, MoneyFields | PayoutPaid):
            self._money(event, decision)
        else:
            self._speaks(event, decision)
        self._release()

    def paid(self, payout_id: str, items: Iterable[PaidItem], arrived_at: datetime) -> None:
        """A payout with these items of the payment stands from now on; none: it does not any more (T-13, N-5, P-21)."""
        self._post(arrived_at)
        mine = tuple(items)
        others = tuple(each for each in self._life.items if each.payout_id != payout_id)
        self._life = _replace(self._life, items=(*others, *mine))
        if mine and self._life.told is not None:
            event = self._life.told.event
            self._apply(paid_out(self._life, self._on(event)), event, at=arrived_at)
            self._release()

    def outcomes(self) -> dict[Key, Outcome]:
        """What every event has come to, as its entries stand at the end; SCHEDULED also says that one was posted."""
        return {
            key: said if said.waiting or said.refused else _replace(said, entries=tuple(self._shown(key)))
            for key, said in self._said.items()
        }

    def _money(self, event: MoneyFields | PayoutPaid, decision: Decision) -> None:
        new = Reported(
            event=event,
            version=identify(event).version,
            waiting=decision.waiting,
            reason=decision.reason,
            settings=self._settings(decision.settings_version),
            settings_version=decision.settings_version,
            plan=decision.effects,
        )
        change = told(new, self._life, on=self._on(event))
        if change.old_version:
            self._said[_key(event)] = _OLD
            return
        if change.settings_version is not None:
            pinned = self._settings(change.settings_version)
            new = _replace(new, settings=pinned, settings_version=change.settings_version)
        self._apply(change, event)
        self._say(event, change.waiting, change.reason)
        self._life = _replace(self._life, told=_replace(new, waiting=change.waiting))

    def _speaks(self, event: Event, decision: Decision) -> None:
        """An event about money; one that moves none is decided by RULES alone (R-10)."""
        if decision.waiting is State.AWAITING_ORIGINAL:
            change = resolve_linked(event, self._life, on=self._on(event))
        else:
            change = Change(waiting=decision.waiting, reason=decision.reason, applied=decision.applied)
        self._apply(change, event)
        self._say(event, change.waiting, change.reason)
        others = tuple(each for each in self._life.linked if each.event is not event)
        self._life = _replace(self._life, linked=(*others, FollowUp(event=event, waiting=change.waiting)))

    def _release(self) -> None:
        """Ask what is parked again, in the order in which it happened, until none moves any more (R-8)."""
        moved = True
        while moved:
            moved = False
            parked = [each.event for each in self._life.linked if each.waiting is State.AWAITING_ORIGINAL]
            for event in sorted(parked, key=lambda each: each.occurred_at):
                self._speaks(event, self._taken[_key(event)][1])
                if self._said[_key(event)].waiting is not State.AWAITING_ORIGINAL:
                    moved = True
                    break

    def _apply(self, change: Change, event: Event, *, at: datetime | None = None) -> None:
        arrived_at = at or self._taken[_key(event)][0]
        for number in change.void:
            self._move(number, state=State.VOIDED_BEFORE_POST, reason=change.void_reason)
        for number in change.lift:
            holds = tuple(each for each in self._entries[number].holds if each is not State.AWAITING_CLEARANCE)
            self._move(number, holds=holds, state=holds[0] if holds else State.SCHEDULED, due_at=arrived_at)
            self._due[number] = arrived_at
        ids: dict[tuple[EntryKind, str], int] = {}
        if change.origin is not None and self._life.told is not None:
            before = self._life.told
            self._said[_key(before.event)] = Outcome(reason=change.origin.reason.value)
            self._life = _replace(self._life, told=_replace(before, waiting=None))
            ids |= self._enter(change.origin.effects, before.event, at=arrived_at)
        ids |= self._enter(change.effects, event, at=arrived_at)
        for redirect in change.redirect:
            self._move(redirect.effect_id, depends_on=ids.get(redirect.to))
        self._life = _replace(self._life, entries=tuple(self._entries.values()))

    def _enter(
        self, planned: Iterable[NewEntry], event: Event, *, at: datetime | None = None
    ) -> dict[tuple[EntryKind, str], int]:
        ids: dict[tuple[EntryKind, str], int] = {}
        for each in planned:
            effect, number = each.effect, len(self._entries) + 1
            ids[effect.entry_kind, effect.part] = number
            conditions = {effect.state, *effect.holds} & _CONDITIONS
            self._due[number] = effect.due_at
            self._entries[number] = EntryState(
                effect_id=number,
                source=event.source,
                event_id=event.event_id,
                target=effect.target,
                entry_kind=effect.entry_kind,
                part=effect.part,
                state=effect.state,
                reason=effect.reason,
                holds=tuple(state for state in UNMET_ORDER if state in conditions),
                due_at=effect.due_at or at or self._taken[_key(event)][0],
                amount_minor=effect.instruction.amount_minor,
                depends_on=each.behind if effect.depends_on is None else ids[effect.depends_on],
                lane=effect.lane,
                connection_id=each.connection_id or effect.target.value,
                instruction=effect.instruction,
            )
        return ids

    def _post(self, now: datetime) -> None:
        """Everything that is due stands, each behind what it depends on."""
        moved = True
        while moved:
            moved = False
            for number, entry in list(self._entries.items()):
                due = entry.state is State.SCHEDULED and (entry.due_at is None or entry.due_at <= now)
                if due and (entry.depends_on is None or self._entries[entry.depends_on].state is State.POSTED):
                    self._move(number, state=State.POSTED)
                    moved = True
        self._life = _replace(self._life, entries=tuple(self._entries.values()))

    def _move(self, number: int, **changed: object) -> None:
        self._entries[number] = _replace(self._entries[number], **changed)

    def _say(self, event: Event, waiting: State | None, reason: DecisionReason) -> None:
        self._said[_key(event)] = Outcome(waiting=waiting, reason=reason.value)

    def _shown(self, key: Key) -> Iterator[ComparedEntry]:
        for number, entry in self._entries.items():
            if (entry.source, entry.event_id) == key:
                yield ComparedEntry(
                    target=entry.target,
                    entry_kind=entry.entry_kind,
                    part=entry.part,
                    state=State.SCHEDULED if entry.state is State.POSTED else entry.state,
                    reason=entry.reason.value,
                    due_at=self._due[number],
                    amount_minor=entry.amount_minor,
                    currency=entry.instruction.currency,
                    ledger_date=entry.instruction.ledger_date,
                )

    def _settings(self, version: int | None) -> PracticeSettings:
        return version_of(self._known(), version).settings

    def _on(self, event: Event) -> date:
        arrived_at, decision = self._taken[_key(event)]
        history = self._known()
        return dated(event, history, version_of(history, decision.settings_version), arrived_at)

    def _known(self) -> SettingsHistory:
        if self._history is None:
            raise TypeError("an event without settings has no life yet")
        return self._history


def _key(event: Event) -> Key:
    return event.source, event.event_id
