"""Adapters that are not used any more are closed: a process may serve more practices than it keeps adapters."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from schemas.vocabulary import Target
from sinks.poster import adapters
from sinks.poster.adapters import Adapters
from sinks.poster.connection_leases import ConnectionLease
from sinks.poster.limiter import HEALTHY, Limiter
from sinks.poster.planned_call import ConnectionKey
from sinks.targets.open_dental.route import OPEN_DENTAL
from sinks.targets.route import StoredConnection
from tests.sinks.poster.call_examples import TIMES

CHANGED = datetime(2026, 3, 2, tzinfo=UTC)


class Adapter:
    closed = False

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Adapter]:
    """The adapters in the order in which they were opened; two are kept idle."""
    made: list[Adapter] = []

    def open_target(*_: object) -> Adapter:
        made.append(Adapter())
        return made[-1]

    monkeypatch.setattr(adapters, "MOST_IDLE", 2)
    monkeypatch.setattr(adapters, "open_target", open_target)
    return made


def _adapters() -> Adapters:
    return Adapters(cast(Any, None))


def _connection(number: int) -> ConnectionLease:
    lease = ConnectionLease(
        ConnectionKey(f"practice-{number}", "pms"),
        epoch=1,
        route="test",
        target_name=Target.PMS.value,
        times=TIMES.of(OPEN_DENTAL.limits),
        limiter=Limiter(),
        breaker=HEALTHY,
    )
    lease.changed_at = CHANGED
    lease.stored = StoredConnection(
        home_practice_id=lease.key.home_practice_id,
        connection_id=lease.key.connection_id,
        route="test",
        base_url="http://127.0.0.1",
        config={},
        secret=None,
    )
    return lease


def _closed(opened: list[Adapter]) -> list[int]:
    return [number for number, each in enumerate(opened) if each.closed]


async def _serve(kept: Adapters, numbers: range) -> None:
    """Each is leased, called and given back before the next."""
    for number in numbers:
        lease = _connection(number)
        await kept.open_for(lease)
        lease.released = True


def test_idle_adapters_beyond_the_limit_are_closed_at_once(opened: list[Adapter]) -> None:
    """However many practices a process serves, it holds what it uses and a bounded number of idle ones."""
    kept = _adapters()

    async def serve() -> None:
        await _serve(kept, range(50))
        assert _closed(opened) == list(range(48))
        await kept.close()

    asyncio.run(serve())
    assert all(each.closed for each in opened)


def test_an_adapter_in_use_is_not_closed(opened: list[Adapter]) -> None:
    """Neither under a lease that is held, nor while a call of one that was lost is in flight."""
    kept, held, calling = _adapters(), _connection(100), _connection(101)

    async def serve() -> None:
        await kept.open_for(held)
        await kept.open_for(calling)
        calling.reserve()
        calling.released = True
        await _serve(kept, range(20))
        assert not {0, 1} & set(_closed(opened))
        held.released = True
        calling.end()
        await _serve(kept, range(20, 24))
        assert {0, 1} <= set(_closed(opened))

    asyncio.run(serve())


def test_an_adapter_of_earlier_settings_is_closed_after_its_calls(opened: list[Adapter]) -> None:
    kept, earlier, later = _adapters(), _connection(1), _connection(1)
    later.changed_at = CHANGED + timedelta(days=1)

    async def serve() -> None:
        await kept.open_for(earlier)
        earlier.reserve()
        earlier.released = True
        await kept.open_for(later)
        assert _closed(opened) == []
        earlier.end()
        await _serve(kept, range(2, 3))
        assert _closed(opened) == [0]

    asyncio.run(serve())
