"""Lists groups of practices, and shows one with its values, locks and practices."""

from __future__ import annotations

from typing import Any

import msgspec

from sinks.ledger.practices.settings import groups
from sinks.ledger.practices.settings.groups import ListedGroup
from sinks.operations.ledger import Connection, Ledger
from sinks.operations.roles import View, may
from sinks.operations.viewing import sees, viewer

__all__ = ["ListedGroup", "Member", "OrganisationView", "list_organisations", "members_of", "view_organisation"]


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A practice of a group, with the fields that it decides itself."""

    practice_id: str
    own: tuple[str, ...]


class OrganisationView(msgspec.Struct, frozen=True, kw_only=True):
    organisation_id: str
    name: str | None
    version: int
    fields: dict[str, Any]
    locked: tuple[str, ...]
    behind: tuple[str, ...]
    """Practices that do not have the group's values yet."""
    practices: tuple[Member, ...]

    @property
    def called(self) -> str:
        return self.name or self.organisation_id


def list_organisations(connection: Connection) -> list[ListedGroup]:
    """The groups that the viewer may see, and how many practices each has. Blocks for one statement."""
    grants = viewer().grants
    found = groups.list_groups(connection)
    return [each for each in found if may(grants, View.SETTINGS, organisation_id=each.organisation_id)]


@sees(View.SETTINGS, practice=None, organisation="organisation_id")
def members_of(ledger: Ledger, organisation_id: str) -> tuple[str, ...]:
    """The practices of a group, by id. Blocks, a page at a time, for nobody's lock; ConfigurationError names the
    nearest known group."""
    connection = ledger.connection
    with connection.cursor() as cursor:
        group = groups.organisation(cursor, organisation_id)
    return tuple(name for name, _ in groups.members(connection, group))


@sees(View.SETTINGS, practice=None, organisation="organisation_id")
def view_organisation(ledger: Ledger, organisation_id: str) -> OrganisationView:
    """One group. Blocks for its practices' locks, a page at a time; ConfigurationError names the nearest known one."""
    connection = ledger.connection
    with connection.transaction(), connection.cursor() as cursor:
        group = groups.organisation(cursor, organisation_id)
        members = groups.members(connection, group)
        behind = groups.preview(connection, group, effective_from=None, clock=ledger.clock)
    return OrganisationView(
        organisation_id=group.organisation_id,
        name=group.name,
        version=group.version,
        fields=group.fields,
        locked=group.locked,
        behind=tuple(each.practice_id for each in behind),
        practices=tuple(Member(practice_id=name, own=own) for name, own in members),
    )
