"""A connection that serves a person finds no row of another practice, even where a statement forgets to ask for one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from sinks.ledger.practices.audit_owner import protect
from sinks.ledger.rows.fetch import fetch_values
from sinks.ledger.schema.database import connect
from sinks.ledger.schema.walls import (
    EVERYTHING,
    OF_NO_PRACTICE,
    PEOPLE,
    UNWALLED,
    WallState,
    enter,
    leave,
    raise_walls,
    wall_state,
)
from sinks.operations.acting import Actor
from sinks.operations.ledger import Ledger
from sinks.operations.ledger_pool import LedgerPool
from sinks.operations.roles import Grant, Role
from sinks.operations.scope import scope_of
from tests.sinks.console.offices import fill
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.worlds import World

pytestmark = pytest.mark.stack

TABLES = """
    SELECT c.oid::regclass::text FROM pg_class c
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
      AND c.relnamespace::regnamespace::text !~ '^(pg_|console)'
"""
WALLED = "SELECT polrelid::regclass::text FROM pg_policy WHERE polname = 'practice_wall'"


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    """Two practices with money each."""
    opened = LedgerDatabase(world.database_url)
    fill(opened)
    yield opened
    opened.close()


@contextmanager
def behind(connection: psycopg.Connection[Any], *scope: str) -> Iterator[psycopg.Connection[Any]]:
    enter(connection, scope)
    try:
        yield connection
    finally:
        leave(connection)


def practices_in(connection: psycopg.Connection[Any], table: str, column: str = "practice_id") -> set[str]:
    """Of every row that a statement without a predicate finds."""
    statement = sql.SQL("SELECT DISTINCT {} FROM {}").format(sql.Identifier(column), sql.Identifier(*table.split(".")))
    return {row[0] for row in connection.execute(statement).fetchall()}


def undecided(connection: psycopg.Connection[Any]) -> set[str]:
    """Tables that have neither a policy nor a written exemption."""
    return {*fetch_values(connection, TABLES)} - {*fetch_values(connection, WALLED)} - {*UNWALLED, *OF_NO_PRACTICE}


def test_every_table_has_a_wall_or_a_written_reason(database: LedgerDatabase) -> None:
    assert undecided(database.connection) == set()
    assert not {*fetch_values(database.connection, WALLED)} & {*UNWALLED, *OF_NO_PRACTICE}
    assert {*UNWALLED, *OF_NO_PRACTICE} <= {*fetch_values(database.connection, TABLES)}
    assert all(reason.strip() for reason in (UNWALLED | OF_NO_PRACTICE).values())


def test_control_a_new_table_is_noticed_until_it_is_decided(database: LedgerDatabase) -> None:
    database.connection.execute("CREATE TABLE fresh (practice_id text); CREATE TABLE other (n int)")
    assert undecided(database.connection) == {"fresh", "other"}
    assert wall_state(database.connection) is WallState.INCOMPLETE
    raise_walls(database.connection)
    assert undecided(database.connection) == {"other"}, "what names a practice gets its wall by itself"


def test_a_query_without_a_predicate_finds_one_practice(database: LedgerDatabase) -> None:
    both = {table for table in fetch_values(database.connection, WALLED) if "connection" not in table}
    both = {table for table in both if not table.startswith("organisation")}
    seen = {table: practices_in(database.connection, table) for table in both}
    told = {table for table, found in seen.items() if {"p1", "p2"} <= found}
    assert {"practices", "settings", "entries", "work", "events", "bodies", "patient_links", "outbox"} <= told
    assert "audit_trail.actions" in told
    with behind(database.connection, "p1") as connection:
        assert {table: practices_in(connection, table) for table in told} == {table: {"p1"} for table in told}
        for view in ("effects", "open_effects", "audit"):
            assert practices_in(connection, view) == {"p1"}, "a view reads with the rights of who asks"
        assert practices_in(connection, "connections", "home_practice_id") == {"p1"}
    with behind(database.connection) as connection:
        assert all(practices_in(connection, table) == set() for table in both)
    with behind(database.connection, EVERYTHING) as connection:
        assert all(practices_in(connection, table) == found for table, found in seen.items())


def test_control_without_the_policy_another_practice_is_found(database: LedgerDatabase) -> None:
    database.connection.execute("ALTER TABLE entries DISABLE ROW LEVEL SECURITY")
    with behind(database.connection, "p1") as connection:
        assert practices_in(connection, "entries") == {"p1", "p2"}
        assert practices_in(connection, "events") == {"p1"}


def test_a_statement_without_a_predicate_writes_one_practice(database: LedgerDatabase) -> None:
    with behind(database.connection, "p1") as connection:
        connection.execute("UPDATE practices SET phone = '555-0100'")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("INSERT INTO practices (practice_id, name) VALUES ('p3', 'x')")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("UPDATE patient_links SET practice_id = 'p2'")
        for change in (
            "TRUNCATE practices",
            "DROP TABLE practices",
            "ALTER TABLE practices DISABLE ROW LEVEL SECURITY",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(change.encode())
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("SELECT FROM bodies_other")
    phones = {row[0]: row[1] for row in database.rows("SELECT practice_id, phone FROM practices")}
    assert phones == {"p1": "555-0100", "p2": None}


def test_who_posts_through_one_account_sees_it(database: LedgerDatabase) -> None:
    """What is changed of an account is changed for all who post through it; nobody else's is seen."""
    database.add("p3", connected=False)
    database.connection.execute("INSERT INTO practice_connections VALUES ('p3', 'PMS', 'p1', 'p1-PMS')")
    for scope in ("p1", "p3"):
        with behind(database.connection, scope) as connection:
            assert practices_in(connection, "practices") == {"p1", "p3"}
            assert practices_in(connection, "connections", "home_practice_id") == {"p1"}


def test_a_group_is_seen_by_its_members_and_who_administers_it(database: LedgerDatabase) -> None:
    database.connection.execute(
        "INSERT INTO organisations (organisation_id, name, added_at, added_by)"
        " VALUES ('smile', 'S', now(), 'x'), ('other', 'O', now(), 'x')"
    )
    database.connection.execute("UPDATE practices SET organisation_id = 'smile' WHERE practice_id = 'p1'")
    for scope, seen in ((["p1"], {"smile"}), (["p2"], set()), (["organisation other"], {"other"})):
        with behind(database.connection, *scope) as connection:
            assert practices_in(connection, "organisations", "organisation_id") == seen


def test_the_scope_is_what_a_person_was_granted() -> None:
    def ada(*grants: Grant) -> Actor:
        return Actor("ada", grants)

    poster = Grant(role=Role.POSTER, practices=frozenset({"p1", "p2"}))
    group = Grant(role=Role.GROUP_ADMIN, practices=frozenset({"p3"}), organisation_id="smile")
    assert scope_of(ada(poster)) == {"p1", "p2"}
    assert scope_of(ada(poster), "p1") == {"p1"}
    assert scope_of(ada(poster), "p9") == set()
    assert scope_of(ada(poster, group)) == {"p1", "p2", "p3", "organisation smile"}
    assert scope_of(ada(Grant(role=Role.OPS))) == {EVERYTHING}
    assert scope_of(ada(Grant(role=Role.OPS)), "p1") == {"p1"}
    assert scope_of(ada()) == set()


def test_a_connection_that_is_given_back_is_the_programs_own_again(world: World, database: LedgerDatabase) -> None:
    pool = LedgerPool(world.settings(), "test", 1)
    pool.require_schema()
    pool.open()
    try:
        with pool.ledger() as ledger:
            pool.narrow(ledger, frozenset({"p1"}))
            assert practices_in(ledger.connection, "practices") == {"p1"}
        with pytest.raises(errors.DivisionByZero), pool.ledger() as ledger:
            _fail_behind_the_wall(pool, ledger)
        with pool.ledger() as ledger:
            assert practices_in(ledger.connection, "practices") == {"p1", "p2"}
    finally:
        pool.close()


def _fail_behind_the_wall(pool: LedgerPool, ledger: Ledger) -> None:
    pool.narrow(ledger, frozenset({"p2"}))
    with ledger.connection.transaction():
        ledger.connection.execute("SELECT 1 / 0")


HOT = "SELECT * FROM work WHERE practice_id = 'p1' AND connection_id = 'p1-PMS' AND due_at <= now()"


def plan(connection: psycopg.Connection[Any]) -> str:
    return "\n".join(row[0] for row in connection.execute(f"EXPLAIN (VERBOSE) {HOT}".encode()).fetchall())


def test_the_pipelines_plans_hold_nothing_of_it(database: LedgerDatabase) -> None:
    """Roles own the tables: as if there were no policy. The control: who serves a person is asked."""
    with_policies = plan(database.connection)
    assert "writeback" not in with_policies
    with behind(database.connection, "p1") as connection:
        assert "writeback.scope" in plan(connection)
    database.connection.execute("ALTER TABLE work DISABLE ROW LEVEL SECURITY")
    assert plan(database.connection) == with_policies


def test_one_login_is_enough_and_without_the_role_the_wall_is_missed(world: World, database: LedgerDatabase) -> None:
    """As production has it: a user who may make no role. An administrator makes it a member once."""
    name = f"app_{secrets.token_hex(4)}"
    user, admin = sql.Identifier(name), database.connection
    admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(user))
    try:
        admin.execute(sql.SQL("GRANT ALL ON ALL TABLES IN SCHEMA public TO {}").format(user))
        with psycopg.connect(world.database_url, user=name, password="x", autocommit=True) as mine:
            assert wall_state(mine) is WallState.NO_ROLE
            with pytest.raises(errors.InsufficientPrivilege):
                enter(mine, ["p1"])
            protect(admin, name)
            assert wall_state(mine) is WallState.STANDS
            assert practices_in(mine, "practices") == {"p1", "p2"}, "its own login is not bound"
            assert practices_in(mine, "audit") >= {"p1", "p2"}, "nor by the trail, which it does not own"
            with behind(mine, "p1"):
                assert practices_in(mine, "practices") == {"p1"}
                assert practices_in(mine, "audit") == {"p1"}
    finally:
        admin.execute(sql.SQL("DROP OWNED BY {}").format(user))
        admin.execute(sql.SQL("DROP ROLE {}").format(user))


def test_what_the_role_may_not_use_is_missed(world: World, database: LedgerDatabase) -> None:
    assert wall_state(database.connection) is WallState.STANDS
    database.connection.execute(sql.SQL("REVOKE UPDATE ON work FROM {}").format(sql.Identifier(PEOPLE)))
    assert wall_state(database.connection) is WallState.INCOMPLETE
    with connect(world.database_url, "test") as connection:
        raise_walls(connection)
        assert wall_state(connection) is WallState.STANDS
