"""Groups of practices: values that they inherit, shown where they would change before they are saved (SUP-2).

A practice's own append-only versions decide (E-8): a change to a group is a new version at each practice that
it changes. Who was reached is a comparison, not a flag: after a crash the same command goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from sinks.ledger.intake.read_context import lock_practices
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.audit import append
from sinks.ledger.practices.settings.fields import Fields
from sinks.ledger.practices.settings.follow_group import GroupChange, follow, preview_change
from sinks.ledger.practices.settings.history import newest
from sinks.ledger.practices.settings.inheritance import Group
from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.rows.fetch import fetch_all, fetch_one, fetch_values
from sinks.ledger.unit_of_work import UnitOfWork, instant
from streams.runtime.clock import Clock
from streams.runtime.did_you_mean import nearest
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.ledger.practices.settings", "groups.sql")

Connection = psycopg.Connection[TupleRow]
Cursor = psycopg.Cursor[TupleRow]

Edit = Callable[[Group], tuple[Fields, Collection[str]]]
"""From a group to its new values and locks."""

AT_ONCE: Final = 25
"""Practices of one transaction: their locks are held for a fraction of a second, whatever the size of the group."""


class ListedGroup(msgspec.Struct, frozen=True):
    organisation_id: str
    name: str | None
    practices: int


def list_groups(connection: Connection) -> list[ListedGroup]:
    """All groups, each with how many practices belong to it. Blocks for one statement."""
    return fetch_all(connection, ListedGroup, _SQL["organisations"])


def audit_key(organisation_id: str) -> str:
    """Whose trail a group's own changes stand in: no practice's id has a blank."""
    return f"organisation {organisation_id}"


def add(connection: Connection, organisation_id: str, name: str | None, saving: Saving, *, clock: Clock) -> None:
    """Make a group known, without values. ConfigurationError when it is known already."""
    with connection.transaction(), connection.cursor() as cursor:
        known = {"organisation_id": organisation_id, "name": name, "now": clock.for_database(), "actor": saving.actor}
        if cursor.execute(_SQL["add_organisation"], known).fetchone() is None:
            raise ConfigurationError(f"the organisation {organisation_id} is known already")
        _add_version(cursor, Group(organisation_id, name, 1, {}, ()), saving, clock, "organisation.add", None)


def organisation(cursor: Cursor, organisation_id: str) -> Group:
    """A group with its newest values. ConfigurationError names the nearest known one."""
    group = fetch_one(cursor, Group, _SQL["organisation"], {"organisation_id": organisation_id})
    if group is None:
        known = [each.organisation_id for each in fetch_all(cursor, ListedGroup, _SQL["organisations"])]
        raise ConfigurationError(
            f"there is no organisation {organisation_id}{nearest(organisation_id, known)}; add it with "
            f"`writeback organisation add {organisation_id}`"
        )
    return group


def preview(
    connection: Connection, group: Group, *, effective_from: datetime | None, clock: Clock
) -> list[GroupChange]:
    """What each practice's settings become under these values of its group; changes nothing. Blocks, page by page.

    Practices that stay as they are are not listed.
    """
    found = []
    for page in _pages(connection, group.organisation_id):
        with connection.transaction(), connection.cursor() as cursor:
            at = instant(cursor, clock.for_database())
            found += [preview_change(cursor, practice_id, group, effective_from, at) for practice_id in page]
    return [effect for effect in found if effect.differences]


def members(connection: Connection, group: Group) -> list[tuple[str, tuple[str, ...]]]:
    """The group's practices, each with the fields that it decides itself."""
    found = []
    for page in _pages(connection, group.organisation_id):
        with connection.cursor() as cursor:
            for practice_id in page:
                current = newest(cursor, practice_id)
                found.append((practice_id, () if current is None else current.own))
    return found


def edited(cursor: Cursor, organisation_id: str, edit: Edit) -> Group:
    """The group as `edit` would make it. ConfigurationError for a lock without a value."""
    current = organisation(cursor, organisation_id)
    fields, locked = edit(current)
    without = sorted(set(locked) - fields.keys())
    if without:
        raise ConfigurationError(
            f"{without[0]}: the organisation {current.called} has no value to lock; set one with "
            f"`writeback organisation set {organisation_id} --change {without[0]}=VALUE`"
        )
    if (fields, set(locked)) == (current.fields, set(current.locked)):
        return current
    return Group(organisation_id, current.name, current.version + 1, fields, tuple(sorted(locked)))


def save(
    connection: Connection,
    organisation_id: str,
    edit: Edit,
    saving: Saving,
    *,
    clock: Clock,
    jitter_s: int,
    action: str,
    effective_from: datetime | None = None,
) -> list[GroupChange]:
    """Save a group's new values and locks, then a version at each practice that they change; answers those. Blocks.

    1. Refuse what a practice cannot take. 2. Lock the group, make its new values, save, audit, commit. 3. Its
    practices, sorted, some at a time (law 8): lock, read the group's newest values, merge, save, audit, commit. A
    practice that saves in between follows the new values already; of two changes at once the later is reached by all.
    """
    with connection.transaction(), connection.cursor() as cursor:
        wanted = edited(cursor, organisation_id, edit)
    for effect in preview(connection, wanted, effective_from=effective_from, clock=clock):
        if effect.problem:
            raise ConfigurationError(f"{effect.practice_id}: {effect.problem}; nothing was saved")
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_SQL["lock_organisation"], {"organisation_id": organisation_id})
        current = organisation(cursor, organisation_id)
        group = edited(cursor, organisation_id, edit)
        if group is not current and group.version > current.version:
            _add_version(cursor, group, saving, clock, action, current)
    done: list[GroupChange] = []
    for page in _pages(connection, organisation_id):
        with connection.transaction(), connection.cursor() as cursor:
            lock_practices(cursor, page)
            group = organisation(cursor, organisation_id)
            for practice_id in page:
                unit = UnitOfWork(cursor, practice_id, now=clock.for_database(), jitter_s=jitter_s)
                change = preview_change(cursor, practice_id, group, effective_from, unit.at)
                if change.differences:
                    done.append(follow(unit, change, group, saving, effective_from))
                    unit.finish()
    return done


def _pages(connection: Connection, organisation_id: str) -> Iterator[list[str]]:
    """The group's practices, sorted as they are locked."""
    after = ""
    while True:
        wanted = {"organisation_id": organisation_id, "after": after, "most": AT_ONCE}
        page = fetch_values(connection, _SQL["members"], wanted)
        if page:
            yield page
            after = page[-1]
        if len(page) < AT_ONCE:
            return


def _add_version(cursor: Cursor, group: Group, saving: Saving, clock: Clock, action: str, before: Group | None) -> None:
    now = clock.for_database()
    cursor.execute(
        _SQL["add_organisation_version"],
        {
            "organisation_id": group.organisation_id,
            "version": group.version,
            "fields": Jsonb(group.fields),
            "locked": list(group.locked),
            "now": now,
            "actor": saving.actor,
            "reason": saving.reason,
        },
    )
    append(
        cursor,
        audit_key(group.organisation_id),
        at=instant(cursor, now),
        actor=saving.actor,
        action=action,
        subject=f"version {group.version}",
        before=None if before is None else {"fields": before.fields, "locked": list(before.locked)},
        after={"fields": group.fields, "locked": list(group.locked)},
        why=saving.reason,
    )
