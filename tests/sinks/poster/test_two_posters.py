"""Two posters share what is due: each holds no more than its calls can serve, and nothing is doubled (law 21)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import psycopg
import pytest

from deploy.sandbox.running import Effect, FaultKind
from schemas.practice_settings import AmountMode, Timing
from sinks.ledger.role_slots import RoleSlot
from sinks.poster import role
from sinks.poster.claim_room import ClaimRoom
from sinks.poster.connection_pool import open_pool
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.loop import Poster
from sinks.targets.credentials import KeyRing
from sinks.targets.route import AdapterContext
from streams.runtime.endpoints import Health
from streams.runtime.errors import Role
from streams.settings import ProgramSettings
from tests.benchmarks.due_entries import Filling, fill_due
from tests.benchmarks.ledgers import SECRET as BARE_SECRET
from tests.benchmarks.ledgers import SECRET_TEXT as BARE_SECRET_TEXT
from tests.benchmarks.ledgers import furnish
from tests.benchmarks.targets import BareTarget, bare_target
from tests.benchmarks.traffic import histories, practice_ids
from tests.scenarios.waiting import WITHIN_S, until
from tests.sinks.poster.offices import SECRET_TEXT, Office, Offices
from tests.worlds import World

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
async def _poster(keys: KeyRing, settings: ProgramSettings, me: str, number: int = 0) -> AsyncIterator[Poster]:
    async with open_pool(settings) as lasting, open_pool(settings, owning=True) as owning:
        access = LedgerAccess(
            connect=lasting.connection, owning=owning.connection, clock=settings.clock(), me=me, group="poster"
        )
        context = AdapterContext(settings=settings, keys=keys, connect=lasting.connection)
        poster = Poster(settings, access, context, Health(), RoleSlot(Role.POSTER, number))
        try:
            yield poster
        finally:
            await poster.close()


async def _shared(offices: Offices) -> dict[str, int]:
    """Gates of each poster after the first has come round some times and then the second; then both post the rest."""
    settings = offices.world.settings(secret_key=SECRET_TEXT, poster_calls=CALLS)
    keys = offices.keys
    async with _poster(keys, settings, "first") as first, _poster(keys, settings, "second", 1) as second:
        for poster in (first, second):
            for _ in range(ROUNDS):
                await poster.iterate()
        held: dict[str, int] = dict(
            offices.database.rows("SELECT owner, count(*) FROM gates WHERE owner IS NOT NULL GROUP BY owner")
        )
        async with _running(settings, first, second):
            await asyncio.to_thread(until, lambda: _posted(offices) == GATES * PAYMENTS, "all is posted", WITHIN_S)
    return held


@asynccontextmanager
async def _running(settings: ProgramSettings, *posters: Poster) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    running = [asyncio.create_task(role._run_with_helpers(poster, settings, stopping)) for poster in posters]
    try:
        yield
    finally:
        stopping.set()
        await asyncio.gather(*running)


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


@contextmanager
def _crowd(world: World, gates: int, entries: int) -> Iterator[BareTarget]:
    """As many practices with payments of as many patients due in each; the target answers after a fifth of a second."""
    with bare_target(0.2) as target:
        practices = practice_ids(gates)
        furnish(world.database_url, list(histories(practices, Timing.INSTANT)), target.base_url, patients=entries)
        with psycopg.connect(world.database_url, autocommit=True) as connection:
            fill_due(connection, Filling(practices=practices, entries=entries, lanes=entries))
        yield target


async def _in_calls(world: World, due: int) -> Counter[str]:
    """Who owned the gates of the calls in flight, looked at again and again until all is posted. The first poster had
    served practices with single payments, so that it claims all the gates it may; only then the second comes."""
    settings = world.settings(secret_key=BARE_SECRET_TEXT, poster_calls=CALLS, profile="production")
    keys, found = KeyRing(BARE_SECRET), Counter[str]()

    def posted() -> bool:
        with psycopg.connect(world.database_url) as connection:
            found.update(dict(connection.execute(_OWNERS).fetchall()))
            row = connection.execute("SELECT count(*) FROM outcomes WHERE state = 'POSTED'").fetchone()
        return row is not None and row[0] == due

    async with _poster(keys, settings, "first") as first, _poster(keys, settings, "second", 1) as second:
        first.leases._room._width = 1.0
        for _ in range(ROUNDS):
            await first.iterate()
        async with _running(settings, first, second):
            await asyncio.to_thread(until, posted, "all is posted", WITHIN_S)
    return found


_OWNERS = (
    "SELECT g.owner, count(*) FROM work w JOIN gates g USING (practice_id, connection_id)"
    " WHERE w.state = 'SENDING' AND g.owner IS NOT NULL GROUP BY g.owner"
)


@pytest.mark.parametrize(("gates", "entries"), [(GATES, 24), (600, 1)])
def test_two_posters_share_gates_whatever_their_number(world: World, gates: int, entries: int) -> None:
    """Sixteen that the first holds, and could serve only one after the other; six hundred that neither can hold."""
    with _crowd(world, gates, entries) as target:
        found = asyncio.run(_in_calls(world, gates * entries))
        assert set(found) == {"first", "second"}
        assert min(found.values()) > sum(found.values()) / 8
        assert target.count() == len(target.seen()) == gates * entries


def test_control_one_that_keeps_what_it_cannot_serve_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its control: where nothing is given back, the second stands beside sixteen gates full of work."""
    monkeypatch.setattr(ClaimRoom, "surplus", lambda *_: [])
    with _crowd(world, GATES, 24):
        found = asyncio.run(_in_calls(world, GATES * 24))
    assert set(found) == {"first"}
