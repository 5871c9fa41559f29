"""The state in which an entry that follows another is planned: by its original, not today's switches (R-14, E-11)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from processors.rules.lifecycle.payment_state import EntryState
from schemas.plan import PlannedEntry
from schemas.vocabulary import ENDED_BY_PERSON, LEFT_TO_OTHERS, NEVER_SENT, PENDING, UNMET_ORDER, DecisionReason, State


class PlannedState(msgspec.Struct, frozen=True):
    """State, further conditions, reason and due time of a planned effect. Without a due time it is due on arrival."""

    state: State
    reason: DecisionReason
    due_at: datetime | None = None
    holds: tuple[State, ...] = ()


FOLLOWING: Final = PlannedState(State.SCHEDULED, DecisionReason.FOLLOWS_ORIGINAL)
MANUAL: Final = PlannedState(State.AWAITING_MANUAL_POST, DecisionReason.ORIGINAL_NOT_POSTED)
NET_NOT_POSITIVE: Final = PlannedState(State.AWAITING_MANUAL_POST, DecisionReason.MANUAL_NET_NOT_POSITIVE)
ZERO: Final = PlannedState(State.SKIPPED_ZERO, DecisionReason.ZERO_AMOUNT)
COMPANION_OFF: Final = PlannedState(State.SKIPPED_DISABLED, DecisionReason.COMPANION_OFF)
UNTOUCHED: Final = PlannedState(State.SKIPPED_DISABLED, DecisionReason.PATIENT_UNTOUCHED)
NETTED: Final = PlannedState(State.SKIPPED_DISABLED, DecisionReason.REFUNDED_BEFORE_POST)
_CORRECTED: Final = PlannedState(State.SCHEDULED, DecisionReason.CORRECTED)


def voidable(entry: EntryState) -> bool:
    """Nothing of it can stand at the target: neither in doubt nor to be read back first (law 2)."""
    return entry.state in PENDING and not entry.look_first


def following_state(origin: EntryState) -> PlannedState:
    """Of an entry that reverses `origin`: it waits for its original alone (T-13), and is posted by hand where only
    a person knows what stands (R-14)."""
    return MANUAL if origin.state in LEFT_TO_OTHERS else FOLLOWING


def by_hand(entries: Iterable[EntryState]) -> PlannedState | None:
    """Of what takes back an event's entries: a person's, where a person ended one of those (R-14); None: as usual."""
    return MANUAL if any(entry.state in ENDED_BY_PERSON for entry in entries) else None


def dependency_of(origin: EntryState) -> int | None:
    """The id to depend on; None for what was not posted here: it will never be POSTED (R-14)."""
    return None if origin.state in LEFT_TO_OTHERS else origin.effect_id


def inherited_state(origin: EntryState) -> PlannedState:
    """Of an entry that takes the place of `origin`: still due when that was, waiting for what that waited for, skipped
    for the reason for which that was. What was sent is replaced at once."""
    if origin.state is State.SKIPPED_DISABLED:
        return PlannedState(origin.state, origin.reason)
    if origin.state in LEFT_TO_OTHERS:
        return MANUAL
    if origin.state in NEVER_SENT:
        first, *others = (*(state for state in UNMET_ORDER if state in origin.holds), State.SCHEDULED)
        return PlannedState(first, origin.reason, origin.due_at, tuple(others[:-1]))
    return _CORRECTED


def planned_state(effect: PlannedEntry) -> PlannedState:
    """As the plan has it."""
    return PlannedState(effect.state, effect.reason, effect.due_at, effect.holds)


def cleared(initial: PlannedState) -> PlannedState:
    """Without the wait for its funds, which are there (T-13)."""
    unmet = [hold for hold in (initial.state, *initial.holds) if hold is not State.AWAITING_CLEARANCE]
    if initial.state is not State.AWAITING_CLEARANCE and len(unmet) == len(initial.holds) + 1:
        return initial
    first, *others = unmet or [State.SCHEDULED]
    return PlannedState(first, DecisionReason.FUNDS_CLEARED, initial.due_at, tuple(others))
