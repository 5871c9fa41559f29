"""Claim time: the poster's own claim and plan, with few and with very many effects waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from statistics import median
from typing import Any, Final

import msgspec
import psycopg
from psycopg import AsyncConnection

from schemas.practice_settings import Timing
from sinks.poster.call_store import CallStore
from sinks.poster.connection_leases import ConnectionLease
from sinks.poster.connection_pool import open_pool
from sinks.poster.lease_store import ClaimedGate, LeaseStore
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.limiter import Breaker, Limiter
from sinks.poster.practice_lease import PracticeLease
from sinks.targets.catalogue import times_of_route
from streams.settings import ProgramSettings
from tests.benchmarks.ledgers import furnish
from tests.benchmarks.measures import Measure, NotMeasuredError, Verdict, reported
from tests.benchmarks.traffic import histories
from tests.worlds import World

PER_PRACTICE: Final = 10
"""Waiting effects of one practice, in as many lanes."""
GATES: Final = 50
"""Claimed at once: 500 heads to plan."""
TRIES: Final = 30
FACTOR: Final = 2.0
ONE_GATE: Final = 100_000


class ClaimTimes(msgspec.Struct, frozen=True):
    """Milliseconds, medians."""

    claim_ms: float
    plan_ms: float

    @property
    def total_ms(self) -> float:
        return self.claim_ms + self.plan_ms


def claim_times(world: World, sizes: tuple[int, ...], one_gate: int = ONE_GATE) -> Iterator[Measure]:
    """The median of claiming GATES gates and planning their heads, at each size; then one gate with all of it."""
    (history,) = histories(["practice-0000000"], Timing.INSTANT)
    furnish(world.database_url, [history], "http://127.0.0.1:9/api/v1")
    found: dict[int, ClaimTimes] = {}
    made = 0
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        for size in sizes:
            fill(connection, made // PER_PRACTICE + 1, size // PER_PRACTICE)
            made = size
            found[size] = asyncio.run(measure(world.settings(), GATES))
        yield _compared(found)
        for size, times in found.items():
            yield reported(
                f"claim of {GATES} gates + plan of {GATES * PER_PRACTICE} heads, {size:,} effects waiting",
                times.total_ms,
                "ms",
                f"claim {times.claim_ms:.1f}, plan {times.plan_ms:.1f}",
            )
        connection.execute("UPDATE gates SET next_due_at = NULL")
        _one_gate(connection, one_gate)
        alone = asyncio.run(measure(world.settings(), 1))
        yield reported(
            f"claim + plan of one gate with {one_gate:,} effects waiting",
            alone.total_ms,
            "ms",
            f"claim {alone.claim_ms:.1f}, plan {alone.plan_ms:.1f}; a plan serves up to 200 calls",
        )


def _compared(found: dict[int, ClaimTimes]) -> Measure:
    totals = [times.total_ms for times in found.values()]
    factor = max(totals) / min(totals)
    sizes = ", ".join(f"{size:,}" for size in found)
    met = factor <= FACTOR
    return Measure(
        name=f"claim time at {sizes} waiting effects spread over practices: slowest / quickest",
        value=f"{factor:.2f} ×",
        number=round(factor, 4),
        target=f"≤ {FACTOR:g} ×",
        verdict=Verdict.MET if met else Verdict.MISSED,
        why="" if met else "the largest size does not stay in the database's 128 MB of buffers",
    )


def fill(connection: psycopg.Connection[Any], first: int, until: int) -> None:
    """Practices `first` to `until`, each with PER_PRACTICE due effects: copies of the first practice's rows.

    Constraint triggers rest meanwhile; what is inserted satisfies them.
    """
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        span = (first, until)
        for statement in _PRACTICES:
            connection.execute(statement, span)
        connection.execute(_EVENTS, (*span, PER_PRACTICE))
        for statement in (_ENTRIES, _WORK):
            connection.execute(statement, (*span, PER_PRACTICE))
    connection.execute("VACUUM ANALYZE entries, work, events, gates, connections, practice_connections, settings")


def fill_gates(connection: psycopg.Connection[Any], first: int, until: int) -> None:
    """As `fill`, without any effects: copies of `practice-000000`, all due."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        for statement in _PRACTICES:
            connection.execute(statement.replace("practice-0000000'", "practice-000000'").encode(), (first, until))
    connection.execute("VACUUM ANALYZE gates, connections, practice_connections, settings")


def _one_gate(connection: psycopg.Connection[Any], count: int) -> None:
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(_EVENTS, (0, 0, count))
        for statement in (_ENTRIES, _WORK):
            connection.execute(statement, (0, 0, count))
        connection.execute("UPDATE gates SET next_due_at = now() WHERE practice_id = 'practice-0000000'")
        connection.execute(
            "INSERT INTO gates (practice_id, connection_id, next_due_at)"
            " VALUES ('practice-0000000', 'practice-0000000-PMS', now())"
            " ON CONFLICT (practice_id, connection_id) DO UPDATE SET next_due_at = now()"
        )
    connection.execute("VACUUM ANALYZE entries, work, events, gates")


async def measure(settings: ProgramSettings, gates: int) -> ClaimTimes:
    """TRIES claims, each rolled back, so that every one finds the same ledger."""
    pool = open_pool(settings)
    await pool.open(wait=True)
    claims, plans = [], []
    try:
        async with pool.connection() as connection:
            await connection.set_autocommit(False)

            @asynccontextmanager
            async def same() -> AsyncIterator[AsyncConnection[Any]]:
                yield connection

            access = LedgerAccess(connect=same, owning=same, clock=settings.clock(), me="bench", group="bench")
            leases, calls = LeaseStore(access, settings), CallStore(access, settings)
            for _ in range(TRIES + 3):
                began = time.perf_counter()
                claimed = await leases.claim(gates)
                middle = time.perf_counter()
                planned = await calls.plan([lease_of(gate, settings) for gate in claimed])
                ended = time.perf_counter()
                await connection.rollback()
                if len(claimed) != gates or not all(planned.values()):
                    raise NotMeasuredError(f"{len(claimed)} of {gates} gates were claimed")
                claims.append((middle - began) * 1000)
                plans.append((ended - middle) * 1000)
            await connection.set_autocommit(True)
    finally:
        await pool.close()
    return ClaimTimes(median(claims[3:]), median(plans[3:]))


def lease_of(claimed: ClaimedGate, settings: ProgramSettings) -> PracticeLease:
    """As the poster holds what it claimed."""
    connection = ConnectionLease(
        claimed.connection,
        epoch=claimed.connection_epoch,
        route=claimed.route,
        target_name=claimed.target.value,
        times=times_of_route(claimed.route, settings),
        limiter=Limiter(),
        breaker=Breaker(),
    )
    return PracticeLease(claimed.gate, claimed.epoch, connection)


_ID: Final = "'practice-' || lpad(n::text, 7, '0')"
_PRACTICES: Final = (
    f"INSERT INTO practices (practice_id, seq) SELECT {_ID}, 1000 FROM generate_series(%s::int, %s::int) n",
    "INSERT INTO settings (practice_id, version, effective_from, body, saved_at, saved_by, reason, applied_at)"
    f" SELECT {_ID}, s.version, s.effective_from, s.body, s.saved_at, s.saved_by, s.reason, s.applied_at"
    " FROM generate_series(%s::int, %s::int) n, settings s WHERE s.practice_id = 'practice-0000000'",
    "INSERT INTO connections (home_practice_id, connection_id, target, route, base_url, account_fingerprint, config,"
    f" secret) SELECT {_ID}, {_ID} || '-PMS', c.target, c.route, c.base_url, {_ID}, c.config, c.secret"
    " FROM generate_series(%s::int, %s::int) n, connections c WHERE c.home_practice_id = 'practice-0000000'",
    "INSERT INTO practice_connections (practice_id, target, home_practice_id, connection_id)"
    f" SELECT {_ID}, 'PMS', {_ID}, {_ID} || '-PMS' FROM generate_series(%s::int, %s::int) n",
    f"INSERT INTO gates (practice_id, connection_id, next_due_at) SELECT {_ID}, {_ID} || '-PMS',"
    " now() - make_interval(secs => (n * 7919) %% 86400) FROM generate_series(%s::int, %s::int) n",
)
_EVENTS: Final = (
    "INSERT INTO events (practice_id, source, event_id, subject, kind, version, event_type, digest_v, digest,"
    " money_digest, occurred_at, appended_at, received_at, month, topic_id, part, off, reason, resolved_at,"
    f" settings_version) SELECT {_ID}, 'bench', 'ev-' || i, 'pay-' || i, 'payment', 1, 'PaymentSucceeded', 1,"
    " sha256(('ev-' || n || i)::bytea), sha256(('pay-' || n || i)::bytea), now(), now(), now(),"
    " date_trunc('month', now())::date, 'AAAAAAAAAAAAAAAAAAAAAA', 0, i, 'AUTO_INSTANT', now(), 1"
    " FROM generate_series(%s::int, %s::int) n, generate_series(1, %s::int) i"
)
_ENTRIES: Final = (
    "INSERT INTO entries (practice_id, effect_id, source, event_id, target, entry_kind, part, lane, amount_minor,"
    f" currency, ledger_date, patient_ref, settings_version, instruction) SELECT {_ID}, i, 'bench', 'ev-' || i, 'PMS',"
    " 'payment', '', 'p:patient-' || i, 12345, 'USD', current_date, 'patient-' || i, 1, json_build_object("
    "'entry_kind', 'payment', 'amount_minor', 12345, 'currency', 'USD', 'ledger_date', current_date, 'occurred_at',"
    " now(), 'patient_ref', 'patient-' || i, 'payment_kind', 'TERMINAL', 'tender', 'CARD', 'payment_ref', 'pay-' || i,"
    " 'gross_minor', 12345, 'fee_minor', 388)"
    " FROM generate_series(%s::int, %s::int) n, generate_series(1, %s::int) i"
)
_WORK: Final = (
    "INSERT INTO work (practice_id, effect_id, connection_id, lane, patient_ref, state, reason, due_at, ledger_date,"
    f" request_id, changed_at) SELECT {_ID}, i, {_ID} || '-PMS', 'p:patient-' || i, 'patient-' || i, 'SCHEDULED',"
    " 'AUTO_INSTANT', now() - make_interval(secs => (i * 7919) %% 86400), current_date, 'rq-' || n || '-' || i, now()"
    " FROM generate_series(%s::int, %s::int) n, generate_series(1, %s::int) i"
)
