"""Withdraws a version of settings that has not begun, so that another can begin earlier (law 15)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.practice_settings import PracticeSettings, SettingsVersion
from sinks.ledger import outbox
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.fields import Difference, differences
from sinks.ledger.practices.settings.history import history_of, newest
from sinks.ledger.practices.settings.inheritance import group_of, inherited
from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from sinks.ledger.unit_of_work import unit_of_work
from streams.runtime.clock import Clock
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.ledger.practices.settings", "withdrawal.sql")

Connection = psycopg.Connection[TupleRow]
Cursor = psycopg.Cursor[TupleRow]


class Withdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """A version that never was in force, and who took it back."""

    version: SettingsVersion
    withdrawn_at: datetime
    withdrawn_by: str
    why: str


class _StoredWithdrawal(msgspec.Struct, frozen=True):
    version: int
    effective_from: datetime
    saved_at: datetime
    saved_by: str
    reason: str
    settings: PracticeSettings
    withdrawn_at: datetime
    withdrawn_by: str
    why: str

    def as_withdrawn(self) -> Withdrawn:
        version = SettingsVersion(
            version=self.version,
            effective_from=self.effective_from,
            saved_at=self.saved_at,
            saved_by=self.saved_by,
            reason=self.reason,
            settings=self.settings,
        )
        return Withdrawn(version=version, withdrawn_at=self.withdrawn_at, withdrawn_by=self.withdrawn_by, why=self.why)


class Outstanding(msgspec.Struct, frozen=True, kw_only=True):
    """What a practice's group has set and the practice does not have: its version was withdrawn."""

    organisation_id: str
    called: str
    differences: tuple[Difference, ...]


def withdraw(
    connection: Connection, practice_id: str, saving: Saving, *, clock: Clock, version: int | None = None
) -> Withdrawn:
    """Take back the newest version, which must not have begun. Blocks for the practice's lock.

    1. lock the practice: INTAKE resolves nothing meanwhile. 2. read business time. 3. refuse what has begun, what an
    event was decided under, and what is not the newest. 4. move the row, audit, ask the relay to publish. RULES may
    know the version until then: a decision under it is not the one INTAKE wants, and is asked for anew (law 15).
    ConfigurationError says what to do.
    """
    if not saving.actor.strip() or not saving.reason.strip():
        raise ConfigurationError(
            "a version is withdrawn with --yes --why TEXT: it stands in the history and the audit trail"
        )
    with unit_of_work(connection, practice_id, clock=clock, jitter_s=0) as unit:
        withdrawn_version = _withdrawable(unit.cursor, practice_id, version, unit.at)
        unit.cursor.execute(
            _SQL["withdraw"],
            {
                "practice_id": practice_id,
                "version": withdrawn_version.version,
                "at": unit.at,
                "actor": saving.actor,
                "why": saving.reason,
            },
        )
        unit.audit(
            "settings.withdraw",
            actor=saving.actor,
            why=saving.reason,
            subject=f"version {withdrawn_version.version}",
            before=msgspec.to_builtins(withdrawn_version.settings)
            | {"effective_from": withdrawn_version.effective_from.isoformat()},
        )
        unit.publish(outbox.settings_message(practice_id))
        return next(
            each for each in withdrawn(unit.cursor, practice_id) if each.version.version == withdrawn_version.version
        )


def outstanding(cursor: Cursor, practice_id: str) -> Outstanding | None:
    """What of its group's values a practice waits for. It keeps its own meanwhile, locked fields too: whoever changes
    those is refused, and `organisation set`, repeated, brings them along (SUP-2). None where nothing is."""
    group, current = group_of(cursor, practice_id), newest(cursor, practice_id)
    if group is None or current is None:
        return None
    found = differences(current.settings, inherited(current.settings, current.own, group))
    return Outstanding(organisation_id=group.organisation_id, called=group.called, differences=found) if found else None


def withdrawn(cursor: Cursor, practice_id: str) -> tuple[Withdrawn, ...]:
    """Every version of a practice that was taken back, ascending."""
    rows = fetch_all(cursor, _StoredWithdrawal, _SQL["withdrawn"], {"practice_id": practice_id})
    return tuple(row.as_withdrawn() for row in rows)


def _withdrawable(cursor: Cursor, practice_id: str, version: int | None, at: datetime) -> SettingsVersion:
    saved = history_of(cursor, practice_id)
    current = saved.newest
    for each in withdrawn(cursor, practice_id):
        if each.version.version == version:
            raise ConfigurationError(
                f"version {version} of {practice_id} was withdrawn already, by {each.withdrawn_by} at "
                f"{each.withdrawn_at.isoformat()}"
            )
    if current is None:
        raise ConfigurationError(f"{practice_id} has no version to withdraw: save one with `writeback settings set`")
    wanted = current if version is None else next((each for each in saved.versions if each.version == version), None)
    if wanted is None:
        raise ConfigurationError(f"{practice_id} has no version {version}: the newest is {current.version}")
    if wanted.effective_from <= at:
        raise ConfigurationError(
            f"version {wanted.version} of {practice_id} has begun, so payments follow it: save another version, which "
            f"begins at once, with `writeback settings set {practice_id}`"
        )
    if wanted is not current:
        raise ConfigurationError(
            f"version {version} of {practice_id} is not the newest: withdraw version {current.version} first, with "
            f"`writeback settings withdraw {practice_id} --version {current.version} --yes --why TEXT`"
        )
    if _decided_under(cursor, practice_id, current.version):
        raise ConfigurationError(
            f"payments are decided under version {current.version} of {practice_id} already, by a clock that is ahead "
            f"of this one: save another version that begins after {current.effective_from.isoformat()} (--from)"
        )
    return current


def _decided_under(cursor: Cursor, practice_id: str, version: int) -> bool:
    """A broker whose clock is ahead of the ledger's may have let an event be decided under a version to come."""
    known = {"practice_id": practice_id, "version": version}
    return bool(fetch_value(cursor, _SQL["decided_under"], known))
