"""People who use the program: who they are, what each may do where, and the actor that each of them is."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_one
from sinks.operations.acting import Actor
from sinks.operations.ledger import Connection
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import Grant, Role, View
from sinks.operations.viewing import sees
from streams.runtime.errors import ConfigurationError, Permanent

_SQL: Final = named_queries("sinks.operations.queries", "users.sql")


class User(msgspec.Struct, frozen=True):
    """A person, by the name under which the audit trail keeps what they do."""

    name: str
    full_name: str | None
    email: str | None
    disabled: bool


class UserGrant(msgspec.Struct, frozen=True):
    """A role as it was given; both empty: at every practice."""

    name: str
    role: Role
    practice_id: str
    organisation_id: str


class ListedUser(msgspec.Struct, frozen=True):
    """With everything that was granted."""

    user: User
    grants: tuple[UserGrant, ...]


class _OfGroup(msgspec.Struct, frozen=True):
    organisation_id: str
    practice_id: str


@sees(View.USERS)
def list_users(connection: Connection, practice_id: str | None = None, most: int = 1_000) -> list[ListedUser]:
    """By name; with a practice, those whom a grant lets in there. Blocks for two statements, three with a practice.
    ConfigurationError for an unknown one."""
    check_practice(connection, practice_id)
    asked = _SQL["users" if practice_id is None else "users_at"]
    found = fetch_all(connection, User, asked, {"practice_id": practice_id, "most": most})
    grants: dict[str, list[UserGrant]] = defaultdict(list)
    for each in granted(connection, [user.name for user in found]):
        grants[each.name].append(each)
    return [ListedUser(each, tuple(grants[each.name])) for each in found]


def granted(connection: Connection, names: list[str]) -> list[UserGrant]:
    """Blocks for one statement."""
    return fetch_all(connection, UserGrant, _SQL["grants"], {"names": names})


def user_named(connection: Connection, name: str) -> User:
    """Blocks for one statement; ConfigurationError for somebody whom nobody added."""
    found = fetch_one(connection, User, _SQL["user"], {"name": name})
    if found is None:
        raise ConfigurationError(f"there is no user {name}: `writeback user add {name}` makes one known")
    return found


def actor_of(connection: Connection, name: str) -> Actor:
    """What this person may do now, with the practices of their groups as they are now. Blocks for up to three
    statements; ConfigurationError for an unknown name, Permanent for one that is disabled."""
    if user_named(connection, name).disabled:
        raise Permanent(f"{name} is disabled: somebody who administers users enables the name again")
    return Actor(name, grants_of(connection, name))


def grants_of(connection: Connection, name: str) -> tuple[Grant, ...]:
    """What was granted, whether or not the name is disabled. Blocks for one or two statements."""
    grants = granted(connection, [name])
    groups = sorted({each.organisation_id for each in grants if each.organisation_id})
    practices: dict[str, set[str]] = defaultdict(set)
    if groups:
        for each in fetch_all(connection, _OfGroup, _SQL["practices_of"], {"organisations": groups}):
            practices[each.organisation_id].add(each.practice_id)
    return tuple(_grant(each, practices) for each in grants)


def _grant(each: UserGrant, practices: dict[str, set[str]]) -> Grant:
    if each.organisation_id:
        within = frozenset(practices[each.organisation_id])
        return Grant(role=each.role, practices=within, organisation_id=each.organisation_id)
    return Grant(role=each.role, practices=frozenset({each.practice_id}) if each.practice_id else None)
