"""What an entry that follows another starts as: the original's fate, not today's switches (R-14, E-11, T-13)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from processors.rules.lifecycle.payment_state import Entry
from schemas.plan import PlannedEffect
from schemas.vocabulary import READY, UNMET_ORDER, WAITING, DecisionReason, State


class Standing(msgspec.Struct, frozen=True):
    """State, further conditions, reason and due time of a planned effect. Without a due time it is due on arrival."""

    state: State
    reason: DecisionReason
    due_at: datetime | None = None
    holds: tuple[State, ...] = ()


FOLLOWING: Final = Standing(State.SCHEDULED, DecisionReason.FOLLOWS_ORIGINAL)
BY_HAND: Final = Standing(State.AWAITING_MANUAL_POST, DecisionReason.ORIGINAL_NOT_POSTED)
NET_NOT_POSITIVE: Final = Standing(State.AWAITING_MANUAL_POST, DecisionReason.MANUAL_NET_NOT_POSITIVE)
ZERO: Final = Standing(State.SKIPPED_ZERO, DecisionReason.ZERO_AMOUNT)
COMPANION_OFF: Final = Standing(State.SKIPPED_DISABLED, DecisionReason.COMPANION_OFF)
UNTOUCHED: Final = Standing(State.SKIPPED_DISABLED, DecisionReason.PATIENT_UNTOUCHED)
NETTED: Final = Standing(State.SKIPPED_DISABLED, DecisionReason.REFUNDED_BEFORE_POST)
_CORRECTED: Final = Standing(State.SCHEDULED, DecisionReason.CORRECTED)

_BY_OTHERS: Final = frozenset({State.RECORDED_MANUALLY, State.DISMISSED, State.SKIPPED_DISABLED})
"""Not posted by us, and not going to be (R-14)."""


def voidable(entry: Entry) -> bool:
    """Nothing of it can stand at the target: neither in doubt nor to be looked up first (law 2)."""
    return entry.state in WAITING | READY and not entry.look_first


def fate(origin: Entry) -> Standing:
    """Of an entry that reverses `origin`: it never waits for anything but its original (T-13), and a person has it
    where nobody but a person knows what stands (R-14)."""
    return BY_HAND if origin.state in _BY_OTHERS else FOLLOWING


def follows(origin: Entry) -> int | None:
    """The id to depend on: what was not posted here will never be POSTED, and holds nobody back (R-14)."""
    return None if origin.state in _BY_OTHERS else origin.effect_id


def inherited(origin: Entry) -> Standing:
    """Of an entry that takes the place of `origin`: still due when that was, waiting for what that waited for, skipped
    for the reason for which that was. What was sent is replaced at once."""
    if origin.state is State.SKIPPED_DISABLED:
        return Standing(origin.state, origin.reason)
    if origin.state in _BY_OTHERS:
        return BY_HAND
    if origin.state in WAITING | READY | {State.VOIDED_BEFORE_POST}:
        first, *others = (*(state for state in UNMET_ORDER if state in origin.holds), State.SCHEDULED)
        return Standing(first, origin.reason, origin.due_at, tuple(others[:-1]))
    return _CORRECTED


def standing_of(effect: PlannedEffect) -> Standing:
    return Standing(effect.state, effect.reason, effect.due_at, effect.holds)


def cleared(standing: Standing) -> Standing:
    """Without the wait for its money, which is there (T-13)."""
    unmet = [hold for hold in (standing.state, *standing.holds) if hold is not State.AWAITING_CLEARANCE]
    if standing.state is not State.AWAITING_CLEARANCE and len(unmet) == len(standing.holds) + 1:
        return standing
    first, *others = unmet or [State.SCHEDULED]
    return Standing(first, DecisionReason.FUNDS_CLEARED, standing.due_at, tuple(others))
