"""The append-only truth of a practice's settings (laws 14, 15): versions are added, never edited."""

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
from sinks.ledger.practices.audit import append
from sinks.ledger.practices.registry import require_practice
from sinks.ledger.practices.settings.capabilities import abilities_of
from sinks.ledger.practices.settings.golive_state import readiness, refuse_unproven, switches_on
from sinks.ledger.practices.settings.history import newest
from sinks.ledger.practices.settings.inheritance import group_of, own_after
from sinks.ledger.practices.settings.version_start import apply_begun, begins_at
from sinks.ledger.practices.settings.warnings import refused, settings_warnings
from sinks.ledger.practices.staff_text import checked_text
from sinks.ledger.waiting.reevaluate import moment
from streams.runtime.clock import Clock
from streams.runtime.errors import ConfigurationError

_INTAKE: Final = named_queries("sinks.ledger.intake")
_PRACTICES: Final = named_queries("sinks.ledger.practices")
_SETTINGS: Final = named_queries("sinks.ledger.practices.settings")
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
) -> SettingsVersion:
    """Make a practice known with its first version. Blocks.

    `since` lets the first version begin earlier, which no later one can: nothing was decided without settings, so
    what waited because the practice was unknown (law 10) is decided now. ConfigurationError when it is known already.
    """
    connection.execute(_INTAKE["add_practices"], {"practice_ids": [practice_id]})
    with connection.transaction(), connection.cursor() as cursor:
        found = cursor.execute(_PRACTICES["lock_practice"], {"practice_id": practice_id}).fetchone()
        if found is not None and found[1] is not None:
            raise ConfigurationError(
                f"the practice {practice_id} is known already: change it with `writeback settings set`"
            )
        at = moment(cursor, clock.for_database())
        parameters = {"practice_id": practice_id, "name": name, "now": at, "actor": saving.actor}
        cursor.execute(_PRACTICES["add_practice"], parameters)
        if email:
            contact = {"practice_id": practice_id, "email": email, "role": "STAFF"}
            cursor.execute(_PRACTICES["add_contact"], contact)
        append(
            cursor,
            practice_id,
            at=at,
            actor=saving.actor,
            action="practice.add",
            after={"name": name, "has_contact": email is not None},
            why=saving.reason,
        )
        return save_locked(cursor, practice_id, settings, saving, at=at, asked=since, jitter_s=jitter_s)


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
    with connection.transaction(), connection.cursor() as cursor:
        require_practice(cursor, practice_id)
        at = moment(cursor, clock.for_database())
        standing = newest(cursor, practice_id)
        settings = edit(None if standing is None else standing.settings)
        return save_locked(cursor, practice_id, settings, saving, at=at, asked=effective_from, jitter_s=jitter_s)


def save_locked(
    cursor: Cursor,
    practice_id: str,
    settings: PracticeSettings,
    saving: Saving,
    *,
    at: datetime,
    asked: datetime | None,
    jitter_s: int,
    own: Collection[str] | None = None,
) -> SettingsVersion:
    """`change` for a caller that holds the practice's lock. `own` None: what this saving makes the practice's own."""
    standing = newest(cursor, practice_id)
    before = None if standing is None else standing.settings
    begins = begins_at(practice_id, asked, at, standing)
    if own is None:
        own = own_after(() if standing is None else standing.own, before, settings, group_of(cursor, practice_id))
    if switches_on(before, settings) and not (saving.without_golive or "").strip():
        refuse_unproven(practice_id, readiness(cursor, practice_id))
    _refuse_impossible(cursor, practice_id, before, settings)
    version = SettingsVersion(
        version=_next_version(cursor, practice_id),
        effective_from=begins,
        saved_at=at,
        saved_by=saving.actor,
        reason=saving.reason,
        settings=settings,
    )
    _insert(cursor, practice_id, version, own, before, saving)
    outbox.enqueue(cursor, [outbox.settings_message(practice_id)])
    if begins <= at:
        apply_begun(cursor, practice_id, now=at, jitter_s=jitter_s)
    return version


def _insert(
    cursor: Cursor,
    practice_id: str,
    version: SettingsVersion,
    own: Collection[str],
    before: PracticeSettings | None,
    saving: Saving,
) -> None:
    body = msgspec.to_builtins(version.settings)
    cursor.execute(
        _SETTINGS["add_version"],
        {
            "practice_id": practice_id,
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
    append(
        cursor,
        practice_id,
        at=version.saved_at,
        actor=version.saved_by,
        action="settings.save",
        subject=f"version {version.version}",
        before=None if before is None else msgspec.to_builtins(before),
        after=body | {"effective_from": version.effective_from.isoformat()} | waived,
        why=version.reason,
    )


def _refuse_impossible(
    cursor: Cursor, practice_id: str, before: PracticeSettings | None, settings: PracticeSettings
) -> None:
    """TIM-3. What stood before may stay: a connection that changed must not keep a practice from switching off."""
    abilities = abilities_of(cursor, practice_id)
    stood = set() if before is None else {each.field for each in refused(settings_warnings(before, abilities))}
    for warning in refused(settings_warnings(settings, abilities)):
        if warning.field not in stood:
            raise ConfigurationError(f"{warning.field}: {warning.text}")


def _next_version(cursor: Cursor, practice_id: str) -> int:
    ((number,),) = cursor.execute(_WITHDRAWAL["next_version"], {"practice_id": practice_id}).fetchall()
    return int(number)
