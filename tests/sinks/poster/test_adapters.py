"""Adapters that are not used any more are closed: a process may serve more practices than it keeps adapters."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sinks.poster import adapters
from sinks.poster.adapters import Adapters
from sinks.poster.planned_call import ConnectionKey
from sinks.targets.route import StoredConnection

CHANGED = datetime(2026, 3, 2, tzinfo=UTC)


class Adapter:
    closed = False

    async def close(self) -> None:
        self.closed = True


def _connection(number: int) -> Any:
    key = ConnectionKey(f"practice-{number}", "pms")
    stored = StoredConnection(
        home_practice_id=key.home_practice_id,
        connection_id=key.connection_id,
        route="test",
        base_url="http://127.0.0.1",
        config={},
        secret=None,
    )
    return SimpleNamespace(key=key, changed_at=CHANGED, stored=stored, adapter=None, stale=True)


@pytest.mark.parametrize(("retired_s", "closed"), [(0.0, 3), (300.0, 0)])
def test_adapters_beyond_the_limit_are_closed_when_no_call_can_use_them(
    monkeypatch: pytest.MonkeyPatch, retired_s: float, closed: int
) -> None:
    opened: list[Adapter] = []

    def open_target(*_: object) -> Adapter:
        opened.append(Adapter())
        return opened[-1]

    monkeypatch.setattr(adapters, "MOST_OPEN", 2)
    monkeypatch.setattr(adapters, "RETIRED_S", retired_s)
    monkeypatch.setattr(adapters, "open_target", open_target)
    kept = Adapters(cast(Any, None))

    async def serve() -> None:
        for number in range(5):
            await kept.open_for(_connection(number))

    asyncio.run(serve())
    assert [each.closed for each in opened] == [True] * closed + [False] * (5 - closed)
    asyncio.run(kept.close())
    assert all(each.closed for each in opened)
