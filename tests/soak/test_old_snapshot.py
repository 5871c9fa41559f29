"""A transaction that somebody forgot, while claims go on (law 28)."""

from __future__ import annotations

import asyncio
import threading
import time
from statistics import median

import psycopg
import pytest
from psycopg import AsyncConnection

from schemas.practice_settings import Timing
from sinks.ledger.schema.database import connect
from sinks.poster.connection_pool import open_pool
from sinks.poster.lease_store import LeaseStore
from sinks.poster.ledger_access import LedgerAccess
from streams.settings import ProgramSettings
from tests.benchmarks.claiming import fill
from tests.benchmarks.ledgers import furnish
from tests.benchmarks.traffic import histories
from tests.soak.run_length import print_figures
from tests.worlds import World

pytestmark = [pytest.mark.soak, pytest.mark.stack]

PRACTICES = 2_000
GATES = 50
STEADY_CLAIMS = 300
"""Before and after: a few seconds each."""
ENDED_WITHIN_S = 60.0
TRANSACTION_TIMEOUT = "25P04"
RECOVERED = 3.0
"""Claims after it against before; while it lasted they rose to 24 ms from 0.9 in the law's experiment."""

_CHURN = (
    "UPDATE gates SET lease_until = 'epoch', owner = NULL,"
    " next_due_at = now() - make_interval(secs => (abs(hashtext(practice_id)) + %s) %% 86400)"
    " WHERE (practice_id, connection_id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"
)
_DOORS = "UPDATE connections SET owner = NULL, lease_until = 'epoch' WHERE home_practice_id = ANY(%s)"


class Forgotten(threading.Thread):
    """A snapshot taken through a connection as every role opens it, and then nothing more."""

    def __init__(self, database_url: str) -> None:
        super().__init__()
        self._connection = connect(database_url, "forgotten")
        self.sqlstate: str | None = None

    def hold(self) -> None:
        self._connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        self._connection.execute("SELECT count(*) FROM effects")
        self.start()

    def run(self) -> None:
        try:
            while True:
                self._connection.execute("SELECT pg_sleep(0.5)")
        except psycopg.Error as error:
            self.sqlstate = error.sqlstate
        finally:
            self._connection.close()


async def _claims(settings: ProgramSettings, forgotten: Forgotten) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds of each claim: before the snapshot, while it is held, after it was ended."""
    pool = open_pool(settings)
    await pool.open(wait=True)
    access = LedgerAccess(
        connect=pool.connection, owning=pool.connection, clock=settings.clock(), me="soak", group="soak"
    )
    leases = LeaseStore(access, settings)
    try:
        async with pool.connection() as churner:
            before = [await _claim(leases, churner, number) for number in range(STEADY_CLAIMS)]
            forgotten.hold()
            during: list[float] = []
            deadline = time.monotonic() + ENDED_WITHIN_S
            while forgotten.is_alive() and time.monotonic() < deadline:
                during.append(await _claim(leases, churner, len(during)))
            await churner.execute("VACUUM gates")  # what autovacuum does within its naptime
            after = [await _claim(leases, churner, number) for number in range(STEADY_CLAIMS)]
    finally:
        await pool.close()
    return before, during, after


async def _claim(leases: LeaseStore, churner: AsyncConnection[tuple[object, ...]], turn: int) -> float:
    """One claim, measured, and its gates given back to the end of the queue."""
    began = time.perf_counter()
    claimed = await leases.claim(GATES)
    took = (time.perf_counter() - began) * 1000
    assert len(claimed) == GATES
    gates = [gate.practice_id for gate in claimed], [gate.connection_id for gate in claimed]
    await churner.execute(_CHURN, (turn * 97, *gates))
    await churner.execute(_DOORS, (gates[0],))
    return took


def test_a_forgotten_transaction_is_ended_and_claims_recover(world: World) -> None:
    """The server ends it by transaction_timeout, and claims are as quick as before."""
    (history,) = histories(["practice-0000000"], Timing.INSTANT)
    furnish(world.database_url, [history], "http://127.0.0.1:9/api/v1")
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        fill(connection, 1, PRACTICES)
    forgotten = Forgotten(world.database_url)
    before, during, after = asyncio.run(_claims(world.settings(), forgotten))
    forgotten.join(ENDED_WITHIN_S)
    last = during[-len(during) // 4 :]
    print_figures(
        part="old snapshot",
        before_ms=round(median(before), 2),
        at_its_end_ms=round(median(last), 2),
        after_ms=round(median(after), 2),
        ended_by=forgotten.sqlstate,
    )
    assert forgotten.sqlstate == TRANSACTION_TIMEOUT
    assert median(after) <= RECOVERED * median(before)
