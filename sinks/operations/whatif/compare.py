"""One event under the settings of its time and under proposed ones: what differs, and what it comes to. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

import msgspec

from schemas.plan import PartKey
from schemas.practice_settings import PracticeSettings, SettingsHistory, SettingsVersion
from schemas.vocabulary import BALANCE_KINDS, CASH, DeadLetterReason, EntryKind, State, Target

ALWAYS: Final = datetime(1, 1, 2, tzinfo=UTC)
"""Before every event, whatever its zone."""


class ComparedEntry(msgspec.Struct, frozen=True, kw_only=True):
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

    entries: tuple[ComparedEntry, ...] = ()
    waiting: State | None = None
    refused: DeadLetterReason | None = None
    reason: str = ""


NOT_KEPT: Final = Outcome(reason="NOT_KEPT")
"""Its bytes lay in a month that was dropped (law 28)."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One event on both sides."""

    source: str
    event_id: str
    about: str
    """The payment or payout that it reports or follows; its own subject where it is about none."""
    subject: str
    event_type: str
    occurred_at: datetime
    before: Outcome
    after: Outcome

    @property
    def differs(self) -> bool:
        return self.before != self.after


class PostedTotals(msgspec.Struct):
    """Minor units that are posted without a person; a practice has one currency."""

    currency: str | None = None
    payments: int = 0
    """Cash entries at the PMS: payments, refunds, returns, disputes and what reverses them (N-3 A)."""
    balances: int = 0
    """What counts toward the patients' balances: these with their fee adjustments (N-3 B)."""

    def add(self, outcome: Outcome) -> None:
        for each in outcome.entries:
            if each.target is Target.PMS and each.state is State.SCHEDULED:
                kind, self.currency = _reversed(each), each.currency
                self.payments += each.amount_minor if kind in CASH else 0
                self.balances += each.amount_minor if kind in BALANCE_KINDS else 0


def _reversed(entry: ComparedEntry) -> EntryKind:
    """What an entry is of: a reversal counts as what it reverses."""
    return PartKey.parse(entry.part).reverses or entry.entry_kind


def proposed_history(practice_id: str, settings: PracticeSettings) -> SettingsHistory:
    """The proposed settings as if they had always been in force."""
    version = SettingsVersion(
        version=1, effective_from=ALWAYS, saved_at=ALWAYS, saved_by="what if", reason="", settings=settings
    )
    return SettingsHistory(practice_id=practice_id, versions=(version,))


class TotalLine(msgspec.Struct):
    """One row of the totals: how many entries, and minor units, now and as proposed."""

    entries_before: int = 0
    minor_before: int = 0
    entries_after: int = 0
    minor_after: int = 0


Key = tuple[str, str, str, str]
"""Target, kind of entry, state, currency; an event without entries counts under its own state."""


class Totals:
    """Added up over all events, those that stay the same too."""

    def __init__(self) -> None:
        self.events = 0
        self.differing = 0
        self.without_body = 0
        self.lines: dict[Key, TotalLine] = {}
        self.before = PostedTotals()
        self.after = PostedTotals()

    def add(self, compared: Compared) -> None:
        self.events += 1
        self.differing += compared.differs
        self.without_body += compared.before is NOT_KEPT
        self.before.add(compared.before)
        self.after.add(compared.after)
        for key, minor in _rows(compared.before):
            line = self.lines.setdefault(key, TotalLine())
            line.entries_before += 1
            line.minor_before += minor
        for key, minor in _rows(compared.after):
            line = self.lines.setdefault(key, TotalLine())
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
