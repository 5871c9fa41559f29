"""The drill of backup and restore: dump the ledger, restore the dump elsewhere, and compare both row by row."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.audit import broken_rows
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from sinks.ledger.rows.row_factory import rows_as
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.operations.queries", "backup_drill.sql")
_CONTENT: Final = sql.SQL(
    "SELECT count(*) AS n, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text AS digest FROM {} t"
)
CONNECT_S: Final = 10
SAID_CHARS: Final = 800
_ENVIRON: Final = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}
"""How a connection is handed to Postgres' own programs: arguments of a process are seen by everybody."""

Connection = psycopg.Connection[TupleRow]


class Relation(msgspec.Struct, frozen=True, order=True):
    """One table."""

    schema_name: str
    table_name: str


class Content(msgspec.Struct, frozen=True):
    """Its rows: how many, and the sum of a hash of each, so that order plays no part."""

    n: int
    digest: str


class DrillReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the drill found. `differing` names tables whose rows are not the same."""

    tables: int
    rows: int
    dump_bytes: int
    dump_s: float
    restore_s: float
    differing: tuple[str, ...]
    broken_audit_entries: int
    """Of the restored trail: entries whose hash does not fit."""

    @property
    def sound(self) -> bool:
        return not self.differing and not self.broken_audit_entries


def drill(database_url: str, copy_url: str, programs: Path | None) -> DrillReport:
    """Dump the ledger at one moment, restore it into the empty database `copy_url`, compare every table.

    Blocks for as long as the whole ledger takes to be read three times; the ledger is only read, and its roles go on.
    Its vacuum waits meanwhile. `programs`: the folder of pg_dump and pg_restore; None: those of PATH. Raises
    ConfigurationError for a copy that is not empty or not another database, and where a program fails.
    """
    with _opened(database_url) as ledger, _opened(copy_url) as copy, tempfile.TemporaryDirectory() as name:
        _require_empty(copy)
        file = Path(name) / "ledger.dump"
        ledger.autocommit = False
        ledger.isolation_level, ledger.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
        snapshot = fetch_value(ledger, _SQL["export_snapshot"])
        began = time.monotonic()
        # The application does not own the audit trail where that is protected; its policy lets it read all of it.
        options = ("--format=custom", "--enable-row-security", f"--snapshot={snapshot}", f"--file={file}")
        _run(programs, "pg_dump", database_url, *options)
        dumped = time.monotonic()
        into = ("--exit-on-error", "--single-transaction", f"--dbname={conninfo_to_dict(copy_url)['dbname']}")
        _run(programs, "pg_restore", copy_url, *into, str(file))
        restored = time.monotonic()
        here, there = contents(ledger), contents(copy)
        with copy.cursor() as cursor:
            broken = len(broken_rows(cursor))
        return DrillReport(
            tables=len(here),
            rows=sum(content.n for content in here.values()),
            dump_bytes=file.stat().st_size,
            dump_s=dumped - began,
            restore_s=restored - dumped,
            differing=differing(here, there),
            broken_audit_entries=broken,
        )


def contents(connection: Connection) -> dict[Relation, Content]:
    """Every table's rows. Blocks while all are read."""
    found = {}
    for each in fetch_all(connection, Relation, _SQL["relations"]):
        statement = _CONTENT.format(sql.Identifier(each.schema_name, each.table_name))
        with connection.cursor(row_factory=rows_as(Content)) as cursor:
            content = cursor.execute(statement).fetchone()
        if content is not None:
            found[each] = content
    return found


def differing(here: Mapping[Relation, Content], there: Mapping[Relation, Content]) -> tuple[str, ...]:
    """The tables that are not the same in both, by name. Pure."""
    return tuple(
        f"{each.schema_name}.{each.table_name}" for each in sorted({*here, *there}) if here.get(each) != there.get(each)
    )


def _opened(url: str) -> Connection:
    """Without the roles' short limits of a statement: whole tables are read."""
    return psycopg.connect(
        url, autocommit=True, connect_timeout=CONNECT_S, application_name="writeback-drill", options="-c timezone=UTC"
    )


def _require_empty(copy: Connection) -> None:
    if there := fetch_all(copy, Relation, _SQL["relations"]):
        raise ConfigurationError(
            f"the database to restore into has tables already, {there[0].schema_name}.{there[0].table_name} among "
            "them: make an empty one for the drill, and drop it afterwards"
        )


def _run(programs: Path | None, name: str, url: str, *options: str) -> None:
    command = [str(programs / name) if programs is not None else name, "--no-owner", "--no-privileges", *options]
    known = {_ENVIRON[key]: str(value) for key, value in conninfo_to_dict(url).items() if key in _ENVIRON}
    try:
        done = subprocess.run(command, env=os.environ | known, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ConfigurationError(f"{name} is not installed here: it comes with Postgres' client programs") from None
    if done.returncode != 0:
        raise ConfigurationError(f"{name} failed: {done.stderr.strip()[-SAID_CHARS:]}")
