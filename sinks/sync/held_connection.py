"""Holds a practice's connection for one page, as a poster holds it: one limiter, and whatever is due to be posted goes
first (law 22)."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import msgspec

from sinks.ledger.gates import CHANNEL
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_one_async
from sinks.poster.limiter import Limiter
from sinks.sync.access import SyncAccess
from sinks.sync.records import Held, ReadConnection
from streams.fault_injection import Control, disabled

GIVE_WAY_S: Final = 300.0
"""What has been due for longer than this stands still for another reason, and reading does not wait for it."""
LEASE_MARGIN_S: Final = 15.0
"""Beyond the deadline of the page: storing nothing, only giving the connection back."""
LONGEST_WAIT_S: Final = 10.0
"""For the limiter; a connection that is throttled for longer is left alone."""

_SQL: Final = named_queries("sinks.sync", "claims.sql")


class HeldConnection:
    """The lease of one connection. Between `take` and `let_go` no poster calls over it."""

    def __init__(self, access: SyncAccess, connection: ReadConnection, deadline_s: float) -> None:
        self._access = access
        self._connection = connection
        self._deadline_s = deadline_s
        self._held: Held | None = None

    async def take(self) -> bool:
        """True once a call may start. False: used or closed, or something is to be posted. Raises psycopg.Error."""
        parameters = self._key | {
            "lease_s": self._deadline_s + LONGEST_WAIT_S + LEASE_MARGIN_S,
            "give_way_s": 0.0 if disabled(Control.POSTING_FIRST) else GIVE_WAY_S,
            "now": self._access.clock.for_database(),
        }
        async with self._access.connect() as connection:
            self._held = await fetch_one_async(connection, Held, _SQL["hold"], parameters)
        if self._held is None:
            return False
        wait_s = (self._held.limiter or Limiter()).next_start - time.time()
        if wait_s > LONGEST_WAIT_S:
            return False
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        return True

    async def let_go(self, interval_s: float) -> None:
        """Give it back; the next call over it, whoever's, starts `interval_s` from now at the earliest. Wakes posters
        that had passed it by. Raises psycopg.Error; then its lease runs out."""
        held, self._held = self._held, None
        if held is None:
            return
        before = (held.limiter or Limiter()).next_start
        limiter = Limiter(next_start=max(before, time.time() + interval_s if interval_s > 0 else 0.0))
        parameters = self._key | {
            "epoch": held.epoch,
            "limiter": msgspec.json.encode(limiter).decode(),
            "channel": CHANNEL,
            "now": self._access.clock.for_database(),
        }
        async with self._access.connect() as connection:
            await connection.execute(_SQL["let_go"], parameters)

    @property
    def _key(self) -> dict[str, object]:
        return {
            "home_practice_id": self._connection.home_practice_id,
            "connection_id": self._connection.connection_id,
            "me": self._access.me,
        }
