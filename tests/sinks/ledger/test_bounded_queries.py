"""Every named query is bounded: on a ledger that has grown none reads a table from end to end, and none many pages.

What a query reads is bounded by what it is asked for, or by what is open, never by what was posted before. A report
over everything is named here, with what bounds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg
import pytest

from sinks.poster.connection_pool import PLANNING
from tests.sinks.ledger.query_plans import Plan, every_query, plan_of
from tests.sinks.ledger.query_values import EVERY_PRACTICE, OTHERWISE, VALUES
from tests.worlds import Stack, fresh_world

BUFFERS: Final = 1_200
"""Pages that a query may touch: 9 MB, some milliseconds. The whole ledger of this test has about 40,000."""


class Bound(NamedTuple):
    """A query that reads more, and why it may."""

    buffers: int
    why: str
    scans: bool = False
    """It may read tables from end to end."""


OPEN: Final = "reads what is open, each by its key, whatever was posted before"
MEASURED: Final = "once a minute, on a connection of its own"
EXCEPTIONS: Final = {
    "ledger/gauges/queries.open_effects": Bound(200_000, f"{OPEN}, with its event; {MEASURED}", True),
    "ledger/gauges/queries.practices_behind": Bound(40_000, f"{OPEN}; {MEASURED}", True),
    "ledger/gauges/queries.practices": Bound(20_000, f"every practice; {MEASURED}", True),
    "ledger/gauges/queries.practices_waiting_long": Bound(40_000, f"{OPEN}; {MEASURED}", True),
    "ledger/gauges/queries.closed_connections": Bound(2_000, "reads what is closed"),
    "ledger/gauges/queries.connections_in_use": Bound(40_000, f"every connection; {MEASURED}", True),
    "ledger/gauges/queries.silence": Bound(20_000, f"counts the targets of all practices; {MEASURED}", True),
    "ledger/practices/connections.ever_sent": Bound(
        2_000, "one practice's outcomes up to the first that left, when its connection becomes another account", True
    ),
    "ledger/practices/queries.links_of": Bound(40_000, "100 patients, each with what stands at the practice"),
    "poster/leases.disown": Bound(0, "every gate by its owner, after an error of the ledger alone", True),
    "poster/leases.disown_connections": Bound(0, "every connection by its owner, after such an error alone", True),
    "ledger/practices/queries.known_practices": Bound(2_000, "names for one that was mistyped, 100,000 at most", True),
    "ledger/schema/era.read_back_open_effects": Bound(0, "once in a failover; every open entry is changed", True),
    "ledger/history/queries.open_effects": Bound(BUFFERS, "asked by a person after the database was set back", True),
    "notices/queries.digests_due": Bound(40_000, OPEN),
    "notices/queries.problems": Bound(40_000, OPEN),
    "notices/target_health.unhealthy": Bound(4_000, "targets that are not well, each with its practice's notices"),
    "notices/queries.escalations": Bound(10_000, "open notices, each with the group of its practice"),
    "notices/silence.payments_reported": Bound(
        12_000, "eight weeks of one practice in steps of half an hour, once a day, however much is reported"
    ),
    "notices/queries.unread": Bound(10_000, "open notices, each with its messages"),
    "operations/queries/lag.open_counts": Bound(10_000, "open notices, each with its messages"),
    "operations/queries/lag.unposted_by_age": Bound(100_000, f"{OPEN}, and no more than `looked_at`", True),
    "operations/queries/lag.waiting_for_people": Bound(100_000, f"{OPEN}, and no more than `looked_at`"),
    "operations/queries/lag.closed_connections": Bound(2_000, "reads what is closed"),
    "operations/doctor/doctor.stuck_gates": Bound(
        10_000, "as many overdue gates as asked for, each with its connection"
    ),
    "operations/queries/appointments.appointments": Bound(6_000, "500 appointments, each with what it costs"),
    "operations/queries/backup_drill.relations": Bound(2_000, "the catalogue of tables, in a drill of a backup", True),
    "operations/queries/practices.practices": Bound(15_000, "1,000 practices, as asked for"),
    "operations/queries/waiting_entries.waiting": Bound(15_000, "what ended at one practice, where that is asked for"),
    "operations/queries/dead_letters.dead_entries": Bound(10_000, "reads what stands dead"),
    "operations/queries/dead_stats.dead_groups": Bound(
        20_000, "counts what stands dead, each by its key, and no more than `looked_at`"
    ),
    "operations/queries/explain/explain.attempts": Bound(
        BUFFERS, "twenty entries in each month; of a month that is short the server may read all", True
    ),
    "operations/queries/explain/explain.known": Bound(
        1_200_000, "steps over practices, not over what they posted; its time limit asks for the practice", True
    ),
    "operations/queries/explain/explain.marked": Bound(
        20_000,
        "asked last, for a marker of no named practice; ended by the time limit, which asks for the practice",
        True,
    ),
    "operations/queries/receipts.receipt_gaps": Bound(2_000, "a report over a range of offsets", True),
    "operations/queries/receipts.receipts_counted": Bound(2_000, "a report over a range of offsets", True),
    "operations/queries/audit_trail.trails": Bound(100_000, "the newest of every practice's trail, for `audit verify`"),
    "operations/actions/replace_target.patients": Bound(10_000, "one practice's patients, when it changes its system"),
    "operations/quickbooks/status.waiting": Bound(10_000, f"one practice's documents: {OPEN}"),
    "operations/queries/find_patients.mirrored": Bound(3_000, "150 patients of each token, and 150 that are opened"),
    "operations/queries/find_patients.known": Bound(3_000, "150 references of each token, and 150 that are opened"),
    "operations/queries/unlinked.stretch": Bound(12_000, "2,000 references, each with whether it is linked"),
    "operations/queries/unlinked.waiting": Bound(40_000, f"one practice's entries without a link: {OPEN}"),
    "operations/queries/links_seen.links": Bound(6_000, "500 links, each with both sides"),
    "operations/queries/links_seen.shared": Bound(5_000, "one practice's links, along their index"),
    "operations/queries/links_seen.merged": Bound(20_000, "one practice's links, each with its reference"),
    "operations/queries/links_seen.to_lost": Bound(20_000, "one practice's links, each with its patient"),
    "sync/changes.suspects": Bound(60_000, "one practice's latest 5,000 entries, each by its key, once in a round"),
    "relay/queries.republish_all": Bound(0, "once a night; every practice's settings are published", True),
}
NOT_PLANNED: Final = frozenset({"ledger/intake/queries.analyze"})
"""Statements that have no plan."""
WALLS: Final = "ledger/schema/walls."
"""Of the catalogue, when a database is migrated; and two that change as whom the connection works, each reading the
practices that share a connection by their keys."""
AUDIT: Final = "ledger/conservation."
"""An audit of the whole ledger by design: neither a timer nor a command asks it."""

QUERIES: Final = {name: text for name, text in every_query() if not name.startswith((AUDIT, WALLS))}


@pytest.fixture(scope="module")
def grown(stack: Stack) -> Iterator[psycopg.Connection[Any]]:
    """100,000 entries, 50,000 gates and what belongs to them, analysed."""
    fill = Path(__file__).with_name("grown_ledger.sql").read_bytes()
    with fresh_world(stack) as world, psycopg.connect(world.database_url, autocommit=True) as connection:
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute("SET LOCAL work_mem = '64MB'")
            connection.execute(fill)
        connection.execute("VACUUM ANALYZE")
        yield connection


def _plans(connection: psycopg.Connection[Any], name: str) -> Iterator[Plan]:
    options = PLANNING if name.startswith("poster/") else ()
    for changed in OTHERWISE.get(name, ({},)):
        yield plan_of(connection, QUERIES[name], {**VALUES, **changed}, options)


def _excess(name: str, plan: Plan, bound: Bound) -> list[str]:
    found = [] if bound.scans else [f"{name} reads from end to end: {table}" for table in plan.scanned]
    if (plan.buffers or 0) > bound.buffers:
        found.append(f"{name} touches {plan.buffers} pages, not {bound.buffers} at most")
    return found


def test_every_query_is_bounded(grown: psycopg.Connection[Any]) -> None:
    excess: list[str] = []
    for name in QUERIES.keys() - NOT_PLANNED:
        try:
            for plan in _plans(grown, name):
                excess += _excess(name, plan, EXCEPTIONS.get(name, Bound(BUFFERS, "")))
        except (psycopg.Error, KeyError) as error:
            excess.append(f"{name} cannot be asked: {type(error).__name__} {str(error).splitlines()[0]}")
    assert not excess, "\n".join(sorted(excess))


def test_every_exception_is_a_query() -> None:
    """An exception that nothing needs any more would hide what comes under its name later."""
    assert EXCEPTIONS.keys() <= QUERIES.keys()
    assert OTHERWISE.keys() <= QUERIES.keys()
    assert EVERY_PRACTICE["practice_id"] is None


@pytest.mark.parametrize(
    ("dropped", "name"),
    [
        ("gates_due", "poster/leases.claim"),
        ("gates_closed", "notices/queries.problems"),
        ("connections_closed", "operations/queries/lag.closed_connections"),
        ("work_attention", "operations/queries/dead_stats.dead_groups"),
        ("dead_letters_open", "operations/queries/dead_stats.dead_groups"),
        ("dead_letters_events", "operations/queries/explain/explain.dead_records_named"),
    ],
)
def test_control_without_its_index_a_query_is_found(grown: psycopg.Connection[Any], dropped: str, name: str) -> None:
    """The check can fail: each of these indexes keeps a query from reading a whole table."""
    with grown.transaction(force_rollback=True):
        grown.execute(f"DROP INDEX {dropped}".encode())
        plans = list(_plans(grown, name))
    assert any(_excess(name, plan, EXCEPTIONS.get(name, Bound(BUFFERS, ""))) for plan in plans)


def test_control_a_query_that_counts_everything_is_found(grown: psycopg.Connection[Any]) -> None:
    plan = plan_of(grown, "SELECT count(*) FROM effects WHERE state = 'POSTED'", {})
    assert _excess("control", plan, Bound(BUFFERS, ""))
