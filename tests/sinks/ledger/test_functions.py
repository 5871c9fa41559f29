"""The SQL functions of the ledger: they say what the vocabulary says, and cost what their text costs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest

from schemas.plan import PartKey
from schemas.vocabulary import DEAD, EFFECT_STATES, FINAL, IN_DOUBT, OPEN, PENDING, EntryKind, State
from sinks.ledger.schema.database import connect
from sinks.ledger.schema.functions import OTHER_GROUPS, STATE_GROUPS, TABLE_FUNCTIONS
from sinks.ledger.schema.migrate import migrate
from sinks.ledger.schema.version import SchemaState, schema_state
from tests.processors.rules.event_examples import NOON, PRACTICE
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.worlds import Stack, fresh_world

GROUPS: dict[str, frozenset[StrEnum]] = {**STATE_GROUPS, **OTHER_GROUPS}

IN_PARTIAL_INDEX = {
    "is_in_doubt": "work_in_doubt",
    "is_ready": "work_ready",
    "is_dead": "work_attention",
    "is_looked_up": "work_by_patient",
    "waits_for_people": "work_attention",
}


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[LedgerDatabase]:
    """One for all: nearly every test only reads."""
    with fresh_world(stack) as world:
        opened = LedgerDatabase(world.database_url)
        yield opened
        opened.close()


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_is_the_same_in_sql_as_in_python(database: LedgerDatabase, name: str) -> None:
    every = type(next(iter(GROUPS[name])))
    found = database.rows(f"SELECT v, {name}(v) FROM unnest(%s::text[]) v", [str(each) for each in every])
    assert {value for value, member in found if member} == {str(each) for each in GROUPS[name]}


@pytest.mark.parametrize("name", [*GROUPS, "business_now", "master_is_on", "reversed_kind", "stands_by_itself"])
def test_a_scalar_function_is_put_in_place_of_its_call(database: LedgerDatabase, name: str) -> None:
    """A plan that still names it would call it for every row, and match no partial index."""
    given = {"business_now": "e.due_at", "master_is_on": "e.placement", "stands_by_itself": "e.state, e.reason"}
    ((plan,),) = database.rows(
        f"EXPLAIN (VERBOSE, FORMAT JSON) SELECT {name}({given.get(name, 'e.state')}) FROM work e"
    )
    assert name not in str(plan)
    assert "work" in str(plan)


@pytest.mark.parametrize(("name", "index"), IN_PARTIAL_INDEX.items())
def test_a_group_implies_its_partial_index(database: LedgerDatabase, name: str, index: str) -> None:
    """A table with no other index: only one whose predicate the function implies can be used."""
    predicate = database.one(
        "SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indexrelid = %s::regclass", index
    )
    with database.connection.transaction(force_rollback=True):
        database.connection.execute("CREATE TEMP TABLE probe (n integer, state text)")
        database.connection.execute(f"CREATE INDEX probed ON probe (n) WHERE {predicate}".encode())
        database.connection.execute("SET LOCAL enable_seqscan = off")
        ((plan,),) = database.rows(f"EXPLAIN (FORMAT JSON) SELECT n FROM probe WHERE {name}(state)")
    assert "probed" in {node.get("Index Name") for node in _nodes(plan[0]["Plan"])}


@pytest.mark.parametrize("call", ["settings_in_force(e.practice_id, now())", "lane_before('p', 'c', e.lane, 7, now())"])
def test_a_function_that_reads_a_table_is_put_in_place_too(database: LedgerDatabase, call: str) -> None:
    ((plan,),) = database.rows(f"EXPLAIN (FORMAT JSON) SELECT FROM work e, LATERAL {call} f")
    assert "Function Scan" not in {node["Node Type"] for node in _nodes(plan[0]["Plan"])}


def test_business_time_is_the_given_one_or_the_transactions(database: LedgerDatabase) -> None:
    assert database.rows("SELECT business_now(%s), business_now(NULL) = now()", NOON) == [(NOON, True)]


def test_the_version_in_force_is_the_newest_that_has_begun(database: LedgerDatabase) -> None:
    database.add()
    begins = [NOON + timedelta(days=day) for day in (1, 2)]
    for begin in begins:
        database.save(effective_from=begin)

    def in_force(at: datetime) -> list[tuple[Any, ...]]:
        return database.rows("SELECT version FROM settings_in_force(%s, %s)", PRACTICE, at)

    assert in_force(NOON - timedelta(days=40)) == []
    assert [in_force(NOON), in_force(begins[0]), in_force(begins[1])] == [[(1,)], [(2,)], [(3,)]]


def test_a_reversal_names_in_sql_what_it_names_in_python(database: LedgerDatabase) -> None:
    for kind in EntryKind:
        part = PartKey.reversal(kind, "2", 1)
        assert database.rows("SELECT reversed_kind(%s)", str(part)) == [(part.reverses,)] == [(kind,)]


def test_a_function_that_a_migration_dropped_is_made_again(database: LedgerDatabase) -> None:
    for each in TABLE_FUNCTIONS:
        database.connection.execute(f"DROP FUNCTION {each}".encode())
        assert schema_state(database.connection) is SchemaState.BEHIND
        migrate(database.database_url)
        assert schema_state(database.connection) is SchemaState.CURRENT
        assert database.rows("SELECT to_regprocedure(%s) IS NOT NULL", each) == [(True,)]


def test_a_database_without_a_ledger_is_seen(database: LedgerDatabase) -> None:
    """And one of an earlier release, whose last migration is missing."""
    bare = database.database_url.rpartition("/")[0] + "/postgres"
    with connect(bare, "test") as connection:
        assert schema_state(connection) is SchemaState.ABSENT
    with database.connection.transaction(force_rollback=True):
        database.connection.execute("DELETE FROM _yoyo_migration WHERE migration_id LIKE '0001%'")
        assert schema_state(database.connection) is SchemaState.BEHIND


def test_what_an_effect_can_be_is_open_or_final() -> None:
    assert OPEN == PENDING | IN_DOUBT | DEAD
    assert EFFECT_STATES | {State.APPLIED} == OPEN | FINAL


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)
