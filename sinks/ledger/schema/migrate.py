"""Brings a database to this release's schema."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from hashlib import sha256
from importlib.resources import as_file, files
from typing import Final, LiteralString
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg.sql import SQL
from yoyo import get_backend, read_migrations

from sinks.ledger.rows.fetch import fetch_value, fetch_values
from sinks.ledger.schema.functions import TABLE_FUNCTIONS, functions_sql
from sinks.ledger.schema.transitions import guard_sql

MONTHS_AHEAD: Final = 3  # partitions made ahead; the intake makes further ones as months pass

_LOCK_KEY: Final = 7_203_114_455  # any constant: one migration at a time per database


def migrate(database_url: str) -> int:
    """Apply what is missing and return how many migrations that was. Idempotent; safe to call from many processes.

    Blocks while another process migrates. The lock is Postgres' own, so a killed migration leaves none behind.
    Raises psycopg.OperationalError when the database cannot be reached. Called by deploy and tests.
    """
    with psycopg.connect(database_url, autocommit=True, connect_timeout=10) as lock:
        lock.execute("SELECT pg_advisory_lock(%s)", (_LOCK_KEY,))
        with as_file(files("sinks.ledger.schema") / "migrations") as folder:
            backend = get_backend(_yoyo_url(database_url))
            try:
                pending = backend.to_apply(read_migrations(str(folder)))
                backend.apply_migrations(pending)
            finally:
                backend.connection.close()
        for text, marked in _generated():
            _install(lock, text, marked)
        lock.execute("SELECT ensure_months(current_date, %s)", (MONTHS_AHEAD,))
    return len(pending)


class SchemaState(Enum):
    """What of this release's schema a database holds."""

    ABSENT = "absent"
    BEHIND = "behind"
    CURRENT = "current"


def schema_state(connection: psycopg.Connection[TupleRow]) -> SchemaState:
    """Whether `migrate` has something to do; far cheaper than `migrate` itself. Blocks for four short statements."""
    if fetch_value(connection, "SELECT to_regclass('_yoyo_migration') IS NULL"):
        return SchemaState.ABSENT
    with as_file(files("sinks.ledger.schema") / "migrations") as folder:
        known = len(list(folder.glob("*.sql")))
    applied = fetch_value(connection, "SELECT count(*) FROM _yoyo_migration")
    installed = all(_is_installed(connection, text, marked) for text, marked in _generated())
    return SchemaState.CURRENT if applied >= known and installed else SchemaState.BEHIND


def _generated() -> tuple[tuple[str, Sequence[LiteralString]], ...]:
    """SQL that is made from this release's Python, with functions that it creates."""
    return (functions_sql(), TABLE_FUNCTIONS), (guard_sql(), ["refuse_transition()"])


def _install(connection: psycopg.Connection[TupleRow], text: str, marked: Sequence[LiteralString]) -> None:
    """Run generated SQL, only where it changed. A migration that dropped one of `marked` has it made again."""
    if _is_installed(connection, text, marked):
        return
    digest = _digest(text)
    with connection.transaction():
        connection.execute(text.encode())
        for each in marked:
            connection.execute(SQL("COMMENT ON FUNCTION {} IS {}").format(SQL(each), digest))


def _is_installed(connection: psycopg.Connection[TupleRow], text: str, marked: Sequence[LiteralString]) -> bool:
    """The comments of `marked` hold the digest of the text that made them."""
    comments = "SELECT obj_description(to_regprocedure(f), 'pg_proc') FROM unnest(%(marked)s::text[]) f"
    return set(fetch_values(connection, comments, {"marked": list(marked)})) == {_digest(text)}


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _yoyo_url(database_url: str) -> str:
    """The same target as yoyo spells it; every parameter but the address itself travels in the query."""
    parts = {name: str(value) for name, value in conninfo_to_dict(database_url).items() if value is not None}
    user = quote(parts.pop("user", ""), safe="")
    password = quote(parts.pop("password", ""), safe="")
    host, port, database = parts.pop("host", ""), parts.pop("port", "5432"), quote(parts.pop("dbname", ""), safe="")
    if host.startswith("/"):
        parts["host"], host = host, ""
    login = f"{user}:{password}@" if password else f"{user}@" if user else ""
    query = f"?{urlencode(parts)}" if parts else ""
    return f"postgresql+psycopg://{login}{host}:{port}/{database}{query}"
