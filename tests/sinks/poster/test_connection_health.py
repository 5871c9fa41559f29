"""What is learned of connections while an earlier lesson is stored: none is lost, none stored twice (law 22)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from schemas.vocabulary import ConnectionReason
from sinks.poster.call_outcome import Closing
from sinks.poster.connection_health import ConnectionHealth
from sinks.poster.connection_leases import ConnectionLease
from sinks.poster.limiter import Breaker, Limiter
from sinks.poster.planned_call import ConnectionKey
from streams.runtime.times import CallLimits, Profile, times_of

TIMES = times_of(Profile.SANDBOX)
DOWN = Closing(ConnectionReason.TARGET_DOWN)


class SlowStore:
    """Stands still in each statement until the test lets it go on."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.entered = asyncio.Event()
        self.let_go = asyncio.Event()

    async def open_connection(self, lease: ConnectionLease) -> None:
        await self._stand_still()
        self.opened.append(lease.key.home_practice_id)

    async def close_connection(self, lease: ConnectionLease, reason: str, wait_s: float) -> None:
        await self._stand_still()
        self.closed.append(lease.key.home_practice_id)

    async def _stand_still(self) -> None:
        self.entered.set()
        await self.let_go.wait()


def connection(practice_id: str, *, probing: bool = False) -> ConnectionLease:
    assert TIMES.every_call is not None
    return ConnectionLease(
        ConnectionKey(practice_id, f"{practice_id}-PMS"),
        epoch=1,
        route="open_dental",
        target_name="PMS",
        times=TIMES.of(CallLimits(deadline_s=2.0, processing_s=1.0)),
        limiter=Limiter(),
        breaker=Breaker(failures=1) if probing else Breaker(),
    )


def _health(store: SlowStore) -> ConnectionHealth:
    held: Any = store
    return ConnectionHealth(held, TIMES)


def test_a_connection_that_answers_while_another_is_being_opened_is_opened_too() -> None:
    async def scene() -> list[str]:
        store = SlowStore()
        health = _health(store)
        health.after_read(connection("first", probing=True), None)
        storing = asyncio.create_task(health.store())
        await store.entered.wait()
        health.after_read(connection("second", probing=True), None)
        store.let_go.set()
        await storing
        await health.store()
        return store.opened

    assert sorted(asyncio.run(scene())) == ["first", "second"]


def test_a_connection_that_fails_while_another_is_being_closed_is_closed_too() -> None:
    async def scene() -> list[str]:
        store = SlowStore()
        health = _health(store)
        health.after_read(connection("first"), DOWN)
        storing = asyncio.create_task(health.store())
        await store.entered.wait()
        health.after_read(connection("second"), DOWN)
        store.let_go.set()
        await storing
        await health.store()
        return store.closed

    assert sorted(asyncio.run(scene())) == ["first", "second"]


def test_what_the_ledger_could_not_store_is_stored_in_the_next_round(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> tuple[bool, list[str]]:
        store = SlowStore()
        store.let_go.set()
        health = _health(store)
        lease = connection("first")
        health.after_read(lease, DOWN)

        async def broken(*_: Any) -> None:
            raise ConnectionError("the ledger is away")

        monkeypatch.setattr(store, "close_connection", broken)
        with pytest.raises(ConnectionError):
            await health.store()
        waiting = health.owes(lease)
        monkeypatch.undo()
        await health.store()
        return waiting and not health.owes(lease), store.closed

    assert asyncio.run(scene()) == (True, ["first"])
