"""In which state the entries of a payment start, and why: switches, modes, zero, timing (SET-2, SET-5, SET-10, N-9)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from processors.timing import cut_offs
from schemas.practice_settings import PracticeSettings, PracticeStatus, Timing, TypeMode
from schemas.reasons import DecisionReason
from schemas.states import State


class Standing(msgspec.Struct, frozen=True):
    """State and reason of the entries of one payment; `due_at` only where the state is SCHEDULED."""

    state: State
    reason: DecisionReason
    due_at: datetime | None = None
    late: bool = False


ZERO = Standing(State.SKIPPED_ZERO, DecisionReason.ZERO_AMOUNT)
COMPANION_OFF = Standing(State.SKIPPED_DISABLED, DecisionReason.COMPANION_OFF)
OFFBOARDED = Standing(State.SKIPPED_DISABLED, DecisionReason.OFFBOARDED)
MANUAL_NET_NOT_POSITIVE = Standing(State.AWAITING_MANUAL_POST, DecisionReason.MANUAL_NET_NOT_POSITIVE)
_MASTER_OFF = Standing(State.SKIPPED_DISABLED, DecisionReason.MASTER_OFF)
_TYPE_OFF = Standing(State.SKIPPED_DISABLED, DecisionReason.TYPE_OFF)
_MANUAL = Standing(State.AWAITING_MANUAL_POST, DecisionReason.MANUAL_BY_SETTING)

# Bound once: Python 3.11 takes 0.4 µs to look a member up on its class, and this runs for every payment.
_GONE: Final = PracticeStatus.OFFBOARDED
_OFF: Final = TypeMode.OFF
_BY_HAND: Final = TypeMode.MANUAL
_INSTANT: Final = Timing.INSTANT
_SCHEDULED: Final = State.SCHEDULED
_AUTO_INSTANT: Final = DecisionReason.AUTO_INSTANT
_AUTO_DAILY: Final = DecisionReason.AUTO_DAILY
_AUTO_LATE: Final = DecisionReason.AUTO_LATE


def switched_off(settings: PracticeSettings, mode: TypeMode) -> Standing | None:
    """Why nothing of this type is written to the ledger, widest reason first; None when it is on (SET-2, SET-10)."""
    if settings.status is _GONE:
        return OFFBOARDED
    if not settings.master:
        return _MASTER_OFF
    return _TYPE_OFF if mode is _OFF else None


def standing_when_on(
    settings: PracticeSettings, mode: TypeMode, occurred_at: datetime, arrived_at: datetime
) -> Standing:
    """By hand, at once, or at the cut-off (POST-3, TIM-1, TIM-2, T-11)."""
    if mode is _BY_HAND:
        return _MANUAL
    if settings.timing is _INSTANT:
        return at_once(arrived_at)
    due = cut_offs(settings.zone, settings.cut_off).due(occurred_at, arrived_at)
    reason = _AUTO_LATE if due.late else _AUTO_DAILY
    return Standing(_SCHEDULED, reason, due.at, due.late)


def at_once(arrived_at: datetime) -> Standing:
    """Due on arrival: an old event that comes late does not overtake what other practices wait for (law 21)."""
    return Standing(_SCHEDULED, _AUTO_INSTANT, arrived_at)
