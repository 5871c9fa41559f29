"""The adapters of this process, kept between ownerships so that their HTTP connections stay warm."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Final

import msgspec

from schemas.reasons import ConnectionReason
from sinks.port import PaymentTarget
from sinks.poster.doors import Door
from sinks.poster.ledger import Ledger
from sinks.poster.work import DoorKey
from sinks.routes import StoredConnection, Surroundings, UnusableConnectionError, open_target

KEPT: Final = 1_000
"""Idle adapters beyond this are closed, longest unused first."""


class _Open(msgspec.Struct):
    changed_at: datetime
    target: PaymentTarget


class Adapters:
    """By connection; opened anew when the connection's settings changed (E-9 b)."""

    def __init__(self, ledger: Ledger, around: Surroundings) -> None:
        self._ledger = ledger
        self._around = around
        self._open: OrderedDict[DoorKey, _Open] = OrderedDict()

    async def give(self, door: Door, in_use: set[DoorKey]) -> None:
        """Put the door's adapter into it. Raises UnusableConnectionError, psycopg.Error."""
        known = self._open.get(door.key)
        if known is not None and known.changed_at == door.changed_at:
            self._open.move_to_end(door.key)
            door.adapter = known.target
            return
        row = await self._ledger.load_connection(*door.key)
        if row is None:
            raise UnusableConnectionError(ConnectionReason.NEEDS_RECONNECT, "GONE", "the connection was removed")
        home, connection_id, route, base_url, config, secret, changed_at = row
        stored = StoredConnection(
            home_practice_id=home,
            connection_id=connection_id,
            route=route,
            base_url=base_url,
            config=config,
            secret=None if secret is None else bytes(secret),
        )
        target = open_target(stored, self._around)
        if known is not None:
            await known.target.close()
        self._open[door.key] = _Open(changed_at, target)
        door.adapter = target
        await self._trim(in_use)

    async def _trim(self, in_use: set[DoorKey]) -> None:
        for key in list(self._open):
            if len(self._open) <= KEPT:
                return
            if key not in in_use:
                await self._open.pop(key).target.close()

    async def close(self) -> None:
        """Close all of them; no call may be in flight."""
        while self._open:
            await self._open.popitem()[1].target.close()
