"""What must not grow with the ledger: a plan with its marks and confirmations, a claim, `lag`, the gauges.

In CPU time of the one backend that runs the statements: other processes take the machine, never its count.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection

from schemas.practice_settings import Timing
from schemas.vocabulary import Stage, State
from sinks.ledger.gauges import Gauges
from sinks.ledger.schema.database import connect
from sinks.operations.ledger import Ledger
from sinks.operations.queries.lag import measure_lag
from sinks.poster.call_outcome import Outcome, Verdict
from sinks.poster.call_store import CallStore, Mark
from sinks.poster.confirmation_rows import Confirmation
from sinks.poster.confirmation_store import ConfirmationStore
from sinks.poster.connection_pool import open_pool
from sinks.poster.lease_store import LeaseStore
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.planned_call import FrozenRequest, PlannedCall
from sinks.poster.practice_lease import PracticeLease
from streams.kafka.topics import ensure_topics
from streams.settings import ProgramSettings
from tests.benchmarks.claiming import fill_gates, lease_of
from tests.benchmarks.due_entries import Filling, fill_due
from tests.benchmarks.ledgers import furnish
from tests.benchmarks.measures import Measure, NotMeasuredError
from tests.benchmarks.measures import Verdict as Judged
from tests.benchmarks.stored import fill_posted
from tests.benchmarks.traffic import histories, practice_ids
from tests.worlds import World

FACTOR: Final = 1.3
PRACTICES: Final = 16
DUE: Final = 8
"""Of each practice, each in a lane of its own."""
TRIES: Final = 30
WARM: Final = 5
"""Statements are planned anew until the server keeps a plan."""
SLOW_TRIES: Final = 9
"""Of what people and timers ask."""
STORED: Final = (1_000, 100_000)
STORED_FULL: Final = (*STORED, 1_000_000)
GATES: Final = (1_000, 100_000)
GATES_FULL: Final = (*GATES, 400_000)
CLAIMED: Final = 50


def flat_costs(world: World, *, full: bool) -> Iterator[Measure]:
    """With few and with very many posted entries; then with few and very many gates."""
    settings = world.settings()
    ensure_topics(settings)
    practices = practice_ids(PRACTICES)
    furnish(world.database_url, list(histories(practices, Timing.INSTANT)), "http://127.0.0.1:9/api/v1", patients=DUE)
    posting: dict[int, float] = {}
    asking: dict[int, float] = {}
    gauging: dict[int, float] = {}
    made = 0
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        fill_due(connection, Filling(practices=practices, entries=DUE, lanes=DUE))
        for size in STORED_FULL if full else STORED:
            fill_posted(connection, made // PRACTICES + 1, size // PRACTICES)
            made = size
            posting[size] = asyncio.run(_posting(settings)) / (PRACTICES * DUE)
            asking[size] = _asked(world, lambda found: _lag(found, settings))
            gauges = Gauges(world.database_url, settings.clock())
            gauging[size] = _asked(world, gauges.measure)
        yield _flat("plan + mark + confirmation of an entry", posting, "posted entries stored", "µs")
        yield _flat("`lag`", asking, "posted entries stored", "µs")
        yield _flat("gauges", gauging, "posted entries stored", "µs")
        claiming: dict[int, float] = {}
        made = 0
        for size in GATES_FULL if full else GATES:
            fill_gates(connection, made + 1, size)
            made = size
            claiming[size] = asyncio.run(_claiming(settings)) / CLAIMED
        yield _flat("claim of a gate", claiming, "due gates", "µs")


def _flat(what: str, found: dict[int, float], of: str, unit: str) -> Measure:
    factor = max(found.values()) / min(found.values())
    sizes = ", ".join(f"{size:,}" for size in found)
    met = factor <= FACTOR
    told = ", ".join(f"{value:,.0f}" for value in found.values())
    why = f"{told} {unit} of Postgres"
    return Measure(
        name=f"{what} with {sizes} {of}: dearest / cheapest",
        value=f"{factor:.2f} ×",
        number=round(factor, 4),
        target=f"≤ {FACTOR:g} ×",
        verdict=Judged.MET if met else Judged.MISSED,
        why=why,
    )


def _cpu_s(backend: int) -> float:
    """CPU time of a process so far: to the nanosecond, where `/proc/…/stat` counts in hundredths of a second."""
    return int(Path(f"/proc/{backend}/schedstat").read_text().split()[0]) / 1e9


def _asked(world: World, ask: Callable[[psycopg.Connection[Any]], object]) -> float:
    """Median µs of the backend for one asking."""
    with connect(world.database_url, "bench") as connection:
        spent = []
        for _ in range(SLOW_TRIES + 1):
            before = _cpu_s(connection.info.backend_pid)
            ask(connection)
            spent.append((_cpu_s(connection.info.backend_pid) - before) * 1e6)
    return median(spent[1:])


def _lag(connection: psycopg.Connection[Any], settings: ProgramSettings) -> None:
    measure_lag(Ledger(connection=connection, clock=settings.clock(), jitter_s=0), settings)


async def _posting(settings: ProgramSettings) -> float:
    """Median µs of the backend for a plan, and the marks and confirmations of all that it brings; rolled back."""
    async with _one_connection(settings) as (connection, access):
        leases, calls, confirmations = (
            LeaseStore(access, settings),
            CallStore(access, settings),
            ConfirmationStore(access),
        )
        spent = []
        for _ in range(TRIES + WARM):
            held = [lease_of(gate, settings) for gate in await leases.claim(PRACTICES)]
            before = _cpu_s(connection.info.backend_pid)
            plans = await calls.plan(held)
            due = [(call, lease) for lease in held for call in plans[lease.gate]]
            marked = await calls.mark([_mark(call) for call, _ in due], held)
            stored = await confirmations.store([_posted(call, lease) for call, lease in due])
            spent.append((_cpu_s(connection.info.backend_pid) - before) * 1e6)
            await connection.rollback()
            if len(due) != PRACTICES * DUE or len(marked) != len(due) or len(stored) != len(due):
                raise NotMeasuredError(f"{len(due)} planned, {len(marked)} marked, {len(stored)} confirmed")
    return median(spent[WARM:])


async def _claiming(settings: ProgramSettings) -> float:
    async with _one_connection(settings) as (connection, access):
        leases, spent = LeaseStore(access, settings), []
        for _ in range(TRIES + WARM):
            before = _cpu_s(connection.info.backend_pid)
            claimed = await leases.claim(CLAIMED)
            spent.append((_cpu_s(connection.info.backend_pid) - before) * 1e6)
            await connection.rollback()
            if len(claimed) != CLAIMED:
                raise NotMeasuredError(f"{len(claimed)} of {CLAIMED} gates were claimed")
    return median(spent[WARM:])


@asynccontextmanager
async def _one_connection(settings: ProgramSettings) -> AsyncIterator[tuple[AsyncConnection[Any], LedgerAccess]]:
    """One of the poster's connections, in a transaction that the caller rolls back."""
    pool = open_pool(settings)
    await pool.open(wait=True)
    try:
        async with pool.connection() as connection:
            await connection.set_autocommit(False)

            @asynccontextmanager
            async def same() -> AsyncIterator[AsyncConnection[Any]]:
                yield connection

            yield (
                connection,
                LedgerAccess(
                    connect=same, owning=same, clock=settings.clock(), me=f"bench-{os.getpid()}", group="bench"
                ),
            )
            await connection.rollback()
            await connection.set_autocommit(True)
    finally:
        await pool.close()


_BODY: Final = b'{"PatNum":1000,"PayAmt":123.45,"PayDate":"2026-03-01","PayType":1,"CheckNum":"WBABCDEFGHIJKLMNOP"}'


def _mark(call: PlannedCall) -> Mark:
    frozen = FrozenRequest(
        method="POST", path="/payments", body=_BODY, ledger_date=date(2026, 3, 1), pms_patient_id="1000"
    )
    return Mark(
        call=call,
        frozen=frozen,
        generation=call.generation,
        request_id=call.request_id,
        digest=hashlib.sha256(_BODY).digest(),
    )


def _posted(call: PlannedCall, lease: PracticeLease) -> Confirmation:
    now = datetime.now(UTC)
    outcome = Outcome(
        call=call,
        verdict=Verdict(state=State.POSTED, positive=True),
        phase=Stage.POST,
        epoch=lease.epoch,
        attempt=1,
        n=1,
        generation=call.generation,
        request_id=call.request_id,
        answer="Posted",
        scope=None,
        code=None,
        external_ids=(f"payments/{call.effect_id}",),
        vendor_request_id=None,
        began_at=now,
        ended_at=now,
    )
    return Confirmation(outcome, None, False)
