"""Pre-send checks: what is asked of an effect before its mark, and the request that it is marked with (law 24, N-8).

Pure; nothing has been sent yet.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from processors.rules.lifecycle.waiting_state import stops_for_master
from schemas.bookkeeping.cut_offs import day_begins
from schemas.vocabulary import DeadLetterReason, DecisionReason, EntryKind, State, Target
from sinks.ledger.request_ids import marker, request_id
from sinks.poster.closed_periods import NotSent, apply_closed_period, may_send_frozen
from sinks.poster.planned_call import FrozenRequest, PlannedCall
from sinks.poster.retry_times import budget_spent
from sinks.targets.port import NotComposed, PaymentTarget, TargetEntry
from streams.fault_injection import Control, disabled
from streams.runtime.times import Times


class Ready(msgspec.Struct, frozen=True):
    """May be marked: the request as it will go out, under this generation and request id."""

    entry: TargetEntry
    frozen: FrozenRequest


class Resting(msgspec.Struct, frozen=True):
    """Its practice posts nothing now, or its target takes nothing: the effect stays as it is, and its gate is due again
    at `until` (T-8, TIM-2)."""

    until: datetime


class BeforeItsDay(msgspec.Struct, frozen=True):
    """It carries a date to come: it is due when the practice's day begins at `until` (T-6)."""

    until: datetime


Checked = Ready | NotSent | Resting | BeforeItsDay


def check(
    call: PlannedCall, dependents: tuple[PlannedCall, ...], target: PaymentTarget, times: Times, now: datetime
) -> Checked:
    """Whether an effect may be marked. `now` is business time.

    1. connection; 2. entitlement, master switch; 3. blackout, batch window; 4. link; 5. whose record that is; 6. typed
    in by staff; 7. retry budget; 8. closed period; 9. a date to come; 10. mapping, also of `dependents`: an entry that
    is half of a pair is not sent when the other half cannot be composed (N-8), and what is missing is said of the first
    (`_holds`). An allocation is left out: it is half of nothing, and its payment has no number yet.
    """
    switches = call.switches
    if not switches.connected or call.origin_elsewhere:
        # Only the account that holds an entry can take what follows it: patients and accounts have other numbers here.
        return NotSent(State.PAUSED, DecisionReason.CONNECTION_REPLACED)
    if not switches.entitled and not disabled(Control.ENTITLEMENT):
        return NotSent(State.PAUSED)
    if not switches.master and stops_for_master(call.target, call.entry_kind):
        return NotSent(State.PAUSED)
    if call.target is Target.PMS and (end := switches.blackout_until(now)) is not None:
        return Resting(end)
    if not disabled(Control.BATCH_WINDOW) and (opens := target.capabilities.closed_until(now)) is not None:
        return Resting(opens)
    if target.capabilities.needs_patient and call.pms_patient_id is None:
        return NotSent(State.AWAITING_LINK)
    if _may_be_somebody_else(call) and not disabled(Control.RECORD_CHANGED):
        return NotSent(State.AWAITING_REVIEW, DecisionReason.PATIENT_RECORD_CHANGED)
    if call.typed_in and not disabled(Control.TYPED_IN):
        return NotSent(State.AWAITING_REVIEW, DecisionReason.PROBABLY_TYPED_IN)
    if call.state is State.RETRYING and budget_spent(times, call.attempts):
        return NotSent(State.DEAD_LETTERED, DeadLetterReason.RETRIES_SPENT)
    dated = apply_closed_period(call, now)
    if isinstance(dated, NotSent):
        return dated
    if (begins := _day_to_come(dated, now)) is not None:
        return BeforeItsDay(begins)
    for other in dependents:
        if other.entry_kind is EntryKind.ALLOCATION:
            continue
        if isinstance(found := target.compose(entry_of(other)), NotComposed) and _holds(call, other, found):
            return _not_composed(found)
    return _compose(dated, target)


def _may_be_somebody_else(call: PlannedCall) -> bool:
    """Whether it would go to a record that has become another person's. What follows an entry at another number goes
    where that stands."""
    return call.record_changed and call.pms_patient_id == call.linked_patient_id


def _holds(call: PlannedCall, other: PlannedCall, found: NotComposed) -> bool:
    """Whether an entry waits because `other` cannot be composed. What a person enters by hand holds the other parts of
    its own event alone: a payment does not wait for the refund that follows it."""
    same = (call.source, call.event_id) == (other.source, other.event_id)
    return same or found.state is not State.AWAITING_MANUAL_POST


def _day_to_come(call: PlannedCall, now: datetime) -> datetime | None:
    """When the day of its ledger date begins at the practice, where that is still to come; whoever had it posted."""
    zone, frozen = call.switches.zone, call.frozen
    if call.target is not Target.PMS or zone is None:
        return None
    kept = frozen is not None and may_send_frozen(call)
    day = frozen.ledger_date if frozen is not None and kept else call.instruction.ledger_date
    begins = day_begins(zone, day)
    return begins if begins > now else None


def _compose(call: PlannedCall, target: PaymentTarget) -> Ready | NotSent:
    """A request frozen for this generation goes out as it is, under its own id. Composed for another patient or another
    date, it is a new generation: nothing stands at the target, or the effect would not be ready (E-9 b)."""
    frozen = call.frozen
    if frozen is not None and may_send_frozen(call):
        return Ready(entry_of(call), frozen)
    current = frozen is not None and frozen.generation == call.generation
    entry = entry_of(call, call.generation + current)
    composed = target.compose(entry)
    if isinstance(composed, NotComposed):
        return _not_composed(composed)
    return Ready(
        entry,
        FrozenRequest(
            method=composed.method,
            path=composed.path,
            body=composed.body,
            ledger_date=composed.ledger_date,
            pms_patient_id=call.pms_patient_id,
            generation=entry.generation,
        ),
    )


def _not_composed(refused: NotComposed) -> NotSent:
    """The mapping of today does not carry it (N-8)."""
    return NotSent(refused.state, refused.reason, refused.field)


def entry_of(call: PlannedCall, generation: int | None = None) -> TargetEntry:
    """The effect as an adapter sees it, with the markers of all its generations (law 18)."""
    chosen = call.generation if generation is None else generation
    request = call.request_id if chosen == call.generation else _request_id(call, chosen)
    origin = call.origin_request
    return TargetEntry(
        practice_id=call.practice_id,
        connection_id=call.connection_id,
        effect_id=call.effect_id,
        generation=chosen,
        request_id=request,
        marker=marker(request),
        earlier_markers=tuple(marker(_request_id(call, earlier)) for earlier in range(1, chosen)),
        instruction=call.instruction,
        pms_patient_id=call.pms_patient_id,
        sent_at=call.sent_at,
        part=call.part,
        origin_id=call.origin_id,
        origin=None if origin is None else origin.composed(),
        placement=call.placement,
    )


def entry_in_doubt(call: PlannedCall) -> TargetEntry:
    """The effect as a read-back looks for it: at the patient and under the date that its request named, whatever is
    closed now. The patient of today's link, where that is another one, goes along for a record that was merged away."""
    entry, frozen = entry_of(call), call.frozen
    if frozen is None:
        return entry
    dated = msgspec.structs.replace(entry.instruction, ledger_date=frozen.ledger_date)
    patient = frozen.pms_patient_id or entry.pms_patient_id
    linked = call.pms_patient_id if call.pms_patient_id != patient else None
    return msgspec.structs.replace(entry, pms_patient_id=patient, linked_patient_id=linked, instruction=dated)


def _request_id(call: PlannedCall, generation: int) -> str:
    return request_id(
        call.practice_id,
        call.source,
        call.event_id,
        call.target.value,
        call.entry_kind.value,
        call.part,
        generation,
    )
