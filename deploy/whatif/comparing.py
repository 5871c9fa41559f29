"""One event under the settings of its time and under proposed ones: what differs. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec

from processors.decide import decide
from processors.refusal import Refused
from schemas.events import Event
from schemas.practice_settings import PracticeSettings, SettingsHistory, SettingsVersion
from schemas.reasons import DeadLetterReason
from schemas.states import EntryKind, State, Target
from schemas.writebacks import Decision

ALWAYS: Final = datetime(1, 1, 2, tzinfo=UTC)
"""Before every event, whatever its zone."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One planned entry as a person compares it."""

    target: Target
    entry_kind: EntryKind
    part: str
    state: State
    reason: str
    due_at: datetime | None
    amount_minor: int
    currency: str
    ledger_date: date


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules say of an event: entries, or why there are none yet."""

    entries: tuple[Entry, ...] = ()
    waiting: State | None = None
    refused: DeadLetterReason | None = None
    reason: str = ""


GONE: Final = Outcome(reason="NOT_KEPT")
"""Its bytes lay in a month that was dropped (law 28)."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    event_id: str
    subject: str
    event_type: str
    occurred_at: datetime
    before: Outcome
    after: Outcome

    @property
    def differs(self) -> bool:
        return self.before != self.after

    @property
    def follows_original(self) -> bool:
        """A refund, return or dispute takes mode and fate of its payment (R-6): it differs where that does."""
        return State.AWAITING_ORIGINAL in (self.before.waiting, self.after.waiting)


def proposed_history(practice_id: str, settings: PracticeSettings) -> SettingsHistory:
    """The proposed settings as if they had always been in force."""
    version = SettingsVersion(
        version=1, effective_from=ALWAYS, saved_at=ALWAYS, saved_by="what if", reason="", settings=settings
    )
    return SettingsHistory(practice_id=practice_id, versions=(version,))


def outcome(event: Event, arrived_at: datetime, history: SettingsHistory | None) -> Outcome:
    """Without the version's number, which says nothing about the money."""
    try:
        decision = decide(event, arrived_at, history)
    except Refused as error:
        return Outcome(refused=error.reason)
    return _outcome(decision)


def _outcome(decision: Decision) -> Outcome:
    if decision.waiting is not None:
        return Outcome(waiting=decision.waiting, reason=decision.reason.value)
    return Outcome(entries=tuple(_entry(effect) for effect in decision.effects), reason=decision.reason.value)


def _entry(effect: Any) -> Entry:
    order = effect.instruction
    return Entry(
        target=effect.target,
        entry_kind=effect.entry_kind,
        part=effect.part,
        state=effect.state,
        reason=effect.reason.value,
        due_at=effect.due_at,
        amount_minor=order.amount_minor,
        currency=order.currency,
        ledger_date=order.ledger_date,
    )


class Line(msgspec.Struct):
    """One row of the sum: how many entries, and minor units, now and as proposed."""

    entries_before: int = 0
    minor_before: int = 0
    entries_after: int = 0
    minor_after: int = 0


Key = tuple[str, str, str, str]
"""Target, kind of entry, state, currency; an event without entries counts under its own state."""


class Sum:
    """Added up over all events, those that stay the same too."""

    def __init__(self) -> None:
        self.events = 0
        self.differing = 0
        self.following = 0
        self.without_body = 0
        self.lines: dict[Key, Line] = {}

    def add(self, compared: Compared) -> None:
        self.events += 1
        self.differing += compared.differs
        self.following += compared.follows_original
        self.without_body += compared.before is GONE
        for key, minor in _rows(compared.before):
            line = self.lines.setdefault(key, Line())
            line.entries_before += 1
            line.minor_before += minor
        for key, minor in _rows(compared.after):
            line = self.lines.setdefault(key, Line())
            line.entries_after += 1
            line.minor_after += minor


def _rows(outcome: Outcome) -> list[tuple[Key, int]]:
    """Empty for an event that posts nothing by nature."""
    if outcome.waiting is not None or outcome.refused is not None:
        state = outcome.waiting or outcome.refused or ""
        return [(("", "event", str(state), ""), 0)]
    return [
        ((each.target.value, each.entry_kind.value, each.state.value, each.currency), each.amount_minor)
        for each in outcome.entries
    ]
