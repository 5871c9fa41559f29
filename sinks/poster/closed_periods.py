"""Closed periods: what becomes of an entry whose ledger date the practice has closed (T-9, T-12). Pure.

It waits, carries today's date, or is entered by a person. Asked before the mark, because Open Dental's API does not
know date locks.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

import msgspec

from schemas.bookkeeping.cut_offs import local_date
from schemas.practice_settings import ClosedPeriod
from schemas.vocabulary import DEAD, DeadLetterReason, DecisionReason, EntryKind, State, Target
from sinks.poster.planned_call import PlannedCall

CLOSED_THROUGH: Final = "ledger_closed_through"
"""The setting that a dead letter names."""
_ENTERED_BY_HAND: Final = frozenset({DecisionReason.LEDGER_CLOSED, DecisionReason.NOT_BY_THIS_ROUTE})
"""Reasons for which a person enters a payment with all its parts."""


class NotSent(msgspec.Struct, frozen=True):
    """A check before the mark keeps the entry from being sent: it waits for a fact or a person, or it is dead.

    Written under the practice's lock, and only where what it says still holds (law 8).
    """

    state: State
    """PAUSED, AWAITING_LINK, AWAITING_MANUAL_POST, AWAITING_REVIEW, SKIPPED_ZERO, SKIPPED_DISABLED, or a dead
    state."""
    reason: DecisionReason | DeadLetterReason | None = None
    """A DeadLetterReason exactly where the state is a dead one. None: the decision's own reason stays."""
    field: str | None = None
    """The setting or mapping that stands in the way; never data."""

    @property
    def dead(self) -> bool:
        """Only a person or a repaired setting brings it back."""
        return self.state in DEAD


def apply_closed_period(call: PlannedCall, now: datetime) -> PlannedCall | NotSent:
    """The effect as it may be composed: its own date is open, or its instruction carries today's date and keeps its own
    in `original_date`. Otherwise what it becomes. A request frozen with an open date goes out as it is."""
    closed = _closed_through(call)
    if closed is None or call.instruction.ledger_date > closed or may_send_frozen(call):
        return call
    policy, zone = call.switches.closed_period, call.switches.zone
    if policy is ClosedPeriod.MANUAL:
        return NotSent(State.AWAITING_MANUAL_POST, DecisionReason.LEDGER_CLOSED)
    today = None if zone is None else local_date(now, zone)
    if policy is ClosedPeriod.HOLD or today is None or today <= closed:
        return NotSent(State.BLOCKED_PERIOD, DeadLetterReason.PERIOD_CLOSED, CLOSED_THROUGH)
    own = call.instruction
    dated = msgspec.structs.replace(own, ledger_date=today, original_date=own.ledger_date)
    return msgspec.structs.replace(call, instruction=dated)


def entered_together(call: PlannedCall, dependents: Iterable[PlannedCall], found: NotSent) -> tuple[PlannedCall, ...]:
    """The other parts of a payment that a person enters, because of a closed period or because its route has no call
    for it. Its net amount alone would leave the fee on the patient's account (N-3), a claim payment its write-off
    (I-6)."""
    if found.reason not in _ENTERED_BY_HAND:
        return ()
    event = (call.source, call.event_id)
    return tuple(each for each in dependents if (each.source, each.event_id) == event and each.frozen is None)


def may_send_frozen(call: PlannedCall) -> bool:
    """Whether the request that is stored for this generation may go out unchanged (law 18): it was composed for
    today's patient, and for a date that is open."""
    frozen = call.frozen
    if frozen is None or frozen.generation != call.generation or frozen.pms_patient_id != call.pms_patient_id:
        return False
    closed = _closed_through(call)
    return closed is None or frozen.ledger_date > closed


def _closed_through(call: PlannedCall) -> date | None:
    """The last day that is closed to this entry; a note books nothing, and QuickBooks closes its own books (P-11)."""
    booked = call.target is Target.PMS and call.entry_kind is not EntryKind.NOTE
    return call.switches.closed_through if booked else None
