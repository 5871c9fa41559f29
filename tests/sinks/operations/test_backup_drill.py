"""The drill of backup and restore: the restored ledger is compared row by row, and a difference is found."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from deploy.local.postgres import client_programs
from sinks.operations.queries.backup_drill import contents, differing, drill
from streams.runtime.errors import ConfigurationError
from tests.processes import run
from tests.worlds import Stack, World

pytestmark = pytest.mark.stack

TABLES = """
SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
AND format('%I.%I', schemaname, tablename)::regclass NOT IN (SELECT partrelid FROM pg_partitioned_table)
"""
"""A partitioned table has no rows of its own; its partitions have."""
NAMES = "SELECT name FROM practices"


@pytest.fixture
def copy_url(world: World, stack: Stack) -> Iterator[str]:
    """An empty database beside the ledger's."""
    name = f"{world.database}_drill"
    with psycopg.connect(stack.database_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield stack.database_url.rsplit("/", 1)[0] + f"/{name}"
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def ledger(world: World) -> World:
    """With a practice and its beginning in the audit trail."""
    arguments = ("practice", "add", "larkspur", "--email", "books@larkspur.example", "--zone", "America/New_York")
    done = run(arguments, world.environ())
    assert done.returncode == 0, done.stderr
    return world


def test_the_restored_ledger_is_the_same(ledger: World, copy_url: str) -> None:
    """Every table, read from both; a row that changes afterwards in the copy is found: the control."""
    report = drill(ledger.database_url, copy_url, client_programs())
    assert report.sound
    assert report.rows > 0
    with psycopg.connect(ledger.database_url) as here, psycopg.connect(copy_url) as there:
        assert here.execute(TABLES).fetchone() == (report.tables,)
        assert there.execute(NAMES).fetchall() == here.execute(NAMES).fetchall()
        assert differing(contents(here), contents(there)) == ()
        there.execute("ALTER TABLE practices DISABLE TRIGGER ALL")
        there.execute("UPDATE practices SET name = 'Larkspurr'")
        assert differing(contents(here), contents(there)) == ("public.practices",)


def test_a_database_with_tables_is_refused(ledger: World) -> None:
    """The ledger itself, named by mistake, above all."""
    with pytest.raises(ConfigurationError, match="has tables already"):
        drill(ledger.database_url, ledger.database_url, client_programs())


def test_the_command_says_it(ledger: World, copy_url: str) -> None:
    done = run(("backup-drill",), ledger.environ())
    assert done.returncode == 2
    assert "set WRITEBACK_DRILL_DATABASE_URL to an empty database" in done.stderr
    done = run(("backup-drill",), ledger.environ() | {"WRITEBACK_DRILL_DATABASE_URL": copy_url})
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("The restored ledger is the same.\n")
