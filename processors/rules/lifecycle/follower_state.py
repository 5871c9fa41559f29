"""What an entry that follows another starts as: the original's fate, not today's switches (R-14, E-11, T-13)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from processors.rules.lifecycle.payment_state import EntryState
from schemas.plan import PlannedEntry
from schemas.vocabulary import LEFT_TO_OTHERS, NEVER_SENT, PENDING, UNMET_ORDER, DecisionReason, State


class InitialState(msgspec.Struct, frozen=True):
    """State, further conditions, reason and due time of a planned effect. Without a due time it is due on arrival."""

    state: State
    reason: DecisionReason
    due_at: datetime | None = None
    holds: tuple[State, ...] = ()


FOLLOWING: Final = InitialState(State.SCHEDULED, DecisionReason.FOLLOWS_ORIGINAL)
MANUAL: Final = InitialState(State.AWAITING_MANUAL_POST, DecisionReason.ORIGINAL_NOT_POSTED)
NET_NOT_POSITIVE: Final = InitialState(State.AWAITING_MANUAL_POST, DecisionReason.MANUAL_NET_NOT_POSITIVE)
ZERO: Final = InitialState(State.SKIPPED_ZERO, DecisionReason.ZERO_AMOUNT)
COMPANION_OFF: Final = InitialState(State.SKIPPED_DISABLED, DecisionReason.COMPANION_OFF)
UNTOUCHED: Final = InitialState(State.SKIPPED_DISABLED, DecisionReason.PATIENT_UNTOUCHED)
NETTED: Final = InitialState(State.SKIPPED_DISABLED, DecisionReason.REFUNDED_BEFORE_POST)
_CORRECTED: Final = InitialState(State.SCHEDULED, DecisionReason.CORRECTED)


def voidable(entry: EntryState) -> bool:
    """Nothing of it can stand at the target: neither in doubt nor to be looked up first (law 2)."""
    return entry.state in PENDING and not entry.look_first


def initial_state(origin: EntryState) -> InitialState:
    """Of an entry that reverses `origin`: it never waits for anything but its original (T-13), and a person has it
    where nobody but a person knows what stands (R-14)."""
    return MANUAL if origin.state in LEFT_TO_OTHERS else FOLLOWING


def dependency_of(origin: EntryState) -> int | None:
    """The id to depend on: what was not posted here will never be POSTED, and holds nobody back (R-14)."""
    return None if origin.state in LEFT_TO_OTHERS else origin.effect_id


def inherited_state(origin: EntryState) -> InitialState:
    """Of an entry that takes the place of `origin`: still due when that was, waiting for what that waited for, skipped
    for the reason for which that was. What was sent is replaced at once."""
    if origin.state is State.SKIPPED_DISABLED:
        return InitialState(origin.state, origin.reason)
    if origin.state in LEFT_TO_OTHERS:
        return MANUAL
    if origin.state in NEVER_SENT:
        first, *others = (*(state for state in UNMET_ORDER if state in origin.holds), State.SCHEDULED)
        return InitialState(first, origin.reason, origin.due_at, tuple(others[:-1]))
    return _CORRECTED


def planned_state(effect: PlannedEntry) -> InitialState:
    return InitialState(effect.state, effect.reason, effect.due_at, effect.holds)


def cleared(standing: InitialState) -> InitialState:
    """Without the wait for its money, which is there (T-13)."""
    unmet = [hold for hold in (standing.state, *standing.holds) if hold is not State.AWAITING_CLEARANCE]
    if standing.state is not State.AWAITING_CLEARANCE and len(unmet) == len(standing.holds) + 1:
        return standing
    first, *others = unmet or [State.SCHEDULED]
    return InitialState(first, DecisionReason.FUNDS_CLEARED, standing.due_at, tuple(others))
