"""A practice joins a group, or leaves it (SUP-2)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.registry import require_practice
from sinks.ledger.practices.settings.fields import check_name
from sinks.ledger.practices.settings.follow_group import GroupChange, follow, preview_change
from sinks.ledger.practices.settings.groups import organisation
from sinks.ledger.practices.settings.history import newest
from sinks.ledger.practices.settings.inheritance import group_of
from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.unit_of_work import UnitOfWork, unit_of_work
from streams.runtime.clock import Clock
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.ledger.practices.settings", "groups.sql")

Connection = psycopg.Connection[TupleRow]


def join(
    connection: Connection,
    organisation_id: str,
    practice_id: str,
    keep: Collection[str],
    saving: Saving,
    *,
    clock: Clock,
    jitter_s: int,
    dry_run: bool,
) -> GroupChange:
    """Bring a practice into a group: it takes the group's values but for those it keeps. Blocks.

    `dry_run` only answers what would change. ConfigurationError for a member of another group, or a locked field.
    """
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_SQL["lock_organisation"], {"organisation_id": organisation_id})
        group = organisation(cursor, organisation_id)
        for field in keep:
            if check_name(field) in group.locked:
                raise ConfigurationError(f"{field}: the organisation {group.called} has locked it")
        require_practice(cursor, practice_id)
        other = group_of(cursor, practice_id)
        if other is not None:
            raise ConfigurationError(f"{practice_id} belongs to {other.called}: it has to leave that one first")
        unit = UnitOfWork(cursor, practice_id, now=clock.for_database(), jitter_s=jitter_s)
        change = preview_change(cursor, practice_id, group, None, unit.at, keep)
        if dry_run:
            return change
        cursor.execute(_SQL["set_organisation"], {"practice_id": practice_id, "organisation_id": organisation_id})
        unit.audit(
            "organisation.join",
            actor=saving.actor,
            why=saving.reason,
            subject=organisation_id,
            after={"keeps": sorted(keep)},
        )
        followed = follow(unit, change, group, saving, None, keep)
        unit.finish()
        return followed


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """What leaving means at one practice: values of the group that it keeps, and may then change itself."""

    practice_id: str
    organisation_id: str
    called: str
    becomes_own: tuple[str, ...]


def leave(connection: Connection, practice_id: str, saving: Saving, *, clock: Clock, dry_run: bool = False) -> Leaving:
    """Take a practice out of its group. Its settings stay as they are, and are its own from now on. Blocks.

    `dry_run` only answers what would become its own. ConfigurationError for a practice of no group.
    """
    with unit_of_work(connection, practice_id, clock=clock, jitter_s=0) as unit:
        group = group_of(unit.cursor, practice_id)
        if group is None:
            raise ConfigurationError(f"{practice_id} belongs to no organisation")
        current = newest(unit.cursor, practice_id)
        own = () if current is None else current.own
        leaving = Leaving(
            practice_id=practice_id,
            organisation_id=group.organisation_id,
            called=group.called,
            becomes_own=tuple(name for name in group.fields if name in group.locked or name not in own),
        )
        if not dry_run:
            unit.cursor.execute(_SQL["set_organisation"], {"practice_id": practice_id, "organisation_id": None})
            unit.audit("organisation.leave", actor=saving.actor, why=saving.reason, subject=group.organisation_id)
    return leaving
