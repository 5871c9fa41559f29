"""What the ledger knows beside the payment: the practice's settings, links, connections, master switch, the time."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from datetime import date, datetime
from typing import Final

import msgspec

from processors.rules.lifecycle.ledger_dates import dated
from processors.rules.lifecycle.payment_state import EntryState
from processors.rules.lifecycle.waiting_state import (
    InitialState,
    first_unmet,
    initial_state,
    needs_link,
    stops_for_master,
)
from schemas.bookkeeping.cut_offs import not_before_day
from schemas.events import Event
from schemas.plan import PlannedEntry
from schemas.practice_settings import PracticeSettings, SettingsHistory, SettingsVersion
from schemas.vocabulary import NOT_WRITTEN, EntryKind, State, Target

_NOBODY: Final[Container[str]] = frozenset[str]()


class _Everybody(Container[str]):
    def __contains__(self, patient_ref: object) -> bool:
        return True


class LedgerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Of one practice, read under its lock (law 7)."""

    now: datetime
    """Business time."""
    history: SettingsHistory
    """Every saved version of the practice's settings."""
    connections: Mapping[Target, str]
    """The practice's connection at each target; none where it has none (P-17)."""
    writes: Mapping[Target, frozenset[str]] = msgspec.field(default_factory=dict)
    """The entry kinds that the connection writes, where it says so (`connections.capabilities`)."""
    linked: Container[str] = _NOBODY
    """Patients with a link at the PMS (LINK-1)."""
    paused: bool = False
    """The master switch is off now (law 24)."""
    read_back_before: datetime | None = None
    """Entries of records that were appended before this are read back before any send (law 4)."""

    judges_again: bool = True
    """What is held or parked is judged again after every fact (R-17); False is the control of that."""
    posts_differences: bool = True
    """What the entries lack of the books is posted (R-17); False is the control of that."""
    keeps_ended: bool = True
    """What a person ended is left to that person (R-14); False is the control of that."""

    def settings_of(self, version: int | None) -> PracticeSettings:
        """The settings of one saved version. KeyError for one that was never saved."""
        return version_of(self.history, version).settings

    def ledger_date(self, event: Event, settings_version: int | None, arrived_at: datetime) -> date:
        """The event's own ledger date, by the version that decided about it (law 15)."""
        return dated(event, self.history, version_of(self.history, settings_version), arrived_at)

    def due_on_its_day(self, target: Target, ledger_date: date, due_at: datetime) -> datetime:
        """`due_at`, but not before the practice's day of the ledger date begins: no entry is written with a date to
        come (T-6). QuickBooks' documents are dated by the bank (P-16). A plan says so itself: there is no history
        where nothing but plans is inserted."""
        versions = self.history.versions
        if target is not Target.PMS or ledger_date < due_at.date() or not versions:
            return due_at
        known = [each for each in versions if each.effective_from <= due_at] or versions
        return not_before_day(ledger_date, known[-1].settings.zone, due_at)

    def initial_state(self, planned: PlannedEntry, connection_id: str | None) -> InitialState:
        """The state in which a planned entry is inserted. `connection_id`: of the entry that it reverses (E-9 c)."""
        return initial_state(
            planned,
            connection_id=connection_id or self.connections.get(planned.target),
            linked=(planned.instruction.patient_ref or "") in self.linked,
            paused=self.paused,
            writes=self.writes.get(planned.target),
        )

    def state_behind(self, holds: Collection[State], entry: EntryState) -> State:
        """The state of an entry that waits for these conditions and for what the facts add to them."""
        return first_unmet(
            holds,
            needs_link=needs_link(entry.target, office_level=entry.instruction.office_level),
            linked=(entry.instruction.patient_ref or "") in self.linked,
            paused=self.paused and stops_for_master(entry.target, entry.entry_kind),
        )

    def reads_back(self, state: State, arrived_at: datetime) -> bool:
        """Whether an entry that starts in `state` is looked for at the target before it is sent (law 4)."""
        return self.read_back_before is not None and arrived_at < self.read_back_before and state not in NOT_WRITTEN


def version_of(history: SettingsHistory, version: int | None) -> SettingsVersion:
    """One saved version. KeyError for one that was never saved: none that decided is ever withdrawn. Pure."""
    for each in history.versions:
        if each.version == version:
            return each
    raise KeyError(f"{history.practice_id} has no settings version {version}")


def unhindered(history: SettingsHistory, now: datetime) -> LedgerFacts:
    """Of a practice where no link and no connection is missing: only its settings decide (what-if, tests). Pure."""
    return LedgerFacts(
        now=now,
        history=history,
        connections={target: target.value for target in Target},
        writes=dict.fromkeys(Target, frozenset(EntryKind)),
        linked=_Everybody(),
    )
