"""The poster's connections to the ledger: pooled, with the protocol's time limits, and of one era (law 4)."""

from __future__ import annotations

import selectors
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.backfill_capabilities import backfill_capabilities
from sinks.ledger.role_slots import RoleSlot
from sinks.ledger.rows.fetch import fetch_values
from sinks.ledger.schema import era
from sinks.ledger.schema.database import connect, connection_options
from sinks.ledger.schema.version import require_schema
from sinks.poster.ledger_history import LedgerHistory
from streams.runtime.endpoints import Health
from streams.runtime.errors import Role
from streams.runtime.lifecycle import Stop
from streams.runtime.role_loop import started
from streams.settings import ProgramSettings

_LEASES: Final = named_queries("sinks.poster", "leases.sql")

Connection = AsyncConnection[TupleRow]

POOL_SIZE: Final = 7
"""Plan, two marks, confirm, a balance read, and two for token renewals."""
OWNING_SIZE: Final = 3
"""Claim, renew, and a release beside them."""
OPEN_S: Final = 15.0

PLANNING: Final = (
    "enable_seqscan=off",
    "enable_hashjoin=off",
    "enable_mergejoin=off",
    "enable_bitmapscan=off",
    "jit=off",
    "plan_cache_mode=force_generic_plan",
)
"""Every statement of the poster finds few rows by index, in the order of that index. Before the first ANALYZE the
planner guesses otherwise, and a generic plan keeps its guess (claims took 36-44 ms before and 5-9 after); by a bitmap
it fetches and sorts every gate that is due. Planned once a connection: planning a mark again cost a fifth of it."""

_NOT_AWAITED: Final = " -c synchronous_commit=off"
"""For who owns a gate, and for nothing else: such a commit does not wait for the disk. A mark's does, and it carries
along all that was written before it, so no mark outlives the claim that it was made under (law 20); a claim that a
crash takes back was only a claim, and a release or a renewal that it takes back lets a lease run out."""


def open_pool(settings: ProgramSettings, *, owning: bool = False, history: LedgerHistory | None = None) -> LedgerPool:
    """A pool whose connections are lent after the ledger's era and history are known, so none marks before (law 4).

    `owning`: the connections over which gates are claimed, renewed and released. `history`: of this process.
    """
    options: dict[str, Any] = connection_options("poster-gates" if owning else "poster")
    options["options"] += "".join(f" -c {option}" for option in PLANNING) + (_NOT_AWAITED if owning else "")
    return LedgerPool(
        settings.database_url,
        connection_class=AsyncConnection[TupleRow],
        kwargs=options,
        min_size=1 if owning else 2,
        max_size=OWNING_SIZE if owning else POOL_SIZE,
        timeout=OPEN_S,
        configure=(history or LedgerHistory(settings)).configure,
        open=False,
    )


class LedgerPool(AsyncConnectionPool[Connection]):
    """Lends no connection that the server has closed: the pool's own check waits longer after each that it meets, and
    after a restart of Postgres all of them are dead."""

    async def getconn(self, timeout: float | None = None) -> Connection:
        """As the pool's own. Dead connections are given up one after the other; those alive cost no round trip."""
        for _ in range(self.max_size):
            connection = await super().getconn(timeout)
            if not await closed_by_server(connection):
                return connection
            await connection.close()
            await self.putconn(connection)
        return await super().getconn(timeout)


async def closed_by_server(connection: Connection) -> bool:
    """Whether the end of an idle connection has arrived. A round trip only where something came unasked."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection.fileno(), selectors.EVENT_READ)
        if not selector.select(0):
            return False
    try:
        await AsyncConnectionPool.check_connection(connection)
    except psycopg.OperationalError:
        return True
    return False


def prepare(
    settings: ProgramSettings, slot: RoleSlot, history: LedgerHistory, stop: Stop, health: Health
) -> list[str] | None:
    """Once at start: the schema, the slot, standbys, era and history (law 4), what older connections write, and every
    address that could be called; None when stopped meanwhile. Blocks, and waits for a ledger or a broker that cannot be
    reached, as the loop does."""
    return started(Role.POSTER, lambda: _prepared(settings, slot, history), stop, health)


def _prepared(settings: ProgramSettings, slot: RoleSlot, history: LedgerHistory) -> list[str]:
    with connect(settings.database_url, "poster-start") as connection:
        require_schema(connection)
        slot.take(connection)
        era.require_standbys(connection, single_node=settings.single_node)
        history.check()
        backfill_capabilities(connection)
        return fetch_values(connection, _LEASES["addresses"])
