"""Which practices are read now: due ones claimed for a turn, given back after it, none stopping another."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async, fetch_one_async, fetch_value_async
from sinks.sync.access import SyncAccess
from sinks.sync.page_store import LEASE_S, TurnLostError
from sinks.sync.records import Claimed, Overdue, ReadConnection, Result
from sinks.sync.turn import Turn, TurnEnd
from streams.runtime.logging import log
from streams.runtime.metrics import SYNC_OLDEST, SYNC_OVERDUE, SYNC_ROUNDS

STRETCH: Final = 500
"""Practices of one look for new ones."""
COUNTED: Final = 10_000

_SQL: Final = named_queries("sinks.sync", "claims.sql")
_LOG: Final = log(__name__)


class Turns:
    """Of one process. Methods raise psycopg.Error."""

    def __init__(self, access: SyncAccess) -> None:
        self._access = access

    async def enlist(self, connection: AsyncConnection[Any], after: str) -> str:
        """Look at a stretch of practices for new ones; where the next stretch begins, empty after the last one."""
        given = self._now | {"after": after, "most": STRETCH}
        return await fetch_value_async(connection, _SQL["enlist"], given) or ""

    async def claim(self, connection: AsyncConnection[Any], free: int) -> list[Claimed]:
        """At most `free` practices whose turn it is."""
        given = self._now | {"free": free, "me": self._access.me, "lease_s": LEASE_S}
        return await fetch_all_async(connection, Claimed, _SQL["claim"], given)

    async def measure(self, connection: AsyncConnection[Any]) -> None:
        """What waits, for the metrics."""
        found = await fetch_one_async(connection, Overdue, _SQL["overdue"], self._now | {"most": COUNTED})
        if found is not None:
            SYNC_OVERDUE.set(found.count)
            SYNC_OLDEST.set(found.oldest_s)

    async def take(self, claimed: Claimed) -> None:
        """One turn, from the practice's connection to its return to the queue."""
        try:
            async with self._access.connect() as connection:
                found = await fetch_one_async(
                    connection, ReadConnection, _SQL["connection_of"], {"practice_id": claimed.practice_id}
                )
            end = await Turn(self._access, claimed, found).run()
        except TurnLostError:
            _LOG.info("a turn has passed to another reader", practice_id=claimed.practice_id)
            return
        except (asyncio.CancelledError, psycopg.Error):
            await self._give_back(claimed)
            raise
        await self._release(claimed, end)
        if end.ended or end.result is Result.FAILED:
            SYNC_ROUNDS.labels(end.result.value).inc()
        if end.result is Result.FAILED:
            _LOG.warning("a practice's system cannot be read", practice_id=claimed.practice_id, code=end.code)

    async def _give_back(self, claimed: Claimed) -> None:
        """Of a turn that was cut off; where the ledger is away, its lease runs out."""
        given = {"practice_id": claimed.practice_id, "me": self._access.me, "epoch": claimed.epoch}
        try:
            async with self._access.connect() as connection:
                await connection.execute(_SQL["give_back"], given)
        except psycopg.Error as error:
            _LOG.warning("a turn could not be given back", error=type(error).__name__)

    async def _release(self, claimed: Claimed, end: TurnEnd) -> None:
        given = self._now | {
            "practice_id": claimed.practice_id,
            "me": self._access.me,
            "epoch": claimed.epoch,
            "failures": end.failures,
            "result": end.result.value,
            "code": end.code,
            "due_at": end.due_at,
            "ended": end.ended,
            "was_read": end.result in (Result.READ, Result.PARTLY),
        }
        async with self._access.connect() as connection:
            await connection.execute(_SQL["release"], given)

    @property
    def _now(self) -> dict[str, Any]:
        return {"now": self._access.clock.for_database()}
