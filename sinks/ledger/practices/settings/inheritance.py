"""How a practice follows its group: what it inherits, what it decides itself, and what is locked (SUP-2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.practice_settings import PracticeSettings
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.fields import Fields, check_name, differences, fields_of, shown, with_fields
from sinks.ledger.rows.fetch import fetch_one
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.ledger.practices.settings", "groups.sql")

Cursor = psycopg.Cursor[TupleRow]

NEVER_INHERITED: Final = ("master", "status")
"""Each practice goes live, and leaves, by itself (C4)."""


class Group(msgspec.Struct, frozen=True):
    """An organisation with its newest values."""

    organisation_id: str
    name: str | None
    version: int
    fields: Fields
    locked: tuple[str, ...]

    @property
    def called(self) -> str:
        return self.name or self.organisation_id


def group_of(cursor: Cursor, practice_id: str) -> Group | None:
    """A practice's group; None for one that belongs to none. Under the practice's lock it cannot change."""
    return fetch_one(cursor, Group, _SQL["group_of"], {"practice_id": practice_id})


def inherited(settings: PracticeSettings, own: Collection[str], group: Group) -> PracticeSettings:
    """Effective settings: the group's value wherever it is locked or the practice has none of its own. Pure."""
    return with_fields(
        settings,
        {field: value for field, value in group.fields.items() if field in group.locked or field not in own},
    )


def own_after(
    own: Collection[str], before: PracticeSettings | None, after: PracticeSettings, group: Group | None
) -> tuple[str, ...]:
    """The fields that a practice decides itself once it has saved `after`.

    What it changes is its own from then on; what it sets to the group's value follows the group again.
    ConfigurationError names the organisation where it changes a locked field to another value. One that it leaves as
    it is may differ: the group's own version was withdrawn, and that must not keep a practice from stopping (law 15).
    """
    if group is None:
        return ()
    now = fields_of(after)
    changed = {each.field for each in differences(before, after)}
    for field in group.locked:
        if field in changed and now[field] != group.fields[field]:
            raise ConfigurationError(
                f"{field}: the organisation {group.called} has locked it to {shown(group.fields[field])}; "
                f"writeback organisation unlock {group.organisation_id} {field} leaves it to its practices"
            )
    touched = set(own) | changed
    return tuple(sorted(field for field in touched if group.fields.get(field, msgspec.UNSET) != now[field]))


def checked_values(changes: Mapping[str, Any]) -> Fields:
    """Values that a group may set, each as settings hold it. ConfigurationError names what a group cannot set."""
    for field in changes:
        if check_name(field) in NEVER_INHERITED:
            raise ConfigurationError(f"{field}: each practice decides this itself: writeback settings set PRACTICE")
    normal = fields_of(with_fields(PracticeSettings(zone="UTC"), changes))
    return {field: normal[field] for field in changes}
