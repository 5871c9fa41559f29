"""Leases are committed without waiting for the disk; what must outlast a crash is awaited (laws 16, 20)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sinks.poster.call_store import CallStore
from sinks.poster.connection_pool import open_pool
from sinks.poster.lease_store import LeaseStore
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.limiter import HEALTHY
from sinks.poster.planned_call import ConnectionKey
from streams.runtime.clock import SystemClock
from tests.worlds import World


class AskedError(Exception):
    """Raised with the name of the connection that a statement asked for."""


class Unopened:
    """A connection that names itself instead of opening."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def __aenter__(self) -> Any:
        raise AskedError(self._name)

    async def __aexit__(self, *_: object) -> None:
        return None


def _asked(made: Awaitable[object]) -> str:
    async def ask() -> object:
        return await made

    with pytest.raises(AskedError) as found:
        asyncio.run(ask())
    return str(found.value)


def test_only_leases_are_committed_without_waiting(world: World) -> None:
    """A mark, what it settles, and what closes a connection are awaited; claims, renewals and releases are not."""
    access = LedgerAccess(
        connect=lambda: Unopened("lasting"),
        owning=lambda: Unopened("owning"),
        clock=SystemClock(),
        me="me",
        group="poster",
    )
    leases, calls = LeaseStore(access, world.settings()), CallStore(access, world.settings())
    for light in (leases.claim(1), leases.renew([], []), leases.release([], 1.0), leases.release_connections([])):
        assert _asked(light) == "owning"
    for lasting in (calls.settle_marks([]), calls.plan([]), calls.mark([], []), calls.read_back_first([])):
        assert _asked(lasting) == "lasting"
    connection = cast(Any, SimpleNamespace(key=ConnectionKey("practice-1", "pms"), epoch=1, breaker=HEALTHY))
    for lasting in (leases.close_connection(connection, "UNREACHABLE", 1.0), leases.open_connection(connection)):
        assert _asked(lasting) == "lasting"


@pytest.mark.parametrize(("owning", "awaited"), [(False, "on"), (True, "off")])
def test_each_pool_commits_as_it_says(world: World, owning: bool, awaited: str) -> None:
    """The mark is on disk before the first byte leaves (law 16)."""

    async def shown() -> object:
        async with open_pool(world.settings(), owning=owning) as pool, pool.connection() as connection:
            found = await (await connection.execute("SHOW synchronous_commit")).fetchone()
            return found and found[0]

    assert asyncio.run(shown()) == awaited
