"""Only `writeback migrate` changes a schema: whoever else finds another one says what to do, and touches nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from deploy.commands.up import _require_schemas, _schema
from sinks.ledger.intake import role as intake
from sinks.ledger.schema.database import connect
from sinks.ledger.schema.migrate import migrate
from sinks.ledger.schema.version import SchemaState, program_digest, program_version, schema_state
from sinks.notices import role as notifier
from sinks.poster import role as poster
from sinks.relay import role as relay
from sinks.sync import role as sync
from streams.runtime.endpoints import Health
from streams.runtime.errors import ConfigurationError
from streams.runtime.lifecycle import Stop
from tests.deploy.commands.console import writeback, writeback_here
from tests.worlds import World

pytestmark = pytest.mark.stack

INSTALLED = "INSERT INTO schema_versions (n, version, serves_from, digest) VALUES (%s, %s, %s, %s)"
GUARD = "SELECT obj_description(to_regprocedure('refuse_transition()'), 'pg_proc')"
SIGNED = "COMMENT ON FUNCTION refuse_transition() IS 'another program''s'"


@pytest.fixture
def connection(world: World) -> Any:
    with connect(world.database_url, "test") as opened:
        yield opened


def _behind(connection: psycopg.Connection[Any]) -> None:
    """As the release before left it: the last migration is missing, and the guard is its own."""
    connection.execute("DELETE FROM _yoyo_migration WHERE migration_id = '0037_notice_references'")
    connection.execute("ALTER TABLE notices DROP COLUMN reference")
    connection.execute("DELETE FROM schema_versions")
    connection.execute(SIGNED)


def _later(connection: psycopg.Connection[Any], serves_from: int) -> None:
    """As the release after this one left it."""
    connection.execute(INSTALLED, (2, program_version() + 2, serves_from, "later"))
    connection.execute(SIGNED)


def _guard(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute(GUARD).fetchone()
    return str(row and row[0])


@pytest.mark.parametrize("command", [("lag",), ("transactions", "list"), ("practice", "list"), ("explain", "pay-1")])
def test_a_command_that_reads_changes_no_schema(
    world: World, connection: psycopg.Connection[Any], command: tuple[str, ...]
) -> None:
    """It says what to do instead, and the guard of transitions stays the other release's."""
    _behind(connection)
    said = writeback_here(world, *command)
    assert said.code == 2
    assert "run `writeback migrate` of this release" in said.errors
    assert _guard(connection) == "another program's"
    assert schema_state(connection) is SchemaState.BEHIND


@pytest.mark.parametrize("run", [intake.run, poster.run, relay.run, notifier.run, sync.run])
def test_a_role_changes_no_schema(
    world: World, connection: psycopg.Connection[Any], run: Callable[[Any, Stop, Health], int]
) -> None:
    _behind(connection)
    with pytest.raises(ConfigurationError, match="run `writeback migrate`"):
        run(world.settings(), Stop(), Health())
    assert _guard(connection) == "another program's"


def test_migrate_brings_it_to_this_release(world: World, connection: psycopg.Connection[Any]) -> None:
    _behind(connection)
    checked = writeback(world, "migrate", "--check")
    assert checked.code == 1
    assert _guard(connection) == "another program's"
    assert "1 migration applied" in writeback(world, "migrate")
    assert schema_state(connection) is SchemaState.CURRENT
    assert _guard(connection) != "another program's"
    assert writeback(world, "migrate", "--check").code == 0
    assert writeback_here(world, "lag").code == 0


def test_a_new_database_is_made_by_migrate_alone(world: World) -> None:
    """A bare database has no ledger, and no command makes one by the way."""
    bare = world.database_url.rpartition("/")[0] + "/bare"
    with connect(world.database_url, "test") as admin:
        admin.execute("DROP DATABASE IF EXISTS bare WITH (FORCE)")
        admin.execute("CREATE DATABASE bare TEMPLATE template0")
    try:
        said = writeback_here(world, "practice", "add", "north", "--zone", "UTC", database_url=bare)
        assert said.code == 2
        assert "holds no ledger yet: make it with `writeback migrate`" in said.errors
        assert writeback(world, "migrate", database_url=bare).code == 0
        assert writeback_here(world, "practice", "add", "north", "--zone", "UTC", database_url=bare).code == 0
    finally:
        with connect(world.database_url, "test") as admin:
            admin.execute("DROP DATABASE bare WITH (FORCE)")


def test_a_release_goes_on_with_the_schema_of_the_next(world: World, connection: psycopg.Connection[Any]) -> None:
    """Databases are migrated before roles are replaced; the older program migrates nothing back."""
    _later(connection, serves_from=program_version())
    assert schema_state(connection) is SchemaState.AHEAD
    assert writeback_here(world, "lag").code == 0
    assert "later release, which serves this one" in writeback(world, "migrate")
    assert migrate(world.database_url) == 0
    assert _guard(connection) == "another program's"


def test_a_release_refuses_a_schema_that_does_not_serve_it(world: World, connection: psycopg.Connection[Any]) -> None:
    _later(connection, serves_from=program_version() + 1)
    assert schema_state(connection) is SchemaState.TOO_NEW
    for command in ("lag", "migrate"):
        said = writeback_here(world, command)
        assert said.code == 2
        assert "install that release" in said.errors
    with pytest.raises(ConfigurationError, match="never taken back"):
        relay.run(world.settings(), Stop(), Health())
    assert _guard(connection) == "another program's"


def test_functions_that_were_replaced_by_later_ones_are_not_taken_back(
    world: World, connection: psycopg.Connection[Any]
) -> None:
    """Two releases with the same tables: the one whose functions were here before is the earlier."""
    ours = [row[0] for row in connection.execute("SELECT digest FROM schema_versions ORDER BY n").fetchall()]
    assert ours == [program_digest()]
    connection.execute(INSTALLED, (2, program_version(), program_version(), "later functions"))
    connection.execute(SIGNED)
    assert schema_state(connection) is SchemaState.AHEAD
    assert migrate(world.database_url) == 0
    assert _guard(connection) == "another program's"


def test_functions_that_were_never_here_are_newer(world: World, connection: psycopg.Connection[Any]) -> None:
    connection.execute("UPDATE schema_versions SET digest = 'earlier functions'")
    connection.execute(SIGNED)
    assert schema_state(connection) is SchemaState.BEHIND
    migrate(world.database_url)
    assert schema_state(connection) is SchemaState.CURRENT
    assert _guard(connection) != "another program's"


def test_up_migrates_its_own_database_and_looks_at_others(world: World, connection: psycopg.Connection[Any]) -> None:
    _behind(connection)
    with pytest.raises(ConfigurationError, match="run `writeback migrate`"):
        _require_schemas(world.settings(), console=False)
    assert _schema(world.settings(), own=True, console=False) == "1 migrations applied"
    _require_schemas(world.settings(), console=False)
    assert _schema(world.settings(), own=False, console=False) == "up to date"
