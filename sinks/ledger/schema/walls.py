"""The second wall between practices (H-14): row-level security for the connections on which people look and act.

Every role of the pipeline works as the tables' owner, whom policies do not bind: its plans are as without.
A connection that serves a person takes the role PEOPLE, which owns nothing, for the practices that the person may see
(`enter`); a statement that forgets its predicate then finds no row of another practice, and writes none. One login is
enough: it is a member of PEOPLE, which nobody logs in as. The wall is against mistakes in statements; who could run any
statement could leave the role again.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, LiteralString

import msgspec
import psycopg
from psycopg import errors
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_value, fetch_values

PEOPLE: Final = "writeback_people"
EVERYTHING: Final = "*"
"""As a scope: every practice. No practice is called so."""
SCHEMAS: Final = ("public", "audit_trail")
UNWALLED: Final = MappingProxyType(
    {
        "users": "who a person is, is asked before it is known what they may see; holds no data of a practice",
        "user_grants": "what a person may see is made of it; holds no data of a practice's patients or money",
    }
)
"""Tables that name practices or groups and have no policy, each with the reason."""
OF_NO_PRACTICE: Final = MappingProxyType(
    {
        "era_raises": "when the database was set back",
        "intake_offsets": "positions in topics",
        "ledger_era": "which database this is",
        "patient_positions": "positions in topics",
        "role_slots": "which process has which slot",
        "role_stops": "which process refused to go on",
        "schema_versions": "what this database was brought to",
        "settings_republished": "on which days settings were published again",
        "topic_partitions": "how many partitions topics have",
        "_yoyo_log": "of the migrations",
        "_yoyo_migration": "of the migrations",
        "_yoyo_version": "of the migrations",
        "yoyo_lock": "of the migrations",
    }
)
"""Tables whose rows belong to no practice and no group; whoever looks may read them."""
_HIDDEN: Final = ("_yoyo_log", "_yoyo_version", "yoyo_lock")
_APPEND_ONLY: Final = ("audit_trail.actions", "audit")

_SCOPE: Final[LiteralString] = (
    "ANY ((SELECT string_to_array(current_setting('writeback.scope', true), E'\\n'))::text[])"
)
_FREE: Final[LiteralString] = (
    "current_user <> 'writeback_people' OR (SELECT current_setting('writeback.scope', true) = '*')"
)
"""Nobody else's role is bound, not even where it does not own the table."""
_OF_PRACTICE: Final[LiteralString] = f"{{of_practice}} = {_SCOPE}"
_OF_GROUP: Final[LiteralString] = (
    f"'organisation ' || organisation_id = {_SCOPE}"
    " OR EXISTS (SELECT FROM practices p WHERE p.organisation_id = {table}.organisation_id)"
)
"""A group's own values: for who administers it, and wherever those of a member that is seen are composed."""
_OF_CONNECTION: Final[LiteralString] = (
    f"{_OF_PRACTICE} OR EXISTS (SELECT FROM practice_connections p"
    " WHERE p.home_practice_id = {table}.home_practice_id AND p.connection_id = {table}.connection_id)"
)
"""An account through which several practices post is seen by each of them."""
_USES: Final[LiteralString] = f"practice_id = {_SCOPE} OR home_practice_id = {_SCOPE}"
_CREATE: Final[LiteralString] = "CREATE POLICY practice_wall ON {table} USING ("

_SQL: Final = named_queries("sinks.ledger.schema", "walls.sql")

Connection = psycopg.Connection[TupleRow]


class WallState(StrEnum):
    """Whether connections that serve people can stand behind the wall, and else what is missing."""

    STANDS = "stands"
    NO_ROLE = "no_role"
    """The database has no role PEOPLE, or its user may not take it: an administrator has to make it."""
    INCOMPLETE = "incomplete"
    """A table has no policy, or PEOPLE may not use it."""


class _Table(msgspec.Struct, frozen=True):
    name: str
    of_practice: str


class _Ungranted(msgspec.Struct, frozen=True):
    name: str
    needed: str


def raise_walls(connection: Connection, application: str | None = None) -> None:
    """Make what is missing of the role, its rights and the policies, as far as the connection's user may. Idempotent.

    Each table in a transaction of its own, so that roles at work wait for one at a time. `application`: the user as
    whom roles log in, where that is not the connection's. Blocks for the tables' locks; raises psycopg.Error.
    """
    for name in fetch_values(connection, _SQL["unguarded_views"], _NAMES):
        connection.execute(SQL("ALTER VIEW {} SET (security_invoker = true)").format(_named(name)))
    walled: set[str] = set()
    for each in fetch_all(connection, _Table, _SQL["unwalled"], _NAMES):
        if each.name not in walled:
            walled.add(each.name)
            _wall(connection, each)
    user = application or fetch_value(connection, _SQL["current_user"])
    if not _role_made(connection) or not _taken_by(connection, user):
        return
    for each_ungranted in fetch_all(connection, _Ungranted, _SQL["ungranted"], _NAMES | {"everybodys": False}):
        grant = SQL("GRANT {} ON {} TO {}")
        rights = SQL(", ").join(_RIGHTS[right] for right in each_ungranted.needed.split(","))
        connection.execute(grant.format(rights, _named(each_ungranted.name), Identifier(PEOPLE)))
    for name in fetch_values(connection, _SQL["closed_schemas"], _NAMES | {"everybodys": False}):
        connection.execute(SQL("GRANT USAGE ON SCHEMA {} TO {}").format(_named(name), Identifier(PEOPLE)))


def wall_state(connection: Connection) -> WallState:
    """Blocks for five statements; changes nothing."""
    user = fetch_value(connection, _SQL["current_user"])
    if not fetch_value(connection, _SQL["may_become"], {"user": user, "role": PEOPLE}):
        return WallState.NO_ROLE
    missing = fetch_value(connection, _SQL["walls_missing"], _NAMES)
    ungranted = fetch_all(connection, _Ungranted, _SQL["ungranted"], _NAMES | {"everybodys": True})
    closed = fetch_values(connection, _SQL["closed_schemas"], _NAMES | {"everybodys": True})
    return WallState.INCOMPLETE if missing or ungranted or closed else WallState.STANDS


def enter(connection: Connection, scope: Iterable[str]) -> None:
    """See these practices and groups (by their trail's name) alone from now on, or with EVERYTHING all. On a connection
    that works as its login. Blocks for one statement; raises InsufficientPrivilege where the login may not."""
    connection.execute(_SQL["enter"], {"scope": sorted(scope), "role": PEOPLE})


def leave(connection: Connection) -> None:
    """Work as the login again. Blocks for one statement."""
    connection.execute(_SQL["leave"])


_NAMES: Final[dict[str, Any]] = {
    "schemas": list(SCHEMAS),
    "unwalled": list(UNWALLED),
    "hidden": list(_HIDDEN),
    "append_only": list(_APPEND_ONLY),
    "read_only": sorted({*OF_NO_PRACTICE} - {*_HIDDEN}),
    "role": PEOPLE,
}
_RIGHTS: Final = {
    "SELECT": SQL("SELECT"),
    "INSERT": SQL("INSERT"),
    "UPDATE": SQL("UPDATE"),
    "DELETE": SQL("DELETE"),
}


def _wall(connection: Connection, table: _Table) -> None:
    rule = {
        "practice_connections": _USES,
        "connections": _OF_CONNECTION,
        "connection_accounts": _OF_CONNECTION,
        "organisations": _OF_GROUP,
        "organisation_contacts": _OF_GROUP,
        "organisation_settings": _OF_GROUP,
    }.get(table.name, _OF_PRACTICE)
    names = {"table": _named(table.name), "of_practice": Identifier(table.of_practice)}
    with connection.transaction():
        connection.execute(SQL("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY").format(**names))
        connection.execute(SQL(f"{_CREATE}{_FREE} OR {rule})").format(**names))


def _role_made(connection: Connection) -> bool:
    """Whether there is the role; it belongs to the server, so that another database's migration may have made it."""
    if fetch_value(connection, _SQL["role_exists"], {"role": PEOPLE}):
        return True
    if not fetch_value(connection, _SQL["may_create_role"]):
        return False
    try:
        connection.execute(SQL("CREATE ROLE {} NOLOGIN").format(Identifier(PEOPLE)))
    except (errors.DuplicateObject, errors.UniqueViolation):
        return True  # made by another database's migration at this moment
    return True


def _taken_by(connection: Connection, user: str) -> bool:
    """Whether the roles' login is a member, made one where this connection's user may do that."""
    if fetch_value(connection, _SQL["may_become"], {"user": user, "role": PEOPLE}):
        return True
    if not fetch_value(connection, _SQL["may_grant_role"], {"role": PEOPLE}):
        return False
    statement = SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE")
    connection.execute(statement.format(Identifier(PEOPLE), Identifier(user)))
    return True


def _named(name: str) -> Identifier:
    return Identifier(*name.split("."))
