"""A plan brings what may start, and costs no more when much waits behind (laws 21 and 23, N-8)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from psycopg.types.json import Jsonb

from schemas.practice_settings import AmountMode
from schemas.vocabulary import IN_DOUBT, READY, State
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.poster.connection_pool import PLANNING
from sinks.poster.planned_call import PlannedCall
from tests.processors.rules.event_examples import PRACTICE, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.worlds import World

SQL = named_queries("sinks.poster", "calls.sql") | named_queries("sinks.poster", "leases.sql")
CONNECTION = f"{PRACTICE}-PMS"
MANY = 2_000
SOON_S = -60
LATER_S = 3600
OURS = 7
"""Epoch of the lease that is planned for."""


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """An effect as the plan sees it. `due_s` counts from now."""

    n: int
    lane: str
    state: State = State.SCHEDULED
    due_s: int = SOON_S
    behind: int | None = None
    look_first: bool = False
    epoch: int = 0
    """Of the lease that it was marked under."""

    @property
    def due(self) -> bool:
        return self.due_s <= 0


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    opened.add(amount=AmountMode.NET)
    opened.link()
    opened.report(payment())
    yield opened
    opened.close()


def _place(database: LedgerDatabase, placed: list[Placed]) -> None:
    """Replaces the effects by copies of the first one, so that every row is one that INTAKE could write."""
    with database.connection.transaction():
        database.connection.execute("ALTER TABLE work DISABLE TRIGGER USER; ALTER TABLE outcomes DISABLE TRIGGER USER")
        database.connection.execute(
            "CREATE TEMP TABLE model ON COMMIT DROP AS SELECT * FROM effects ORDER BY effect_id LIMIT 1"
        )
        database.connection.execute("DELETE FROM work; DELETE FROM outcomes; DELETE FROM entries")
        database.connection.execute(
            "INSERT INTO effects SELECT (jsonb_populate_record(m, jsonb_build_object('effect_id', k.n, 'part', k.n,"
            " 'request_id', k.n, 'lane', k.lane, 'state', k.state, 'due_at', now() + make_interval(secs => k.due_s),"
            " 'depends_on', k.behind, 'look_first', k.look_first, 'epoch', k.epoch))).*"
            " FROM model m, jsonb_to_recordset(%s) AS k(n int, lane text, state text, due_s int, behind int,"
            " look_first boolean, epoch int)",
            (Jsonb(msgspec.to_builtins(placed)),),
        )


def _fill(database: LedgerDatabase, analyzed_with: int) -> None:
    """MANY due entries in as many lanes; the planner knows of `analyzed_with`."""
    for count in (analyzed_with, MANY):
        _place(database, [Placed(n=n, lane=f"p:{n}") for n in range(1, count + 1)])
        if count == analyzed_with:
            database.connection.execute("ANALYZE entries, work, outcomes")


def _planned(database: LedgerDatabase, most: int, epoch: int = OURS) -> list[int]:
    parameters = {"gates": _gates(most, epoch), "now": None, "budget_s": 60.0}
    return [call.effect_id for call in fetch_all(database.connection, PlannedCall, SQL["plan"], parameters)]


def _startable(placed: list[Placed]) -> list[int]:
    """Law 23 as PROTOCOL section 2 says it, lane by lane: what the mark would find if all before it were posted."""
    by_id = {each.n: each for each in placed}

    def stands(each: Placed) -> bool:
        if each.state not in READY:
            return each.state in IN_DOUBT
        if each.state is State.SCHEDULED and not each.due:
            return False
        return lets_go(each)

    def lets_go(each: Placed) -> bool:
        origin = None if each.behind is None else by_id[each.behind]
        if origin is None or origin.state is State.POSTED:
            return True
        return origin.state in READY and origin.due and origin.lane == each.lane and lets_go(origin)

    found = []
    for lane in {each.lane for each in placed}:
        rows = [each for each in placed if each.lane == lane and stands(each)]
        doubtful = any(each.state in IN_DOUBT for each in rows)
        found += [each.n for each in rows if each.state in (State.ACCEPTED, State.UNCERTAIN) and each.due]
        for place, each in enumerate([] if doubtful else rows):
            if each.look_first:
                found += [each.n] if place == 0 and each.due else []
                break
            if not each.due:
                break
            found.append(each.n)
    return sorted(found)


def _by_chance(rng: random.Random, count: int) -> list[Placed]:
    lanes = [f"p:{number}" for number in range(rng.choice([1, 3, 10, 20]))]
    placed: list[Placed] = []
    for n in range(1, count + 1):
        behind = rng.choice(placed) if placed and rng.random() < 0.35 else None
        lane = behind.lane if behind is not None and rng.random() < 0.7 else rng.choice(lanes)
        states = [State.SCHEDULED, State.RETRYING, State.UNCERTAIN, State.SENDING, State.POSTED, State.AWAITING_LINK]
        state = rng.choices(states, [40, 10, 4, 2, 20, 4])[0]
        if state in IN_DOUBT and any(each.lane == lane and each.state in IN_DOUBT for each in placed):
            state = State.SCHEDULED
        placed.append(
            Placed(
                n=n,
                lane=lane,
                state=state,
                due_s=rng.choices([SOON_S, LATER_S], [8, 2])[0],
                behind=None if behind is None else behind.n,
                look_first=state in READY and rng.random() < 0.06,
            )
        )
    return placed


@pytest.mark.parametrize("seed", range(12))
def test_a_plan_brings_what_the_lanes_let_start(database: LedgerDatabase, seed: int) -> None:
    """Law 23: everything that may start in its turn, and beyond that only what depends on it (N-8)."""
    placed = _by_chance(random.Random(seed), 60)
    _place(database, placed)
    wanted, planned = _startable(placed), _planned(database, 1000)
    behind = {each.n: each.behind for each in placed}
    assert set(wanted) <= set(planned)
    assert all(behind[n] in planned for n in set(planned) - set(wanted))
    assert _planned(database, 5)[: min(5, len(wanted))] == wanted[:5], "the oldest come first (law 21)"


def test_what_waits_behind_a_call_of_this_lease_is_planned(database: LedgerDatabase) -> None:
    """Law 21: otherwise a lane whose call was in flight during a plan would stand still until the gate is claimed anew.
    Behind the mark of another lease, or an entry in doubt, nothing is (law 23)."""
    _place(
        database,
        [
            Placed(n=1, lane="p:1", state=State.SENDING, epoch=OURS),
            Placed(n=2, lane="p:1"),
            Placed(n=3, lane="p:2", state=State.SENDING, epoch=OURS - 1),
            Placed(n=4, lane="p:2"),
            Placed(n=5, lane="p:3", state=State.UNCERTAIN, epoch=OURS, due_s=LATER_S),
            Placed(n=6, lane="p:3"),
        ],
    )
    assert _planned(database, 10) == [2]
    assert _planned(database, 10, OURS + 1) == []


def test_a_full_plan_brings_the_other_half_of_its_last_entry(database: LedgerDatabase) -> None:
    """N-8: a fee whose mapping is missing keeps its payment back, however far behind it stands."""
    _place(database, [Placed(n=1, lane="p:1"), *(Placed(n=n, lane=f"p:{n}") for n in (2, 3)), _fee_of(1)])
    assert _planned(database, 1) == [1, 4]


def _fee_of(origin: int) -> Placed:
    return Placed(n=4, lane="p:1", behind=origin)


@pytest.mark.parametrize("links", [1, 2, 5])
@pytest.mark.parametrize(
    "original",
    [
        Placed(n=1, lane="p:1", state=State.AWAITING_CLEARANCE),
        Placed(n=1, lane="p:1", state=State.DEAD_LETTERED),
        Placed(n=1, lane="p:1", due_s=LATER_S),
    ],
    ids=["waits for funds", "dead", "due at the cut-off"],
)
def test_a_chain_behind_what_cannot_go_leaves_its_lane_to_others(
    database: LedgerDatabase, original: Placed, links: int
) -> None:
    """Law 23: plan and mark agree on who is head, however many entries depend on one another."""
    chain = [Placed(n=1 + link, lane="p:1", behind=link) for link in range(1, links + 1)]
    _place(database, [original, *chain, Placed(n=20, lane="p:1"), Placed(n=21, lane="p:1")])
    assert _planned(database, 1000) == [20, 21]


@pytest.mark.parametrize("analyzed_with", [200, MANY], ids=["few", "many"])
def test_a_plan_reads_what_it_brings_and_not_what_waits_behind(database: LedgerDatabase, analyzed_with: int) -> None:
    """Law 21: 2,000 entries are due, and the first sixteen cost no more than in a gate that has sixteen; also where the
    planner believes that every gate has few."""
    _fill(database, analyzed_with)
    assert len(_planned(database, 16)) == 16
    assert _rows_read(database, SQL["plan"], {"gates": _gates(16), "now": None, "budget_s": 60.0}) < 16 * 20


@pytest.mark.parametrize("analyzed_with", [200, MANY], ids=["few", "many"])
def test_a_gate_that_goes_to_the_back_of_the_queue_is_not_read_to_its_end(
    database: LedgerDatabase, analyzed_with: int
) -> None:
    """Law 21: that one entry can start is enough to know that it is due."""
    _fill(database, analyzed_with)
    before = _work_rows_read(database)
    assert _has_due_head(database)
    assert _work_rows_read(database) - before < 20


@pytest.mark.parametrize(
    "waiting",
    [
        [Placed(n=1, lane="p:1", due_s=LATER_S)],
        [Placed(n=1, lane="p:1", state=State.UNCERTAIN), Placed(n=2, lane="p:1")],
        [Placed(n=1, lane="p:1", state=State.RETRYING, due_s=LATER_S), Placed(n=2, lane="p:1")],
        [Placed(n=1, lane="p:1", state=State.AWAITING_LINK), Placed(n=2, lane="p:1", behind=1)],
    ],
    ids=["later", "in doubt", "retried later", "its origin waits"],
)
def test_a_gate_in_which_nothing_can_start_is_not_due_now(database: LedgerDatabase, waiting: list[Placed]) -> None:
    """PROTOCOL section 2: then `gate_due_at` says when it is due next."""
    _place(database, waiting)
    assert not _has_due_head(database)


def _has_due_head(database: LedgerDatabase) -> bool:
    found = database.connection.execute("SELECT has_due_head(%s, %s, now())", (PRACTICE, CONNECTION)).fetchone()
    return bool(found and found[0])


def _work_rows_read(database: LedgerDatabase) -> int:
    """Rows of `work` that this connection has read: statements inside a function are in no plan."""
    with database.connection.transaction():
        database.connection.execute("SELECT pg_stat_force_next_flush()")
    found = database.connection.execute(
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'work'"
    ).fetchone()
    return int(found[0]) if found else 0


def _gates(most: int, epoch: int = OURS) -> str:
    return msgspec.json.encode([{"p": PRACTICE, "c": CONNECTION, "e": epoch, "home": PRACTICE, "most": most}]).decode()


def _rows_read(database: LedgerDatabase, query: str, parameters: dict[str, Any]) -> int:
    """Of `effects`, by every scan of the statement together; planned as the poster's connections plan."""
    with database.connection.transaction():
        for option in PLANNING:
            database.connection.execute(f"SET LOCAL {option}".encode())
        explain = f"EXPLAIN (ANALYZE, TIMING off, FORMAT JSON) {query}".encode()
        ((found,),) = database.connection.execute(explain, parameters).fetchall()
    return sum(_read(found[0]["Plan"]))


def _read(plan: dict[str, Any]) -> Iterator[int]:
    if plan.get("Relation Name") == "effects":
        yield int((plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"])
    for child in plan.get("Plans", ()):
        yield from _read(child)
