"""Gives the audit trail to an owner of its own: the application's user can add to it and nothing else (H-15)."""

from __future__ import annotations

from typing import Final, LiteralString

import psycopg
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from sinks.ledger.rows.fetch import fetch_value
from sinks.ledger.schema.walls import raise_walls
from streams.runtime.errors import ConfigurationError

OWNER: Final = "writeback_audit"
"""Nobody logs in as it."""

_STATEMENTS: Final[tuple[LiteralString, ...]] = (
    "ALTER SCHEMA audit_trail OWNER TO {owner}",
    "ALTER TABLE audit_trail.actions OWNER TO {owner}",
    "ALTER FUNCTION audit_trail.digest OWNER TO {owner}",
    "ALTER FUNCTION audit_trail.chain OWNER TO {owner}",
    "ALTER FUNCTION audit_trail.refuse OWNER TO {owner}",
    "REVOKE ALL ON SCHEMA audit_trail FROM PUBLIC, {application}",
    "GRANT USAGE ON SCHEMA audit_trail TO {application}",
    "REVOKE ALL ON audit_trail.actions FROM PUBLIC, {application}",
    "GRANT SELECT, INSERT ON audit_trail.actions TO {application}",
)


def protect(admin: psycopg.Connection[TupleRow], application: str) -> None:
    """Idempotent; raises the wall between practices too, for which a role has to be made. `admin` may act for both
    roles: a superuser, or who was granted both.

    Raises ConfigurationError where the application's user is itself an administrator, and psycopg.Error.
    """
    if fetch_value(admin, "SELECT rolsuper FROM pg_roles WHERE rolname = %(name)s", {"name": application}):
        raise ConfigurationError(
            f"the application's user {application} is a superuser, who can change everything: give the application a "
            "user of its own (see deploy/README.md), then protect the trail"
        )
    names = {"owner": Identifier(OWNER), "application": Identifier(application)}
    with admin.transaction():
        if fetch_value(admin, "SELECT true FROM pg_roles WHERE rolname = %(name)s", {"name": OWNER}) is None:
            admin.execute(SQL("CREATE ROLE {owner} NOLOGIN").format(**names))
        for statement in _STATEMENTS:
            admin.execute(SQL(statement).format(**names))
    raise_walls(admin, application)
