"""The poster's pooled connections: one that the server has closed is never lent (law 21)."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from sinks.poster import connection_pool
from sinks.poster.connection_pool import POOL_SIZE, open_pool
from tests.worlds import World


async def _asked_after_a_restart(world: World) -> int:
    """How many of the pool's connections still answer after the server has closed all of them."""
    pool = open_pool(world.settings())
    await pool.open(wait=True)
    try:
        lent = [await pool.getconn() for _ in range(POOL_SIZE)]
        pids = [connection.info.backend_pid for connection in lent]
        for connection in lent:
            await pool.putconn(connection)
        with psycopg.connect(world.database_url, autocommit=True) as admin:
            ended = "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)"
            admin.execute("SELECT pg_terminate_backend(pid, 10000) FROM unnest(%s::int[]) AS k(pid)", (pids,))
            assert admin.execute(ended, (pids,)).fetchone() == (0,)
        answered = 0
        for _ in range(POOL_SIZE):
            async with pool.connection() as connection:
                await connection.execute("SELECT 1")
                answered += 1
        return answered
    finally:
        await pool.close()


async def test_no_dead_connection_is_lent(world: World) -> None:
    """After a kill of Postgres each of them would cost the poster its gates."""
    assert await _asked_after_a_restart(world) == POOL_SIZE


async def test_control_without_the_check_one_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its control."""

    async def unseen(_: Any) -> bool:
        return False

    monkeypatch.setattr(connection_pool, "closed_by_server", unseen)
    with pytest.raises(psycopg.OperationalError):
        await _asked_after_a_restart(world)
