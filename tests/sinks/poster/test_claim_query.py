"""A claim costs what it takes, however many gates are due (law 21)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sinks.ledger.named_queries import named_queries
from sinks.poster.connection_pool import PLANNING
from tests.worlds import World

CLAIM = str(named_queries("sinks.poster", "leases.sql")["claim"])
GATES = 10_000
TAKEN = 20
_TYPES = {
    "free": "bigint",
    "me": "text",
    "routes": "text[]",
    "leases": "float8[]",
    "other_route": "text",
    "now": "timestamptz",
}
_ASKED: dict[str, Any] = {
    "free": TAKEN,
    "me": "me",
    "routes": ["x"],
    "leases": [60.0],
    "other_route": "x",
    "now": None,
}
_EACH = "FROM (SELECT n, 'practice-' || lpad(n::text, 7, '0') AS p FROM generate_series(1, %s) n) each"
_FILL = (
    f"INSERT INTO practices (practice_id, seq) SELECT p, 1 {_EACH}",
    "INSERT INTO connections (home_practice_id, connection_id, target, route, base_url, account_fingerprint)"
    f" SELECT p, p || '-PMS', 'PMS', 'x', 'x', n::text {_EACH}",
    "INSERT INTO practice_connections (practice_id, target, home_practice_id, connection_id)"
    f" SELECT p, 'PMS', p, p || '-PMS' {_EACH}",
    "INSERT INTO gates (practice_id, connection_id, next_due_at)"
    f" SELECT p, p || '-PMS', now() - make_interval(secs => (n * 7919) %% 86400) {_EACH}",
)


@pytest.fixture
def connection(world: World) -> Iterator[psycopg.Connection[Any]]:
    """Every gate is due, and the planner knows."""
    with psycopg.connect(world.database_url, autocommit=True) as opened:
        for statement in _FILL:
            opened.execute(statement, [GATES])
        opened.execute("VACUUM ANALYZE gates, connections, practice_connections")
        yield opened


def test_a_claim_reads_the_gates_that_it_takes(connection: psycopg.Connection[Any]) -> None:
    """Planned once without its values, as on the poster's connections: 10,000 gates are due, and few are read."""
    read = _gates_read(connection, PLANNING)
    assert TAKEN <= read < 10 * TAKEN


def test_control_a_bitmap_reads_every_gate_that_is_due(connection: psycopg.Connection[Any]) -> None:
    """Its control: with the planner's free choice of scans all of them are fetched and sorted for each claim."""
    assert _gates_read(connection, [option for option in PLANNING if "bitmap" not in option]) >= GATES


def _gates_read(connection: psycopg.Connection[Any], options: Any) -> int:
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", CLAIM)))
    numbered = re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found.group(1)) + 1}", CLAIM)
    values = sql.SQL(", ").join(sql.Literal(_ASKED[name]) for name in names)
    with connection.transaction(force_rollback=True):
        for option in options:
            connection.execute(f"SET LOCAL {option}".encode())
        connection.execute(f"PREPARE claim ({', '.join(_TYPES[name] for name in names)}) AS {numbered}".encode())
        explain = sql.SQL("EXPLAIN (ANALYZE, TIMING off, FORMAT JSON) EXECUTE claim ({})").format(values)
        ((found,),) = connection.execute(explain).fetchall()
        connection.execute("DEALLOCATE claim")
    return sum(_read(found[0]["Plan"]))


def _read(plan: dict[str, Any]) -> Iterator[int]:
    if plan.get("Relation Name") == "gates":
        yield int((plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"])
    for child in plan.get("Plans", ()):
        yield from _read(child)
