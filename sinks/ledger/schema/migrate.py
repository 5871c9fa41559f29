"""Brings a database to this release's schema."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import as_file, files
from typing import Final, LiteralString
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg.sql import SQL
from yoyo import get_backend, read_migrations

from sinks.ledger.rows.fetch import fetch_values
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
        _install(lock, functions_sql(), TABLE_FUNCTIONS)
        _install(lock, guard_sql(), ["refuse_transition()"])
        lock.execute("SELECT ensure_months(current_date, %s)", (MONTHS_AHEAD,))
    return len(pending)


def _install(connection: psycopg.Connection[TupleRow], text: str, marked: Sequence[LiteralString]) -> None:
    """Run SQL that is made from this release's Python, only where that changed.

    `marked` are functions that it creates: their comments hold the digest of the text that made them. A migration that
    dropped one has it made again.
    """
    digest = sha256(text.encode()).hexdigest()
    comments = "SELECT obj_description(to_regprocedure(f), 'pg_proc') FROM unnest(%(marked)s::text[]) f"
    if all(found == digest for found in fetch_values(connection, comments, {"marked": list(marked)})):
        return
    with connection.transaction():
        connection.execute(text.encode())
        for each in marked:
            connection.execute(SQL("COMMENT ON FUNCTION {} IS {}").format(SQL(each), digest))


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
