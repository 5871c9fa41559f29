"""What is asked of an effect before its mark (law 24, N-8, T-8, T-12, E-9 b). Pure; nothing has been sent yet."""

from __future__ import annotations

from datetime import datetime

import msgspec

from processors.rules.lifecycle.waiting_state import stops_for_master
from schemas.vocabulary import DecisionReason, EntryKind, State, Target
from sinks.ledger.request_ids import marker, request_id
from sinks.poster import outcomes
from sinks.poster.closed_periods import goes_as_frozen, in_open_period
from sinks.poster.planned_call import Dead, Frozen, Held, Work
from sinks.poster.retry_times import budget_spent
from sinks.targets.port import Entry, NotComposed, PaymentTarget
from streams.runtime.times import Times


class Ready(msgspec.Struct, frozen=True):
    """May be marked: the request as it will go out, under this generation and request id."""

    entry: Entry
    frozen: Frozen


class Resting(msgspec.Struct, frozen=True):
    """Its practice posts nothing now: the effect stays as it is, and its gate looks again then (T-8)."""

    until: datetime


Checked = Ready | Held | Dead | Resting


def check(work: Work, dependents: tuple[Work, ...], target: PaymentTarget, times: Times, now: datetime) -> Checked:
    """In the order of PROTOCOL section 3: switches, blackout, link, budget, period, mapping. `now` is business time.

    `dependents` must be composable too: an entry that is half of a pair is not sent when the other half cannot be
    (N-8), and what is missing is said of the first. An allocation is left out: it is half of nothing, and its payment
    has no number yet.
    """
    facts = work.facts
    if not facts.connected or work.origin_elsewhere:
        # What an entry stands in alone can take what follows it: numbers of patients and accounts are other ones here.
        return Held(State.PAUSED, DecisionReason.CONNECTION_REPLACED)
    if not facts.master and stops_for_master(work.target, work.entry_kind):
        return Held(State.PAUSED)
    if work.target is Target.PMS and facts.blackouts is not None and (end := facts.blackouts.until(now)) is not None:
        return Resting(end)
    if target.capabilities.needs_patient and work.pms_patient_id is None:
        return Held(State.AWAITING_LINK)
    if work.state is State.RETRYING and budget_spent(times, work.attempts):
        return Dead(outcomes.retries_spent(), None)
    dated = in_open_period(work, now)
    if not isinstance(dated, Work):
        return dated
    for other in dependents:
        if other.entry_kind is EntryKind.ALLOCATION:
            continue
        if isinstance(found := target.compose(entry_of(other)), NotComposed):
            return Dead(outcomes.not_composed(found), found.field)
    return _compose(dated, target)


def _compose(work: Work, target: PaymentTarget) -> Ready | Dead:
    """A request frozen for this generation goes out as it is, under its own id. Composed for another patient or another
    date, it is a new generation: nothing stands at the target, or it would not be ready (E-9, PROTOCOL section 3)."""
    frozen = work.frozen
    if frozen is not None and goes_as_frozen(work):
        return Ready(entry_of(work), frozen)
    current = frozen is not None and frozen.generation == work.generation
    entry = entry_of(work, work.generation + current)
    composed = target.compose(entry)
    if isinstance(composed, NotComposed):
        return Dead(outcomes.not_composed(composed), composed.field)
    return Ready(
        entry,
        Frozen(
            method=composed.method,
            path=composed.path,
            body=composed.body,
            ledger_date=composed.ledger_date,
            pms_patient_id=work.pms_patient_id,
            generation=entry.generation,
        ),
    )


def entry_of(work: Work, generation: int | None = None) -> Entry:
    """The effect as an adapter sees it, with the markers of all its generations (law 18)."""
    chosen = work.generation if generation is None else generation
    request = work.request_id if chosen == work.generation else _request_id(work, chosen)
    return Entry(
        practice_id=work.practice_id,
        connection_id=work.connection_id,
        effect_id=work.effect_id,
        generation=chosen,
        request_id=request,
        marker=marker(request),
        earlier_markers=tuple(marker(_request_id(work, earlier)) for earlier in range(1, chosen)),
        instruction=work.instruction,
        pms_patient_id=work.pms_patient_id,
        sent_at=work.sent_at,
        part=work.part,
        origin_id=work.origin_id,
        origin=None if work.origin is None else work.origin.composed(),
        placement=work.placement,
    )


def entry_in_doubt(work: Work) -> Entry:
    """The effect as a read-back looks for it: at the patient and under the date that its request named, whatever is
    closed now. Wherever the link points: that patient is told beside, for a record that was merged away."""
    entry, frozen = entry_of(work), work.frozen
    if frozen is None:
        return entry
    dated = msgspec.structs.replace(entry.instruction, ledger_date=frozen.ledger_date)
    patient = frozen.pms_patient_id or entry.pms_patient_id
    linked = work.pms_patient_id if work.pms_patient_id != patient else None
    return msgspec.structs.replace(entry, pms_patient_id=patient, linked_patient_id=linked, instruction=dated)


def _request_id(work: Work, generation: int) -> str:
    return request_id(
        work.practice_id,
        work.source,
        work.event_id,
        work.target.value,
        work.entry_kind.value,
        work.part,
        generation,
    )
