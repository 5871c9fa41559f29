"""The audit trail can be verified, and the application's user can add to it and nothing else (H-15)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import LiteralString

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.rows import TupleRow

from schemas.topics import TopicName
from sinks.ledger.practices import audit
from sinks.ledger.practices.audit_owner import protect
from sinks.operations.ledger import Ledger
from sinks.operations.queries.audit_trail import Fault, TrailFault, verify
from streams.kafka.topics import ensure_topics
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import NOON
from tests.scenarios.waiting import until
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.relay.relays import relay_thread
from tests.worlds import World

pytestmark = pytest.mark.stack

OFFICE, GROUP = "larkspur", "organisation smiles"
FORGET: LiteralString = "ALTER TABLE audit_trail.actions DISABLE TRIGGER USER"
"""What only who owns the table can do."""


def _act(connection: psycopg.Connection[TupleRow], trail: str, *actions: str) -> None:
    for action in actions:
        with connection.transaction(), connection.cursor() as cursor:
            audit.append(cursor, trail, at=NOON, actor="Ada", action=action, before={"n": 1}, why="a test")


@pytest.fixture
def published(world: World, database: LedgerDatabase) -> LedgerDatabase:
    """Two trails whose heads are in Kafka."""
    ensure_topics(world.settings())
    _act(database.connection, OFFICE, "one", "two", "three")
    _act(database.connection, GROUP, "one")
    with relay_thread(world):
        until(lambda: database.one("SELECT count(*) FROM outbox") == 0, "heads are published")
    return database


def _faults(world: World, database: LedgerDatabase) -> tuple[TrailFault, ...]:
    ledger = Ledger(connection=database.connection, clock=database.clock, jitter_s=0)
    return verify(ledger, world.settings()).faults


def test_an_untouched_trail_is_sound(world: World, published: LedgerDatabase) -> None:
    """An entry whose head is still on its way is no fault."""
    _act(published.connection, OFFICE, "four")
    report = verify(Ledger(connection=published.connection, clock=published.clock, jitter_s=0), world.settings())
    assert (report.sound, report.trails, report.heads) == (True, 2, 2)
    assert report.rewritable, "the tests' user is a superuser"


def test_each_change_behind_its_back_is_found(world: World, published: LedgerDatabase) -> None:
    connection = published.connection
    connection.execute(FORGET)
    connection.execute("UPDATE audit_trail.actions SET actor = 'Eve' WHERE practice_id = %s AND n = 2", (OFFICE,))
    assert _faults(world, published) == (TrailFault(OFFICE, 2, Fault.CHAIN),)
    connection.execute("DELETE FROM audit_trail.actions WHERE practice_id = %s AND n = 2", (OFFICE,))
    assert _faults(world, published) == (TrailFault(OFFICE, 3, Fault.CHAIN),)


def test_a_tail_that_was_cut_is_found_though_the_chain_holds(world: World, published: LedgerDatabase) -> None:
    published.connection.execute(FORGET)
    published.connection.execute("DELETE FROM audit_trail.actions WHERE practice_id = %s AND n > 1", (OFFICE,))
    published.connection.execute("DELETE FROM audit_trail.actions WHERE practice_id = %s", (GROUP,))
    assert set(_faults(world, published)) == {TrailFault(OFFICE, 2, Fault.CUT), TrailFault(GROUP, 1, Fault.CUT)}


def test_a_trail_written_anew_with_all_its_hashes_is_found(world: World, published: LedgerDatabase) -> None:
    """The chain alone would prove nothing: its head outside the database does."""
    connection = published.connection
    connection.execute(FORGET)
    connection.execute("DELETE FROM audit_trail.actions WHERE practice_id = %s", (OFFICE,))
    connection.execute("ALTER TABLE audit_trail.actions ENABLE TRIGGER USER")
    _act(connection, OFFICE, "nothing", "to", "see", "here")
    assert audit.broken(connection.cursor(), OFFICE) == []
    assert _faults(world, published) == (TrailFault(OFFICE, 3, Fault.REWRITTEN),)


def test_a_head_says_nothing_of_what_was_done(published: LedgerDatabase) -> None:
    with published.connection.transaction(force_rollback=True):
        _act(published.connection, OFFICE, "four")
        ((topic, key, value),) = published.rows("SELECT topic, key, convert_from(value, 'UTF8') FROM outbox")
    assert (topic, key) == (TopicName.AUDIT_HEADS.value, OFFICE.encode())
    assert "four" not in value
    assert "Ada" not in value


@pytest.fixture
def application(world: World, database: LedgerDatabase) -> Iterator[psycopg.Connection[TupleRow]]:
    """A user of the application in a database whose trail was given to its owner."""
    name = f"app_{secrets.token_hex(4)}"
    admin, user = database.connection, sql.Identifier(name)
    admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(user))
    admin.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(user))
    admin.execute(sql.SQL("GRANT ALL ON ALL TABLES IN SCHEMA public TO {}").format(user))
    admin.execute(sql.SQL("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {}").format(user))
    protect(admin, name)
    protect(admin, name)
    with psycopg.connect(world.database_url, user=name, password="x", autocommit=True) as mine:
        yield mine
    admin.execute(sql.SQL("DROP OWNED BY {}").format(user))
    admin.execute(sql.SQL("DROP ROLE {}").format(user))


CHANGES: tuple[LiteralString, ...] = (
    "UPDATE audit_trail.actions SET actor = 'Eve'",
    "UPDATE audit SET actor = 'Eve'",
    "DELETE FROM audit_trail.actions",
    "TRUNCATE audit_trail.actions",
    FORGET,
    "ALTER TABLE audit_trail.actions ADD COLUMN x int",
    "DROP TRIGGER chain ON audit_trail.actions",
    "CREATE OR REPLACE FUNCTION audit_trail.chain() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$",
    "CREATE FUNCTION audit_trail.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "DROP TABLE audit_trail.actions CASCADE",
    "DROP SCHEMA audit_trail CASCADE",
    "SET ROLE writeback_audit",
)


@pytest.mark.parametrize("change", CHANGES)
def test_the_applications_user_can_add_and_nothing_else(
    application: psycopg.Connection[TupleRow], change: LiteralString
) -> None:
    _act(application, OFFICE, "one")
    with pytest.raises(errors.InsufficientPrivilege):
        application.execute(change)
    assert application.execute("SELECT count(*) FROM audit").fetchone() == (1,)


def test_who_adds_chooses_neither_number_nor_hash(application: psycopg.Connection[TupleRow]) -> None:
    _act(application, OFFICE, "one")
    application.execute(
        "INSERT INTO audit_trail.actions (practice_id, n, at, actor, action, previous, digest)"
        " VALUES (%s, 900, now(), 'Eve', 'forged', 'x', 'x')",
        (OFFICE,),
    )
    assert application.execute("SELECT max(n) FROM audit").fetchone() == (2,)
    assert audit.broken(application.cursor(), OFFICE) == []


def test_a_superuser_is_no_application(world: World, database: LedgerDatabase) -> None:
    with pytest.raises(ConfigurationError, match="superuser"):
        protect(database.connection, "postgres")


def test_entries_from_before_the_trail_had_its_schema_keep_their_hashes(database: LedgerDatabase) -> None:
    """The release before still appends by its function."""
    query = "SELECT audit_append(%s, now(), 'Ada', 'old', NULL, NULL, NULL, 'a test')"
    assert [database.one(query, OFFICE) for _ in range(2)] == [1, 2]
    assert audit.broken(database.connection.cursor(), OFFICE) == []
