"""Who owns a gate is committed without waiting for the disk; what must outlast a crash is not (laws 16, 20)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from sinks.poster.connection_pool import open_pool
from sinks.poster.statements import Ledger
from streams.runtime.clock import SystemClock
from tests.worlds import World


class AskedError(Exception):
    """Which connection a statement wanted."""


class Unopened:
    """A connection that says its name instead of opening."""

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


def test_only_ownership_goes_over_the_connections_that_do_not_wait(world: World) -> None:
    """A mark, what it settles, and what closes a connection are awaited; claims, renewals and releases are not."""
    ledger = Ledger(lambda: Unopened("lasting"), world.settings(), SystemClock(), "me", lambda: Unopened("owning"))
    for light in (ledger.claim(1), ledger.renew([], []), ledger.release([], 1.0), ledger.release_doors([])):
        assert _asked(light) == "owning"
    for lasting in (ledger.settle_marks([]), ledger.plan([]), ledger.mark([], []), ledger.look_first([])):
        assert _asked(lasting) == "lasting"


@pytest.mark.parametrize(("owning", "awaited"), [(False, "on"), (True, "off")])
def test_the_pools_are_what_they_say(world: World, owning: bool, awaited: str) -> None:
    """The mark is on disk before the first byte leaves (law 16)."""

    async def shown() -> object:
        async with open_pool(world.settings(), owning=owning) as pool, pool.connection() as connection:
            found = await (await connection.execute("SHOW synchronous_commit")).fetchone()
            return found and found[0]

    assert asyncio.run(shown()) == awaited
