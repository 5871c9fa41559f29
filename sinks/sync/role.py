"""The SYNC role: practices whose turn it is, several side by side, until stopped. Several processes may run.

Beside them a thread reads who the upstream says that patients are (`identities`).
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from sinks.ledger.role_slots import RoleSlot
from sinks.ledger.schema.database import connect, connection_options
from sinks.ledger.schema.version import require_schema
from sinks.linking.tokens import TokenKeys
from sinks.sync.access import SyncAccess
from sinks.sync.automatic_links import LinkSteps
from sinks.sync.identities.reader import IdentityReader
from sinks.sync.token_fill import TokenFill
from sinks.sync.turns import Turns
from sinks.targets.answer_memory import AnswerMemory
from sinks.targets.credentials import KeyRing
from sinks.targets.route import AdapterContext
from streams.runtime.endpoints import Health
from streams.runtime.errors import Role
from streams.runtime.lifecycle import Stop
from streams.runtime.logging import log
from streams.runtime.metrics import SYNC_TURNS
from streams.runtime.role_loop import run_loop_async
from streams.settings import ProgramSettings

TURNS: Final = 16
"""Practices that are read at once: a page is one of a vendor's at most, so memory is bounded by this."""
POOL: Final = 6
OPEN_S: Final = 15.0
POLL_S: Final = 1.0
"""Between two looks for practices whose turn has come."""
ENLIST_EVERY_S: Final = 60.0
"""Between two walks over all practices for new ones, sooner in a rehearsal; within a walk a stretch at each look."""
MEASURE_EVERY_S: Final = 15.0
FILL_EVERY_S: Final = 30.0
"""Between two looks for patients without tokens, of a release before or of another key; sooner in a rehearsal."""
STOP_S: Final = 5.0
"""For the turns at the end: they give back what they hold."""

_LOG: Final = log(__name__)


def run(settings: ProgramSettings, stop: Stop, health: Health) -> int:
    """Read until stopped; returns the exit code 0. Blocks.

    Raises ConfigurationError without the key that seals what is read of patients; Fenced when a newer process has this
    slot; and what an outage ended in.
    """
    return asyncio.run(_run(settings, stop, health))


async def _run(settings: ProgramSettings, stop: Stop, health: Health) -> int:
    stopping = stop.watch()
    sync = Sync(settings, health, stopping)
    identities = IdentityReader(settings)
    identities.start()
    try:
        return await run_loop_async(Role.SYNC, sync, stopping, health)
    finally:
        await sync.disconnect()
        await asyncio.to_thread(identities.close)


class Sync:
    """The work of the role. Its connections are made when needed and dropped after an error, with every turn."""

    def __init__(self, settings: ProgramSettings, health: Health, stopping: asyncio.Event) -> None:
        self._settings = settings
        self._health = health
        self._stopping = stopping
        self._slot = RoleSlot(Role.SYNC, settings.slot)
        self._memory = AnswerMemory(settings.poster_answer_mb * 1024 * 1024)
        self._me = f"sync-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._pool: AsyncConnectionPool[AsyncConnection[TupleRow]] | None = None
        self._turns: Turns | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._after = ""
        self._enlist_at = self._measure_at = self._fill_at = 0.0
        self._fill: TokenFill | None = None
        self._links = LinkSteps(settings)

    async def iterate(self) -> None:
        """1. Whose slot is it. 2. New practices. 3. Claim what is due, as far as there are places. 4. References that
        may be linked by themselves, beside it. 5. Wait for a turn to end, or a second; what it raised, it raises."""
        pool, turns = await self._connected()
        async with pool.connection() as connection:
            if self._slot.is_due:
                await self._slot.look_async(connection)
            await self._enlist(turns, connection)
            if time.monotonic() >= self._measure_at:
                self._measure_at = time.monotonic() + MEASURE_EVERY_S
                await turns.measure(connection)
            free = TURNS - len(self._running)
            claimed = await turns.claim(connection, free) if free else []
            await self._fill_tokens(connection)
        for each in claimed:
            self._running.add(asyncio.create_task(turns.take(each), name=f"turn {each.practice_id}"))
        SYNC_TURNS.set(len(self._running))
        self._links.go_on()
        await self._wait()

    async def _enlist(self, turns: Turns, connection: AsyncConnection[TupleRow]) -> None:
        if time.monotonic() < self._enlist_at:
            return
        self._after = await turns.enlist(connection, self._after)
        if not self._after:
            self._enlist_at = time.monotonic() + ENLIST_EVERY_S * self._settings.times.claim_idle_s

    async def _fill_tokens(self, connection: AsyncConnection[TupleRow]) -> None:
        """A stretch at each look while there is any, then a look now and then."""
        if self._fill is None or time.monotonic() < self._fill_at:
            return
        if not await self._fill.step(connection):
            self._fill_at = time.monotonic() + FILL_EVERY_S * self._settings.times.claim_idle_s

    async def _wait(self) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        done, _ = await asyncio.wait({stopping, *self._running}, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        ended = self._running & done
        self._running -= ended
        for each in ended:
            each.result()

    async def disconnect(self) -> None:
        """Cut off the turns, which give back what they hold, then let go of the database. Never raises."""
        running, self._running = self._running, set()
        for each in running:
            each.cancel()
        if running:
            done, _ = await asyncio.wait(running, timeout=STOP_S)
            for each in done:
                if not each.cancelled() and (error := each.exception()) is not None:
                    _LOG.warning("a turn ended with an error", error=type(error).__name__)
        await self._links.end(STOP_S)
        pool, self._pool, self._turns = self._pool, None, None
        if pool is not None:
            await pool.close()

    async def _connected(self) -> tuple[AsyncConnectionPool[AsyncConnection[TupleRow]], Turns]:
        if self._pool is None or self._turns is None:
            await asyncio.to_thread(_require_schema, self._settings)
            keys = KeyRing.of(self._settings)
            options: dict[str, Any] = connection_options("sync")
            self._pool = pool = AsyncConnectionPool(
                self._settings.database_url,
                connection_class=AsyncConnection[TupleRow],
                kwargs=options,
                min_size=1,
                max_size=POOL,
                timeout=OPEN_S,
                open=False,
            )
            await pool.open(wait=True, timeout=OPEN_S)
            async with pool.connection() as connection:
                await self._slot.take_async(connection)
            access = self._access(pool, keys)
            self._turns = Turns(access)
            self._fill = TokenFill(keys, access.token_keys)
            self._health.ready(True)
        return self._pool, self._turns

    def _access(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]], keys: KeyRing) -> SyncAccess:
        return SyncAccess(
            settings=self._settings,
            connect=pool.connection,
            clock=self._settings.clock(),
            me=self._me,
            adapters=AdapterContext(settings=self._settings, keys=keys, connect=pool.connection, memory=self._memory),
            memory=self._memory,
            keys=keys,
            token_keys=TokenKeys(self._settings.secret(), self._settings.retired_secrets()),
        )


def _require_schema(settings: ProgramSettings) -> None:
    with connect(settings.database_url, "sync-start") as connection:
        require_schema(connection)
