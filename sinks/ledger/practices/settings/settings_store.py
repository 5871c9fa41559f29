"""The store of a practice's settings: append-only versions with a start each (laws 14, 15)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from schemas.practice_settings import PracticeSettings, SettingsVersion
from sinks.ledger import outbox
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.registry import lock_practice
from sinks.ledger.practices.settings.capabilities import capabilities_of
from sinks.ledger.practices.settings.golive_state import readiness, refuse_unproven, switches_on
from sinks.ledger.practices.settings.history import newest
from sinks.ledger.practices.settings.inheritance import group_of, own_after
from sinks.ledger.practices.settings.version_start import apply_begun, begins_at
from sinks.ledger.practices.settings.warnings import refused, settings_warnings
from sinks.ledger.practices.staff_text import checked_text
from sinks.ledger.rows.fetch import fetch_value
from sinks.ledger.unit_of_work import UnitOfWork, unit_of_work
from streams.runtime.clock import Clock
from streams.runtime.errors import ConfigurationError

_INTAKE: Final = named_queries("sinks.ledger.intake")
_PRACTICES: Final = named_queries("sinks.ledger.practices")
_SETTINGS: Final = named_queries("sinks.ledger.practices.settings")
_ENTITLEMENT: Final = named_queries("sinks.ledger.practices.settings", "entitlement.sql")
_WITHDRAWAL: Final = named_queries("sinks.ledger.practices.settings", "withdrawal.sql")

Connection = psycopg.Connection[TupleRow]
Cursor = psycopg.Cursor[TupleRow]


class Saving(msgspec.Struct, frozen=True, kw_only=True):
    """Who saves, and why; both go to the history and the audit trail. ConfigurationError for a card number (C-1)."""

    actor: str
    reason: str
    without_golive: str | None = None
    """Why the master may be switched on although the go-live check has not passed; audited (C4)."""

    def __post_init__(self) -> None:
        for what, text in (("--by", self.actor), ("--why", self.reason), ("--without-golive", self.without_golive)):
            checked_text(what, text or "")


def add_practice(
    connection: Connection,
    practice_id: str,
    settings: PracticeSettings,
    saving: Saving,
    *,
    clock: Clock,
    jitter_s: int,
    name: str | None = None,
    email: str | None = None,
    since: datetime | None = None,
    system: str | None = None,
    system_name: str | None = None,
) -> SettingsVersion:
    """Make a practice known with its first version. Blocks.

    `since` lets the first version begin earlier, which no later one can: nothing was decided without settings, so
    what waited because the practice was unknown (law 10) is decided now. ConfigurationError when it is known already.
    """
    connection.execute(_INTAKE["add_practices"], {"practice_ids": [practice_id]})
    with unit_of_work(connection, practice_id, clock=clock, jitter_s=jitter_s, added=False) as unit:
        known = lock_practice(unit.cursor, practice_id)
        if known is not None and known.added_at is not None:
            raise ConfigurationError(
                f"the practice {practice_id} is known already: change it with `writeback settings set`"
            )
        parameters = {"practice_id": practice_id, "name": name, "now": unit.at, "actor": saving.actor}
        uses = {"system": system, "system_name": system_name}
        unit.cursor.execute(_PRACTICES["add_practice"], parameters | uses)
        if email:
            contact = {"practice_id": practice_id, "email": email}
            unit.cursor.execute(_PRACTICES["add_contact"], contact)
        unit.audit(
            "practice.add",
            actor=saving.actor,
            why=saving.reason,
            after={"name": name, "has_contact": email is not None} | ({} if system is None else uses),
        )
        return save_version(unit, settings, saving, asked=since)


def save(
    connection: Connection,
    practice_id: str,
    settings: PracticeSettings,
    saving: Saving,
    *,
    clock: Clock,
    jitter_s: int,
    effective_from: datetime | None = None,
) -> SettingsVersion:
    """Save whole settings as a version; in force from now on, or from a later instant. Blocks. As `change`."""
    return change(
        connection,
        practice_id,
        lambda _: settings,
        saving,
        clock=clock,
        jitter_s=jitter_s,
        effective_from=effective_from,
    )


def change(
    connection: Connection,
    practice_id: str,
    edit: Callable[[PracticeSettings | None], PracticeSettings],
    saving: Saving,
    *,
    clock: Clock,
    jitter_s: int,
    effective_from: datetime | None = None,
) -> SettingsVersion:
    """Save what `edit` makes of the newest version, so that nobody's change in between is lost. Blocks (law 15).

    1. lock the practice. 2. read business time: after the wait, so the version begins after everything that was
    decided without it. 3. check, insert, audit, ask the relay to publish. 4. let its switches act. ConfigurationError
    for an unknown practice, for a start that is not later than now and than every other version's, for a field that
    the practice's organisation has locked, for what its connection cannot do (TIM-3), and for a master that is
    switched on before the go-live check has passed (C4).
    """
    with unit_of_work(connection, practice_id, clock=clock, jitter_s=jitter_s) as unit:
        current = newest(unit.cursor, practice_id)
        settings = edit(None if current is None else current.settings)
        return save_version(unit, settings, saving, asked=effective_from)


def save_version(
    unit: UnitOfWork,
    settings: PracticeSettings,
    saving: Saving,
    *,
    asked: datetime | None,
    own: Collection[str] | None = None,
) -> SettingsVersion:
    """`change` for a caller that has a unit of work. `own` None: what this saving makes the practice's own. Blocks."""
    cursor, practice_id = unit.cursor, unit.practice_id
    current = newest(cursor, practice_id)
    before = None if current is None else current.settings
    at = unit.at
    begins = begins_at(practice_id, asked, at, current)
    if own is None:
        own = own_after(() if current is None else current.own, before, settings, group_of(cursor, practice_id))
    if switches_on(before, settings):
        found = readiness(cursor, practice_id)
        if not (saving.without_golive or "").strip():
            refuse_unproven(practice_id, found)
        elif found.entitled_at is None:
            _entitle(unit, saving)
    _refuse_impossible(cursor, practice_id, before, settings)
    version = SettingsVersion(
        version=fetch_value(cursor, _WITHDRAWAL["next_version"], {"practice_id": practice_id}),
        effective_from=begins,
        saved_at=at,
        saved_by=saving.actor,
        reason=saving.reason,
        settings=settings,
    )
    _insert(unit, version, own, before, saving)
    unit.publish(outbox.settings_message(practice_id))
    if begins <= at:
        apply_begun(unit)
    return version


def _entitle(unit: UnitOfWork, saving: Saving) -> None:
    """Who switches a master on without its go-live check answers for its entitlement too: it is a gate of its own."""
    key = {"practice_id": unit.practice_id, "at": unit.at, "actor": saving.actor}
    unit.cursor.execute(_ENTITLEMENT["entitle"], key)
    unit.audit(
        "practice.entitle",
        actor=saving.actor,
        why=saving.without_golive,
        before={"entitled": False},
        after={"entitled": True},
    )


def _insert(
    unit: UnitOfWork,
    version: SettingsVersion,
    own: Collection[str],
    before: PracticeSettings | None,
    saving: Saving,
) -> None:
    body = msgspec.to_builtins(version.settings)
    unit.cursor.execute(
        _SETTINGS["add_version"],
        {
            "practice_id": unit.practice_id,
            "version": version.version,
            "effective_from": version.effective_from,
            "body": Jsonb(body),
            "saved_at": version.saved_at,
            "saved_by": version.saved_by,
            "reason": version.reason,
            "own": sorted(own),
        },
    )
    waived = {"without_golive": saving.without_golive} if saving.without_golive else {}
    unit.audit(
        "settings.save",
        actor=version.saved_by,
        why=version.reason,
        subject=f"version {version.version}",
        before=None if before is None else msgspec.to_builtins(before),
        after=body | {"effective_from": version.effective_from.isoformat()} | waived,
    )


def _refuse_impossible(
    cursor: Cursor, practice_id: str, before: PracticeSettings | None, settings: PracticeSettings
) -> None:
    """TIM-3. What was refused before may stay: a changed connection must not keep a practice from switching off."""
    capabilities = capabilities_of(cursor, practice_id)
    refused_before = (
        set() if before is None else {each.field for each in refused(settings_warnings(before, capabilities))}
    )
    for warning in refused(settings_warnings(settings, capabilities)):
        if warning.field not in refused_before:
            raise ConfigurationError(f"{warning.field}: {warning.text}")
