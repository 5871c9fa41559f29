"""Brings a database to this release's schema: `writeback migrate`, and whoever has a database of its own."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Final
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg.sql import SQL
from yoyo import get_backend, read_migrations

from sinks.ledger.named_queries import named_queries
from sinks.ledger.schema import version
from sinks.ledger.schema.months import MONTHS_AHEAD
from sinks.ledger.schema.version import Generated, SchemaState
from sinks.ledger.schema.walls import raise_walls

_LOCK_KEY: Final = 7_203_114_455  # any constant: one migration at a time per database
_SQL: Final = named_queries("sinks.ledger.schema", "version.sql")


def migrate(database_url: str) -> int:
    """Apply what is missing and return how many migrations that was. Idempotent; safe to call from many processes.

    A later release's schema stays as it is. Blocks while another process migrates. The lock is Postgres' own, so a
    killed migration leaves none behind. Raises psycopg.OperationalError when the database cannot be reached, and
    ConfigurationError for a schema on which this program would not work. Called by deploy and tests.
    """
    with psycopg.connect(database_url, autocommit=True, connect_timeout=10) as lock:
        lock.execute("SELECT pg_advisory_lock(%s)", (_LOCK_KEY,))
        state = version.schema_state(lock)
        if state is SchemaState.TOO_NEW:
            raise version.too_new()
        applied = _bring_up(lock, database_url) if state in (SchemaState.ABSENT, SchemaState.BEHIND) else 0
        lock.execute(_SQL["make_months"], {"months": MONTHS_AHEAD})
        if state is not SchemaState.AHEAD:
            raise_walls(lock)
    return applied


def _bring_up(lock: psycopg.Connection[TupleRow], database_url: str) -> int:
    with as_file(files("sinks.ledger.schema") / "migrations") as folder:
        backend = get_backend(_yoyo_url(database_url))
        try:
            pending = backend.to_apply(read_migrations(str(folder)))
            backend.apply_migrations(pending)
        finally:
            backend.connection.close()
    for each in version.generated():
        _install(lock, each)
    lock.execute(
        _SQL["record_version"],
        {
            "version": version.program_version(),
            "serves_from": version.SERVES_FROM,
            "digest": version.program_digest(),
        },
    )
    return len(pending)


def _install(connection: psycopg.Connection[TupleRow], wanted: Generated) -> None:
    """Run generated SQL, only where it changed. A migration that dropped one of its functions has it made again."""
    if version.is_installed(connection, wanted):
        return
    with connection.transaction():
        connection.execute(wanted.text.encode())
        for each in wanted.marked:
            connection.execute(SQL("COMMENT ON FUNCTION {} IS {}").format(SQL(each), wanted.digest))


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
