"""The adapters of this process, kept between ownerships so that their HTTP connections stay warm."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from datetime import datetime
from typing import Any, Final

import msgspec

from schemas.vocabulary import ConnectionReason
from sinks.poster.connection_leases import Door
from sinks.poster.planned_call import DoorKey
from sinks.poster.statements import Ledger
from sinks.targets.catalogue import open_target
from sinks.targets.port import PaymentTarget
from sinks.targets.route import StoredConnection, Surroundings, UnusableConnectionError

KEPT: Final = 1_000
"""Adapters beyond this are opened anew when they are needed, longest unused first."""
RETIRED_S: Final = 300.0
"""Longer than any call: what was retired this long ago has none in flight and is closed. A process that serves more
practices than it keeps adapters would otherwise hold all of them for ever."""


class _Open(msgspec.Struct):
    changed_at: datetime
    target: PaymentTarget


class Adapters:
    """By connection; opened anew when the connection's settings changed (E-9 b)."""

    def __init__(self, ledger: Ledger, around: Surroundings) -> None:
        self._ledger = ledger
        self._around = around
        self._open: OrderedDict[DoorKey, _Open] = OrderedDict()
        self._retired: deque[tuple[float, PaymentTarget]] = deque()

    async def give(self, door: Door) -> None:
        """Put the door's adapter into it. Raises UnusableConnectionError, psycopg.Error."""
        known = self._open.get(door.key)
        if known is not None and known.changed_at == door.changed_at:
            self._open.move_to_end(door.key)
        else:
            row = await self._ledger.load_connection(*door.key)
            if row is None:
                raise UnusableConnectionError(ConnectionReason.NEEDS_RECONNECT, "GONE", "the connection was removed")
            if known is not None:
                # Calls may still be in flight on it.
                self._retire(self._open.pop(door.key))
            stored, changed_at = _stored(row)
            known = self._open[door.key] = _Open(changed_at, open_target(stored, self._around))
        door.adapter, door.stale = known.target, False
        while len(self._open) > KEPT:
            self._retire(self._open.popitem(last=False)[1])
        while self._retired and time.monotonic() - self._retired[0][0] > RETIRED_S:
            await self._retired.popleft()[1].close()

    def _retire(self, known: _Open) -> None:
        self._retired.append((time.monotonic(), known.target))

    async def close(self) -> None:
        """Close all of them; no call may be in flight."""
        targets = [known.target for known in self._open.values()] + [target for _, target in self._retired]
        self._open.clear()
        self._retired.clear()
        for target in targets:
            await target.close()


def _stored(row: tuple[Any, ...]) -> tuple[StoredConnection, datetime]:
    home, connection_id, route, base_url, config, secret, changed_at = row
    stored = StoredConnection(
        home_practice_id=home,
        connection_id=connection_id,
        route=route,
        base_url=base_url,
        config=config,
        secret=None if secret is None else bytes(secret),
    )
    return stored, changed_at
