"""The append-only truth of a practice's settings (laws 14, 15), and practices themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from schemas.practice_settings import PracticeSettings, SettingsHistory, SettingsVersion
from sinks.ledger import gates, outbox
from sinks.ledger.audit import append
from sinks.ledger.database import statement
from sinks.ledger.recomputing import moment, recompute
from sinks.ledger.resolving import Truth
from streams.clock import Clock
from streams.errors import ConfigurationError
from streams.nearest import nearest

Connection = psycopg.Connection[TupleRow]
Cursor = psycopg.Cursor[TupleRow]

_STEP: Final = timedelta(microseconds=1)
_SAME_MOMENT: Final = timedelta(seconds=1)
"""Two saves in one moment, or a clock that was set back a little, still rise strictly."""


class Saving(msgspec.Struct, frozen=True, kw_only=True):
    """Who saves, and why; both go to the history and the audit trail."""

    actor: str
    reason: str


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
    connection.execute(statement("intake", "add_practices"), {"practice_ids": [practice_id]})
    with connection.transaction(), connection.cursor() as cursor:
        found = cursor.execute(statement("facts", "lock_practice"), {"practice_id": practice_id}).fetchone()
        if found is not None and found[1] is not None:
            raise ConfigurationError(
                f"the practice {practice_id} is known already: change it with `writeback settings set`"
            )
        at = moment(cursor, clock.for_database())
        parameters = {"practice_id": practice_id, "name": name, "now": at, "actor": saving.actor}
        cursor.execute(statement("facts", "add_practice"), parameters)
        if email:
            contact = {"practice_id": practice_id, "email": email, "role": "STAFF"}
            cursor.execute(statement("facts", "add_contact"), contact)
        append(
            cursor,
            practice_id,
            at=at,
            actor=saving.actor,
            action="practice.add",
            after={"name": name, "has_contact": email is not None},
            why=saving.reason,
        )
        return _save(cursor, practice_id, settings, saving, at, since, jitter_s)


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
    """Save a version; in force from now on, or from a later instant. Blocks (law 15).

    1. lock the practice. 2. read business time: after the wait, so the version begins after everything that was
    decided without it. 3. insert, audit, ask the relay to publish. 4. let its switches act. ConfigurationError for an
    unknown practice or a start that is not later than now and than every other version's.
    """
    with connection.transaction(), connection.cursor() as cursor:
        require_practice(cursor, practice_id)
        at = moment(cursor, clock.for_database())
        return _save(cursor, practice_id, settings, saving, at, effective_from, jitter_s)


def _save(
    cursor: Cursor,
    practice_id: str,
    settings: PracticeSettings,
    saving: Saving,
    at: datetime,
    asked: datetime | None,
    jitter_s: int,
) -> SettingsVersion:
    newest = cursor.execute(statement("facts", "newest_version"), {"practice_id": practice_id}).fetchone()
    number = 1 if newest is None else int(newest[0]) + 1
    begins = _begins(asked, at, None if newest is None else newest[1])
    version = SettingsVersion(
        version=number,
        effective_from=begins,
        saved_at=at,
        saved_by=saving.actor,
        reason=saving.reason,
        settings=settings,
    )
    before = history(cursor, practice_id).newest
    body = msgspec.to_builtins(settings)
    cursor.execute(
        statement("facts", "add_version"),
        {
            "practice_id": practice_id,
            "version": number,
            "effective_from": begins,
            "body": Jsonb(body),
            "saved_at": at,
            "saved_by": saving.actor,
            "reason": saving.reason,
        },
    )
    append(
        cursor,
        practice_id,
        at=at,
        actor=saving.actor,
        action="settings.save",
        subject=f"version {number}",
        before=None if before is None else msgspec.to_builtins(before.settings),
        after=body | {"effective_from": begins.isoformat()},
        why=saving.reason,
    )
    outbox.enqueue(cursor, [outbox.settings_row(practice_id)])
    if begins <= at:
        apply_begun(cursor, practice_id, now=at, jitter_s=jitter_s)
    return version


def _begins(asked: datetime | None, at: datetime, newest: datetime | None) -> datetime:
    """When a version begins. Pure. The first one may begin earlier: without settings nothing was decided."""
    if asked is None:
        if newest is not None and newest > at + _SAME_MOMENT:
            raise ConfigurationError(
                f"a version is saved already that begins {newest.isoformat()}: say when this one begins, after that"
            )
        return at if newest is None else max(at, newest + _STEP)
    if asked.tzinfo is None:
        raise ConfigurationError("effective_from: an instant needs a zone, for example 2026-03-02T17:30:00-05:00")
    if newest is not None and asked < at:
        raise ConfigurationError(
            f"effective_from: {asked.isoformat()} is past, and what happened since was decided already; "
            "leave it out to begin now"
        )
    if newest is not None and asked <= newest:
        raise ConfigurationError(
            f"effective_from: {asked.isoformat()} is not after the newest version, which begins {newest.isoformat()}"
        )
    return asked


def apply_begun(cursor: Cursor, practice_id: str, *, now: datetime | None, jitter_s: int) -> None:
    """Let versions that have begun act: waiting events are decided anew, PAUSED resumes, gates look again (law 24).

    The caller holds the practice's lock.
    """
    parameters = {"practice_id": practice_id, "now": now}
    cursor.execute(statement("facts", "mark_applied"), parameters)
    cursor.execute(statement("facts", "ask_again"), parameters)
    recompute(cursor, practice_id, now=now, jitter_s=jitter_s)
    rows = cursor.execute(statement("facts", "gates_of"), {"practice_id": practice_id}).fetchall()
    gates.refresh(cursor, [(practice_id, row[0]) for row in rows], now=now, jitter_s=jitter_s)


def history(cursor: Cursor, practice_id: str) -> SettingsHistory:
    """The whole history, ascending; empty for a practice without settings."""
    rows = cursor.execute(statement("facts", "history"), {"practice_id": practice_id}).fetchall()
    return SettingsHistory(practice_id=practice_id, versions=tuple(_version(row) for row in rows))


def truths(cursor: Cursor, practice_ids: Sequence[str]) -> dict[str, list[Truth]]:
    """What INTAKE needs of the versions of some practices (law 15)."""
    found: dict[str, list[Truth]] = {}
    for row in cursor.execute(statement("intake", "truths_of"), {"practice_ids": list(practice_ids)}):
        found.setdefault(row[0], []).append(Truth(row[1], row[2], bool(row[3])))
    return found


def require_practice(cursor: Cursor, practice_id: str) -> None:
    """Lock a practice that somebody added. ConfigurationError names the nearest known one."""
    found = cursor.execute(statement("facts", "lock_practice"), {"practice_id": practice_id}).fetchone()
    if found is None or found[1] is None:
        known = [row[0] for row in cursor.execute(statement("facts", "known_practices")).fetchall()]
        raise ConfigurationError(
            f"there is no practice {practice_id}{nearest(practice_id, known)}; add it with "
            f"`writeback practice add {practice_id} --zone ZONE --email ADDRESS`"
        )


def _version(row: Any) -> SettingsVersion:
    return SettingsVersion(
        version=row[0],
        effective_from=row[1],
        settings=msgspec.convert(row[2], PracticeSettings),
        saved_at=row[3],
        saved_by=row[4],
        reason=row[5],
    )
