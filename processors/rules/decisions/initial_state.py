"""Chooses the initial state of a payment's entries: switches, modes, zero, timing (SET-2, SET-5, SET-10, N-9)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import msgspec

from processors.rules.decisions.arrival import Arrival
from processors.rules.decisions.timing import due_at_cut_off
from schemas.bookkeeping.cut_offs import not_before_day
from schemas.practice_settings import PracticeSettings, PracticeStatus, Timing, TypeMode
from schemas.vocabulary import SKIPPED, UNMET_ORDER, DecisionReason, State


class InitialState(msgspec.Struct, frozen=True):
    """State and reason of entries. `due_at` where they are SCHEDULED, or will be once their conditions are met."""

    state: State
    reason: DecisionReason
    due_at: datetime | None = None
    late: bool = False
    holds: tuple[State, ...] = ()
    """Conditions besides `state`, as in a planned effect."""


ZERO = InitialState(State.SKIPPED_ZERO, DecisionReason.ZERO_AMOUNT)
COMPANION_OFF = InitialState(State.SKIPPED_DISABLED, DecisionReason.COMPANION_OFF)
NOTES_OFF = InitialState(State.SKIPPED_DISABLED, DecisionReason.NOTES_OFF)
OFFBOARDED = InitialState(State.SKIPPED_DISABLED, DecisionReason.OFFBOARDED)
MANUAL_NET_NOT_POSITIVE = InitialState(State.AWAITING_MANUAL_POST, DecisionReason.MANUAL_NET_NOT_POSITIVE)
_MASTER_OFF = InitialState(State.SKIPPED_DISABLED, DecisionReason.MASTER_OFF)
_TYPE_OFF = InitialState(State.SKIPPED_DISABLED, DecisionReason.TYPE_OFF)
_MANUAL = InitialState(State.AWAITING_MANUAL_POST, DecisionReason.MANUAL_BY_SETTING)
_CLEARANCE = InitialState(State.AWAITING_CLEARANCE, DecisionReason.AUTO_ON_CLEAR)

# Bound once: Python 3.11 takes 0.4 µs to look a member up on its class, and this runs for every payment.
_GONE: Final = PracticeStatus.OFFBOARDED
_OFF: Final = TypeMode.OFF
_BY_HAND: Final = TypeMode.MANUAL
_INSTANT: Final = Timing.INSTANT
_ON_CLEAR: Final = Timing.ON_CLEAR
_SCHEDULED: Final = State.SCHEDULED
_AUTO_INSTANT: Final = DecisionReason.AUTO_INSTANT
_AUTO_DAILY: Final = DecisionReason.AUTO_DAILY
_AUTO_LATE: Final = DecisionReason.AUTO_LATE


def switched_off(settings: PracticeSettings, mode: TypeMode) -> InitialState | None:
    """The state of entries of a type that is off, by the widest reason; None when it is on (SET-2, SET-10)."""
    if settings.status is _GONE:
        return OFFBOARDED
    if not settings.master:
        return _MASTER_OFF
    return _TYPE_OFF if mode is _OFF else None


def initial_state_when_on(mode: TypeMode, timing: Timing, occurred_at: datetime, arrival: Arrival) -> InitialState:
    """Manual, at once, after clearance, or at the cut-off (POST-3, TIM-1, TIM-2, T-11, T-13).

    What `funds` says of a payment clears nothing: only the practice's own bank does, by PaymentCleared or a payout.
    """
    if mode is _BY_HAND:
        return _MANUAL
    if timing is _INSTANT:
        return at_once(arrival.at)
    if timing is _ON_CLEAR:
        return _CLEARANCE
    due = due_at_cut_off(occurred_at, arrival)
    return InitialState(_SCHEDULED, _AUTO_LATE if due.late else _AUTO_DAILY, due.at, due.late)


def on_its_day(initial: InitialState, ledger_date: date, zone: str) -> InitialState:
    """The same, due no sooner than its ledger date begins (T-6)."""
    due_at = initial.due_at
    if due_at is None or ledger_date < due_at.date():
        return initial
    return msgspec.structs.replace(initial, due_at=not_before_day(ledger_date, zone, due_at))


def at_once(arrived_at: datetime) -> InitialState:
    """Due on arrival: an old event that comes late does not overtake what other practices wait for (law 21)."""
    return InitialState(_SCHEDULED, _AUTO_INSTANT, arrived_at)


def with_hold(initial: InitialState, hold: State, reason: DecisionReason) -> InitialState:
    """The same with one more condition, one of UNMET_ORDER, that must be met first.

    What is skipped stays skipped. The state is the first that is unmet; a due time stays for when they are met.
    """
    if initial.state in SKIPPED or hold is initial.state:
        return initial
    unmet = {hold, *initial.holds} | ({initial.state} - {_SCHEDULED})
    first, *others = (state for state in UNMET_ORDER if state in unmet)
    shown = reason if first is hold else initial.reason
    return InitialState(first, shown, initial.due_at, initial.late, tuple(others))
