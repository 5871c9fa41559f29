"""What becomes of an entry whose ledger date the practice has closed: it waits, carries today's date, or is entered by
hand (T-9, T-12). Pure; asked before the mark, since Open Dental's API does not know date locks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Final

import msgspec

from schemas.bookkeeping.blackouts import blackouts_of
from schemas.bookkeeping.cut_offs import local_date
from schemas.practice_settings import Blackout, ClosedPeriod
from schemas.vocabulary import DecisionReason, EntryKind, State, Target
from sinks.poster import outcomes
from sinks.poster.planned_call import Dead, Facts, Held, Work

CALENDARS: Final = 4096


class Calendar(msgspec.Struct, frozen=True):
    """What of a practice's settings says when it posts and under which date; of an older version, nothing."""

    zone: str | None = None
    closed_through: date | None = None
    closed_period: ClosedPeriod | None = None
    blackouts: tuple[Blackout, ...] | None = None


@lru_cache(maxsize=CALENDARS)
def facts_of(*, settings_version: int | None, master: bool, calendar: str, connected: bool) -> Facts:
    """The facts that the plan query read, one record for all entries of a practice; `calendar` is the JSON of a
    Calendar."""
    told = _calendar(calendar)
    return Facts(
        settings_version=settings_version,
        master=master,
        connected=connected,
        zone=told.zone,
        closed_through=told.closed_through,
        closed_period=told.closed_period or ClosedPeriod.HOLD,
        blackouts=blackouts_of(told.zone, told.blackouts) if told.zone and told.blackouts else None,
    )


@lru_cache(maxsize=CALENDARS)
def _calendar(text: str) -> Calendar:
    return msgspec.json.decode(text, type=Calendar)


def in_open_period(work: Work, now: datetime) -> Work | Held | Dead:
    """The effect as it may be composed: its own date is open, or its instruction carries today's and keeps its own
    in `original_date`. Otherwise what it becomes. A request frozen with an open date goes out as it is."""
    facts = work.facts
    closed = _closed_through(work)
    if closed is None or work.instruction.ledger_date > closed or goes_as_frozen(work):
        return work
    if facts.closed_period is ClosedPeriod.MANUAL:
        return Held(State.AWAITING_MANUAL_POST, DecisionReason.LEDGER_CLOSED)
    today = None if facts.zone is None else local_date(now, facts.zone)
    if facts.closed_period is ClosedPeriod.HOLD or today is None or today <= closed:
        return Dead(outcomes.period_closed(), "ledger_closed_through")
    own = work.instruction
    dated = msgspec.structs.replace(own, ledger_date=today, original_date=own.ledger_date)
    return msgspec.structs.replace(work, instruction=dated)


def going_along(work: Work, dependents: Iterable[Work], found: Held | Dead) -> tuple[Work, ...]:
    """What a person has to enter together with an entry that is held for a closed period: the other parts of the same
    payment. Its net amount alone would leave the fee on the patient's account (N-3)."""
    if not isinstance(found, Held) or found.reason is not DecisionReason.LEDGER_CLOSED:
        return ()
    same = (work.source, work.event_id)
    return tuple(each for each in dependents if (each.source, each.event_id) == same and each.frozen is None)


def goes_as_frozen(work: Work) -> bool:
    """Whether the request that is stored for this generation may go out unchanged (law 18): it was composed for
    today's patient, and for a date that is open."""
    frozen = work.frozen
    if frozen is None or frozen.generation != work.generation or frozen.pms_patient_id != work.pms_patient_id:
        return False
    closed = _closed_through(work)
    return closed is None or frozen.ledger_date > closed


def _closed_through(work: Work) -> date | None:
    """The last day that is closed to this entry; a note books nothing, and QuickBooks closes its own books (P-11)."""
    booked = work.target is Target.PMS and work.entry_kind is not EntryKind.NOTE
    return work.facts.closed_through if booked else None
