"""Two posters share few gates: each claims no more than its calls can serve, and nothing is doubled (law 21)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from deploy.sandbox.running import Effect, FaultKind
from schemas.practice_settings import AmountMode
from sinks.ledger.role_slots import RoleSlot
from sinks.poster import role
from sinks.poster.claim_room import ClaimRoom
from sinks.poster.connection_pool import open_pool
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.loop import Poster
from sinks.targets.route import AdapterContext
from streams.runtime.endpoints import Health
from streams.runtime.errors import Role
from streams.settings import ProgramSettings
from tests.scenarios.waiting import WITHIN_S, until
from tests.sinks.poster.offices import SECRET_TEXT, Office, Offices

GATES = 16
PAYMENTS = 6
CALLS = 16
ROUNDS = 4


@pytest.fixture
def busy(offices: Offices) -> list[Office]:
    """As many practices as gates, with payments of as many patients due in each; the target takes its time."""
    offices.sandbox.open_dental.fault(FaultKind.SLOW, Effect.BEFORE, method="POST", path="/payments", seconds=0.1)
    opened = [offices.open(f"practice-{n}", amount=AmountMode.GROSS) for n in range(GATES)]
    for office in opened:
        offices.database.report(*(office.pay(f"pt-{n}") for n in range(PAYMENTS)))
    return opened


@asynccontextmanager
async def _poster(offices: Offices, settings: ProgramSettings, me: str, number: int = 0) -> AsyncIterator[Poster]:
    async with open_pool(settings) as lasting, open_pool(settings, owning=True) as owning:
        access = LedgerAccess(
            connect=lasting.connection, owning=owning.connection, clock=settings.clock(), me=me, group="poster"
        )
        context = AdapterContext(settings=settings, keys=offices.keys, connect=lasting.connection)
        poster = Poster(settings, access, context, Health(), RoleSlot(Role.POSTER, number))
        try:
            yield poster
        finally:
            await poster.close()


async def _shared(offices: Offices) -> dict[str, int]:
    """Gates of each poster after the first has come round some times and then the second; then both post the rest."""
    settings = offices.world.settings(secret_key=SECRET_TEXT, poster_calls=CALLS)
    async with _poster(offices, settings, "first") as first, _poster(offices, settings, "second", 1) as second:
        for poster in (first, second):
            for _ in range(ROUNDS):
                await poster.iterate()
        held: dict[str, int] = dict(
            offices.database.rows("SELECT owner, count(*) FROM gates WHERE owner IS NOT NULL GROUP BY owner")
        )
        stopping = asyncio.Event()
        running = [
            asyncio.create_task(role._run_with_helpers(poster, settings, stopping)) for poster in (first, second)
        ]
        await asyncio.to_thread(until, lambda: _posted(offices) == GATES * PAYMENTS, "all is posted", WITHIN_S)
        stopping.set()
        await asyncio.gather(*running)
    return held


def _posted(offices: Offices) -> int:
    return int(offices.database.one("SELECT count(*) FROM effects WHERE state = 'POSTED'"))


def _once_each(busy: list[Office]) -> bool:
    return all(len(office.payments()) == PAYMENTS and not office.doubled() for office in busy)


def test_two_posters_share_sixteen_gates(offices: Offices, busy: list[Office]) -> None:
    """The first, which finds all of them due, leaves the second what it cannot serve itself."""
    held = asyncio.run(_shared(offices))
    assert 0 < held["first"] < GATES
    assert held["second"] > 0
    assert _once_each(busy)


def test_control_one_that_claims_whatever_is_due_leaves_nothing(
    offices: Offices, busy: list[Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its control: with room for every gate the first takes all, and the second has nothing to do."""
    monkeypatch.setattr(ClaimRoom, "gates", lambda _room, held, _free, **_: 200 - len(list(held)))
    held = asyncio.run(_shared(offices))
    assert held == {"first": GATES}
    assert _once_each(busy)
