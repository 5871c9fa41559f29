"""Decides whether a person may hold, release or hurry an entry, and where it goes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from processors.rules.lifecycle.waiting_state import first_unmet, needs_link, stops_for_master
from schemas.vocabulary import DEAD, FINAL, PENDING, EntryKind, State, Target
from sinks.operations.actions.entry_action_rules import EntryItem
from sinks.operations.queries.waiting_entries import Entry

_HOLD: Final = State.AWAITING_MANUAL_POST


class HoldAction(StrEnum):
    """What a person does with an entry that goes out by itself."""

    HOLD = "hold"
    """It stays until somebody releases or posts it."""
    RELEASE = "release"
    """It goes on as it would have gone."""
    RETRY = "retry"
    """It does not wait for the next try's time."""


def judge_hold(action: HoldAction, unit: Sequence[Entry], *, paused: bool) -> EntryItem:
    """Of one named entry with the parts that hang on it; the first is the named one. Pure."""
    head, *others = unit
    refusal = _REFUSALS[action](head)
    if refusal is not None:
        return EntryItem(id=head.id, head=head, refusal=refusal)
    parts = tuple(each for each in others if _REFUSALS[action](each) is None)
    return EntryItem(
        id=head.id,
        head=head,
        parts=parts,
        states=tuple(_state_of(action, each, paused) for each in (head, *parts)),
    )


def holds_of(action: HoldAction, holds: Sequence[State]) -> tuple[State, ...]:
    """What the entry waits for from now on. Pure."""
    rest = tuple(each for each in holds if each is not _HOLD)
    return (*rest, _HOLD) if action is HoldAction.HOLD else rest if action is HoldAction.RELEASE else tuple(holds)


def _state_of(action: HoldAction, entry: Entry, paused: bool) -> State:
    if action is HoldAction.RETRY:
        return State.RETRYING
    target = Target(entry.target)
    return first_unmet(
        holds_of(action, [State(each) for each in entry.holds]),
        needs_link=needs_link(target, office_level=entry.office_level),
        linked=entry.linked,
        paused=paused and stops_for_master(target, EntryKind(entry.entry_kind)),
    )


def _not_held(entry: Entry) -> str | None:
    state = State(entry.state)
    if _HOLD in entry.holds:
        return "waits for a person already"
    if entry.in_flight_until is not None or entry.look_first:
        return "may stand at the target: its outcome comes first"
    if state in PENDING:
        return None
    if state in FINAL:
        return f"is {state}: nothing of it goes out"
    if state in DEAD:
        return f"is {state}: it does not go out by itself"
    return "a call to the target is under way: its outcome comes first"


def _not_released(entry: Entry) -> str | None:
    if not entry.held or _HOLD not in entry.holds or entry.state not in PENDING:
        return "nobody holds it: `writeback entries post` posts what waits for a person"
    return None if entry.in_use else "its connection is switched off or not the practice's any more"


def _not_retried(entry: Entry) -> str | None:
    state = State(entry.state)
    if state is State.RETRYING:
        return None
    if state in DEAD:
        return "stands dead: correct its cause, then `writeback dlq redrive` sends it again"
    if state is State.UNCERTAIN:
        return "may stand at the target: it is looked for before anything is sent"
    return f"is {state}, and waits for no other try"


_REFUSALS: Final = {
    HoldAction.HOLD: _not_held,
    HoldAction.RELEASE: _not_released,
    HoldAction.RETRY: _not_retried,
}
