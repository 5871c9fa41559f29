"""Whether a database has the schema that this program works on.

A schema serves the release that made it and the one before, so that a database is migrated first and its roles are
replaced one by one. A later release's schema is never taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import cache
from hashlib import sha256
from importlib.resources import as_file, files
from typing import Final, LiteralString, NamedTuple

import msgspec
import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_one, fetch_value, fetch_values
from sinks.ledger.schema.functions import TABLE_FUNCTIONS, functions_sql
from sinks.ledger.schema.transitions import guard_sql
from streams.runtime.errors import ConfigurationError

SERVES_FROM: Final = 20
"""The version of the release before this one, while its roles still work on this release's schema; this release's own
where a migration takes away or changes what they use."""

_SQL: Final = named_queries("sinks.ledger.schema", "version.sql")

Connection = psycopg.Connection[TupleRow]


class SchemaState(Enum):
    """What a database holds of this program's schema."""

    ABSENT = "absent"
    BEHIND = "behind"
    CURRENT = "current"
    AHEAD = "ahead"
    """Of a later release, which still serves this one."""
    TOO_NEW = "too_new"
    """Of a later release, on which this program would not work."""


class _Newest(msgspec.Struct, frozen=True):
    version: int
    serves_from: int
    digest: str
    known: bool


class Generated(NamedTuple):
    """SQL that is made from this program, and functions that it creates, which bear its digest as their comment."""

    text: str
    marked: Sequence[LiteralString]

    @property
    def digest(self) -> str:
        return sha256(self.text.encode()).hexdigest()


def schema_state(connection: Connection) -> SchemaState:
    """Whether this program works on the database, and whether `migrate` has something to do. Blocks for a few short
    statements; changes nothing."""
    if fetch_value(connection, _SQL["has_migrations"]) is None:
        return SchemaState.ABSENT
    if fetch_value(connection, _SQL["has_versions"]) is None:
        return SchemaState.BEHIND
    newest = fetch_one(connection, _Newest, _SQL["newest_version"], {"digest": program_digest()})
    if newest is None:
        return SchemaState.BEHIND
    if newest.version > program_version():
        return SchemaState.AHEAD if newest.serves_from <= program_version() else SchemaState.TOO_NEW
    if fetch_value(connection, _SQL["missing_migrations"], {"known": list(_migrations())}):
        return SchemaState.BEHIND
    if newest.digest == program_digest():
        current = all(is_installed(connection, each) for each in generated())
        return SchemaState.CURRENT if current else SchemaState.BEHIND
    # The same tables, other functions: earlier ones where this program's were here before.
    return SchemaState.AHEAD if newest.known else SchemaState.BEHIND


def require_schema(connection: Connection) -> None:
    """Raises ConfigurationError, which says what to do, where this program does not work on the database. Every role
    and every command calls it before anything else; nothing but `writeback migrate` changes the schema."""
    state = schema_state(connection)
    if state is SchemaState.ABSENT:
        raise ConfigurationError(
            "this database holds no ledger yet: make it with `writeback migrate`, or run everything on this machine "
            "with `writeback up`"
        )
    if state is SchemaState.BEHIND:
        raise ConfigurationError(
            "the ledger's schema is not this program's yet: run `writeback migrate` of this release, then start again; "
            "roles of the release before go on meanwhile"
        )
    if state is SchemaState.TOO_NEW:
        raise too_new()


def too_new() -> ConfigurationError:
    """What is said where the schema is of a release that does not serve this program any more."""
    return ConfigurationError(
        f"the ledger's schema is of a later release, which does not serve this program (schema {program_version()}): "
        "install that release; a schema is never taken back"
    )


def program_version() -> int:
    """The number of this program's newest migration."""
    return max(int(name.partition("_")[0]) for name in _migrations())


@cache
def program_digest() -> str:
    """Of all SQL that is made from this program."""
    return sha256("".join(each.digest for each in generated()).encode()).hexdigest()


def generated() -> tuple[Generated, ...]:
    """In the order in which it is installed."""
    return Generated(functions_sql(), TABLE_FUNCTIONS), Generated(guard_sql(), ["refuse_transition()"])


def is_installed(connection: Connection, wanted: Generated) -> bool:
    """The comments of its functions hold the digest of the text that made them."""
    found = fetch_values(connection, _SQL["marks"], {"functions": list(wanted.marked)})
    return set(found) == {wanted.digest}


@cache
def _migrations() -> tuple[str, ...]:
    with as_file(files("sinks.ledger.schema") / "migrations") as folder:
        return tuple(sorted(file.stem for file in folder.glob("*.sql")))
