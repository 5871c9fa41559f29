"""Applies an event to the state of a payment or payout: the one engine of the ledger, of what-if and of the tests.

The rules say what one event changes (`resolve`); the engine carries that out on the state, asks again what waited for
it, and lists the changes. It does no I/O and reads no clock. INTAKE runs it under the practice's lock on what it read
and writes the changes as rows; what-if and the property tests run it in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

import msgspec

from processors.rules.lifecycle.after_change import with_differences
from processors.rules.lifecycle.awaiting_original import waiting_in_order
from processors.rules.lifecycle.bounds import MOST_ENTRIES, is_full
from processors.rules.lifecycle.by_person import PersonsWord, ended
from processors.rules.lifecycle.change import Change, Redirect, ReleasedOriginal, for_review
from processors.rules.lifecycle.fees import paid_out
from processors.rules.lifecycle.follow_up_times import due_at
from processors.rules.lifecycle.ledger_facts import LedgerFacts
from processors.rules.lifecycle.limits import still_too_much
from processors.rules.lifecycle.new_entries import Part
from processors.rules.lifecycle.payment_state import (
    EventId,
    FollowUp,
    MoneyReport,
    PaidItem,
    PaymentState,
    Reported,
    event_id_of,
)
from processors.rules.lifecycle.payments import REASONS_JUDGED_AGAIN, judged_again
from processors.rules.lifecycle.refused_payments import refused_debits
from processors.rules.lifecycle.resolve import resolve_follow_up, resolve_report
from processors.rules.lifecycle.state_changes import EventResolved, StateChange
from processors.rules.lifecycle.undone_payouts import taken_back
from processors.rules.lifecycle.working_state import WorkingState
from schemas.events import Event
from schemas.plan import Decision, PlannedEntry
from schemas.vocabulary import DecisionReason, Ruling, State

_replace: Final = msgspec.structs.replace


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """An event that reached the ledger, with what RULES decided about it under the settings in force."""

    event: Event
    version: int
    """Of the money (E-1)."""
    bank: int = 0
    """As `Reported.bank`."""
    moved: frozenset[int] = frozenset()
    """Entries that stand at a patient who was the wrong one: they are taken back there and posted anew (E-12)."""
    decision: Decision
    arrived_at: datetime
    """The broker's append time of its record."""


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """The state after an event, and everything that changed on the way there."""

    state: PaymentState
    changes: Sequence[StateChange] = ()
    last_id: int
    """The id of the entry that was added last; the next event goes on from here."""
    old_version: bool = False
    """A higher version of the money is stored: nothing changed (E-7)."""


def apply_event(state: PaymentState, arrival: Arrival, facts: LedgerFacts, last_id: int) -> Applied:
    """An event about this payment or payout, and everything that parked on it. Pure.

    1. the rules say what it changes. 2. the event is resolved, and its entries are added. 3. its original is resolved,
    where that waited for it. 4. other entries are voided, released or redirected. 5. everything of the payment that is
    held or parked is judged again until none moves (R-17). An event without settings never comes here: it waits for
    those first (law 10).
    """
    working = WorkingState(state, facts, last_id)
    if isinstance(arrival.event, MoneyReport):
        if not _apply_report(working, arrival, arrival.event):
            return Applied(state=state, last_id=last_id, old_version=True)
    else:
        _apply_follow_up(working, arrival)
    _judge_again(working)
    return _applied(working)


def apply_payout(
    state: PaymentState, payout_id: str, items: Iterable[PaidItem], facts: LedgerFacts, last_id: int
) -> Applied:
    """A payout carries these items of the payment from now on: its funds are there while it stands (T-13), its fee is
    known (N-5).

    Without items it carries the payment no more: it was reported anew without it (P-8). Pure.
    """
    mine = tuple(items)
    others = tuple(item for item in state.items if item.payout_id != payout_id)
    state = _replace(state, items=(*others, *mine))
    return reconsider(state, facts, last_id) if mine else Applied(state=state, last_id=last_id)


def reconsider(state: PaymentState, facts: LedgerFacts, last_id: int) -> Applied:
    """What can go on with what the ledger holds already: by funds and fees of payouts, and what is parked; and a debit
    whose payment was refused is taken back (N-10). Pure."""
    working = WorkingState(state, facts, last_id)
    _take_back(working)
    reported = state.reported
    if state.items and reported is not None:
        on = facts.ledger_date(reported.event, reported.settings_version, reported.arrived_at)
        change = paid_out(state, on)
        change = with_differences(working, change, reported.event, None)
        working.carry_out(change, _release_original(working, change.original))
    _judge_again(working)
    return _applied(working)


def undo_payout(state: PaymentState, facts: LedgerFacts, last_id: int) -> Applied:
    """The documents of a payout that stand are taken back, and wait for a person in their place (P-7, P-8). Pure.

    The entries are of the documents' own events; the payout stays as it was reported.
    """
    working = WorkingState(state, facts, last_id)
    for event, effects in taken_back(state, facts.now):
        working.add_to(event, effects, facts.now)
    return _applied(working)


def end_by_person(
    state: PaymentState, follow_up: FollowUp, word: PersonsWord, facts: LedgerFacts, last_id: int
) -> Applied:
    """An event that waits, ended the way a person says, and what can go on after that. Pure.

    `follow_up` is the event, with the settings version that decides about it; money that waits itself is
    `state.reported` too, and its plan stays what RULES made of it (R-6). Raises NotPossibleError.
    """
    working = WorkingState(state, facts, last_id)
    event, version, reported = follow_up.event, follow_up.settings_version, state.reported
    on = facts.ledger_date(event, version, follow_up.arrived_at)
    currency = facts.settings_of(version).currency
    change = ended(event, state, word, currency=currency, on=on)
    own = reported is not None and reported.event is event
    plan = reported.plan if own and reported is not None else tuple(each.effect for each in change.effects)
    change = _replace(change, settings_version=version)
    resolved = _resolve(working, event_id_of(event), change, version, plan, word.ruling)
    if own and reported is not None:
        working.report(_replace(reported, waiting=None, reason=resolved.reason))
    elif not isinstance(event, MoneyReport):
        working.follow_up(_replace(follow_up, waiting=None, ended_as=word.ruling))
    ids = working.add(resolved, change.effects, follow_up.arrived_at)
    ids |= _release_original(working, change.original)
    working.carry_out(change, ids)
    _judge_again(working)
    return _applied(working)


def supersede(state: PaymentState) -> PaymentState:
    """The payment for another report of the same version that says more, and so corrects it (B-5). Pure."""
    if state.reported is None:
        return state
    return _replace(state, reported=_replace(state.reported, version=state.reported.version - 1, waiting=None))


def _applied(working: WorkingState) -> Applied:
    return Applied(state=working.state, changes=working.changes, last_id=working.last_id)


def _apply_report(working: WorkingState, arrival: Arrival, event: MoneyReport) -> bool:
    """Money that is reported: an original or a correction of one. False: of an old version."""
    decision = arrival.decision
    on = working.facts.ledger_date(event, decision.settings_version, arrival.arrived_at)
    new = _report(working, arrival, event, decision.waiting, decision.reason, decision.settings_version)
    change = resolve_report(new, working.state, on=on, moved=arrival.moved)
    if len(working.state.entries) >= MOST_ENTRIES and not change.old_version:
        change = for_review(DecisionReason.TOO_MANY_EVENTS)
    if change.old_version:
        return False
    change = with_differences(working, change, event, _reported_as(new, working, change))
    # What RULES planned stays with money that is reported: what follows it is measured by that.
    resolved = _resolve(working, event_id_of(event), change, decision.settings_version, decision.effects)
    # What a correction ends is the version before it, not the one that it reports.
    _release_original(working, change.original)
    working.report(_report(working, arrival, event, resolved.waiting, resolved.reason, resolved.settings_version))
    due = _due(working, event, decision.settings_version, arrival.arrived_at)
    working.carry_out(change, working.add(resolved, change.effects, arrival.arrived_at, due))
    return True


def _due(working: WorkingState, event: Event, settings_version: int | None, arrived_at: datetime) -> datetime | None:
    if settings_version is None:
        return None
    return due_at(event, working.state.reported, settings_version, arrived_at, working.facts)


def _reported_as(new: Reported, working: WorkingState, change: Change) -> Reported:
    """The money as it will be reported when this change is carried out."""
    version = new.settings_version if change.settings_version is None else change.settings_version
    settings = working.facts.settings_of(version)
    return _replace(new, waiting=change.waiting, reason=change.reason, settings=settings, settings_version=version)


def _report(
    working: WorkingState,
    arrival: Arrival,
    event: MoneyReport,
    waiting: State | None,
    reason: DecisionReason,
    settings_version: int | None,
) -> Reported:
    return Reported(
        event=event,
        version=arrival.version,
        bank=arrival.bank,
        waiting=waiting,
        reason=reason,
        settings=working.facts.settings_of(settings_version),
        settings_version=settings_version,
        plan=arrival.decision.effects,
        arrived_at=arrival.arrived_at,
    )


def _apply_follow_up(working: WorkingState, arrival: Arrival) -> None:
    """An event about money; one that moves none is decided by RULES alone (R-10)."""
    decision = arrival.decision
    follow_up = FollowUp(
        event=arrival.event,
        waiting=decision.waiting,
        settings_version=decision.settings_version,
        arrived_at=arrival.arrived_at,
    )
    if is_full(working.state):
        change = for_review(DecisionReason.TOO_MANY_EVENTS)
    elif decision.waiting is State.AWAITING_ORIGINAL:
        change = _asked(working, follow_up)
    else:
        change = Change(waiting=decision.waiting, reason=decision.reason, applied=True)
    _follow(working, follow_up, change)


def _take_back(working: WorkingState) -> None:
    for each in refused_debits(working.state):
        ids = working.add_to(each.event, each.effects, working.facts.now)
        if each.again is not None and each.again in ids:
            redirect = (Redirect(effect_id=each.payment, to=each.again),)
            working.carry_out(Change(reason=DecisionReason.FOLLOWS_ORIGINAL, redirect=redirect), ids)


def _judge_again(working: WorkingState) -> None:
    """Ask what is held or parked again, the earliest first, until none moves any more (R-8, R-17)."""
    if not working.facts.judges_again:
        return
    moved = True
    while moved:
        state = working.state
        moved = _judge_report(working) or any(_judge(working, each) for each in _that_may_move(state))


def _that_may_move(state: PaymentState) -> Iterator[FollowUp]:
    """Of what waits, without what is held and a look at the whole shows to be too much still: many of those cost one
    look. What is parked is asked, and is held from then on."""
    waiting = waiting_in_order(state)
    stays = still_too_much(state) if waiting else None
    held = State.AWAITING_REVIEW
    return (each for each in waiting if stays is None or each.waiting is not held or not stays(each.event))


def _judge_report(working: WorkingState) -> bool:
    """A correction that was held, as more had been given back than it says was paid; whether it moved."""
    reported = working.state.reported
    if reported is None or reported.waiting is not State.AWAITING_REVIEW or reported.reason not in REASONS_JUDGED_AGAIN:
        return False
    on = working.facts.ledger_date(reported.event, reported.settings_version, reported.arrived_at)
    change = judged_again(working.state, on)
    if change.waiting is not None:
        return False
    event = event_id_of(reported.event)
    change = with_differences(working, change, reported.event, _reported_as(reported, working, change))
    resolved = _resolve(working, event, change, reported.settings_version, reported.plan)
    working.report(_replace(reported, waiting=None, reason=resolved.reason))
    due = _due(working, reported.event, reported.settings_version, reported.arrived_at)
    working.carry_out(change, working.add(resolved, change.effects, reported.arrived_at, due))
    return True


def _judge(working: WorkingState, follow_up: FollowUp) -> bool:
    """Whether it moved: it counts now, or a person has to look at what was parked."""
    change = _asked(working, follow_up)
    if change.waiting in (State.AWAITING_ORIGINAL, follow_up.waiting):
        return False
    _follow(working, follow_up, change)
    return True


def _asked(working: WorkingState, follow_up: FollowUp) -> Change:
    on = working.facts.ledger_date(follow_up.event, follow_up.settings_version, follow_up.arrived_at)
    return resolve_follow_up(follow_up.event, working.state, on=on)


def _follow(working: WorkingState, follow_up: FollowUp, change: Change) -> None:
    event = event_id_of(follow_up.event)
    change = with_differences(working, change, follow_up.event, None, follow_up)
    plan = tuple(each.effect for each in change.effects)
    resolved = _resolve(working, event, change, follow_up.settings_version, plan)
    working.follow_up(_replace(follow_up, waiting=resolved.waiting, settings_version=resolved.settings_version))
    due = _due(working, follow_up.event, follow_up.settings_version, follow_up.arrived_at)
    ids = working.add(resolved, change.effects, follow_up.arrived_at, due)
    ids |= _release_original(working, change.original)
    working.carry_out(change, ids)


def _resolve(
    working: WorkingState,
    event: EventId,
    change: Change,
    settings_version: int | None,
    plan: tuple[PlannedEntry, ...],
    ended_as: Ruling | None = None,
) -> EventResolved:
    resolved = EventResolved(
        event=event,
        waiting=change.waiting,
        reason=change.reason,
        applied=change.waiting is None and (change.applied or not change.effects),
        settings_version=settings_version if change.settings_version is None else change.settings_version,
        plan=plan,
        ended_as=ended_as,
    )
    working.resolve(resolved)
    return resolved


def _release_original(working: WorkingState, original: ReleasedOriginal | None) -> dict[Part, int]:
    """The original is resolved by another event: by its fee (N-5), or because it will never be posted (R-7)."""
    before = working.state.reported
    if original is None or before is None:
        return {}
    resolved = EventResolved(
        event=event_id_of(before.event),
        waiting=None,
        reason=original.reason,
        applied=original.voided or not original.effects,
        settings_version=before.settings_version,
        plan=before.plan,
        voided=original.voided,
    )
    working.resolve(resolved)
    working.report(_replace(before, waiting=None, reason=original.reason))
    return working.add(resolved, original.effects, before.arrived_at)
