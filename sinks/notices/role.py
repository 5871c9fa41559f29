"""The NOTIFIER role: reads what is open, writes the notices that are due, sends them. Several may run side by side."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Final

import psycopg

from sinks.ledger.role_slots import RoleSlot
from sinks.ledger.schema.database import connect, connection_options
from sinks.ledger.schema.version import require_schema
from sinks.notices.channels.catalogue import open_channels
from sinks.notices.channels.email import EmailChannel
from sinks.notices.dead_letter_wakeup import DeadLetterWakeup
from sinks.notices.deliver import Connection, DeliveryQueue
from sinks.notices.digest import plan_digests
from sinks.notices.health_reader import HealthReader
from sinks.notices.measures import count_acknowledged, measure_unread, waiting_channels
from sinks.notices.plan_deliveries import operators
from sinks.notices.problems import open_problems
from sinks.notices.store import NoticeStore
from sinks.notices.watch_silence import SilenceWatch
from streams.runtime.endpoints import Health
from streams.runtime.errors import Role
from streams.runtime.lifecycle import Stop
from streams.runtime.logging import log
from streams.runtime.metrics import BATCH_SECONDS
from streams.runtime.role_loop import run_loop_async
from streams.settings import ProgramSettings

POLL_S: Final = 5.0
"""Between two reads of the ledger when nothing wakes the role: an index scan over what is dead."""
OFTEN_POLL_S: Final = 0.5
OFTEN_FOR_S: Final = 10.0
"""After a dead letter was published, its row may still be on the way through INTAKE: read often for a while."""
DIGEST_POLL_S: Final = 15.0
"""Between two questions at which practices the morning has come."""

MAIL: Final = EmailChannel.name
"""The channel that every installation needs."""

_LOG = log(__name__)


def run(settings: ProgramSettings, stop: Stop, health: Health) -> int:
    """Notify until stopped; returns the exit code 0. Blocks.

    Notices are opened and closed also where a channel lacks what it needs to send; its messages wait, which is said at
    start and by readiness. Raises ConfigurationError for a setting that cannot be, and what an outage ended in.
    """
    return asyncio.run(_run(settings, stop, health))


async def _run(settings: ProgramSettings, stop: Stop, health: Health) -> int:
    stopping = stop.watch()
    wanted = asyncio.Event()
    notifier = Notifier(settings, health, stopping, wanted)
    wakeup = DeadLetterWakeup(settings, stop, wanted)
    reader = HealthReader(settings, stop, wanted)
    wakeup.start()
    reader.start()
    try:
        return await run_loop_async(Role.NOTIFIER, notifier, stopping, health)
    finally:
        await notifier.disconnect()
        await asyncio.to_thread(wakeup.join)
        await asyncio.to_thread(reader.join)


class Notifier:
    """The work of the role. Its connection is made when needed and dropped after an error."""

    def __init__(
        self, settings: ProgramSettings, health: Health, stopping: asyncio.Event, wanted: asyncio.Event
    ) -> None:
        """`wanted` is set when there is news, `stopping` at the stop; both end the wait between two iterations."""
        self._settings = settings
        self._health = health
        self._stopping = stopping
        self._wanted = wanted
        self._clock = settings.clock()
        self._channels = open_channels(settings)
        self._store = NoticeStore(self._channels, settings.support)
        self._queue = DeliveryQueue(self._channels.values())
        self._silence = SilenceWatch(settings.times.health)
        self._slot = RoleSlot(Role.NOTIFIER, settings.slot)
        self._connection: Connection | None = None
        self._often_until = self._digests_at = float("-inf")
        if not operators(self._channels):
            _LOG.warning("no operator is notified of what only an operator can repair", setting="WRITEBACK_OPS_EMAIL")
        email = self._channels.get(MAIL)
        if email is not None and email.missing is not None:
            _LOG.warning("messages of a channel wait", channel=MAIL, reason=email.missing)

    async def disconnect(self) -> None:
        """Let go of the database; the next iteration connects anew. Never raises."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _connected(self) -> Connection:
        if self._connection is None:
            await asyncio.to_thread(_require_schema, self._settings)
            self._connection = await psycopg.AsyncConnection.connect(
                self._settings.database_url, **connection_options("notifier")
            )
            await self._slot.take_async(self._connection)
            email = self._channels.get(MAIL)
            missing = None if email is None else email.missing
            self._health.ready(missing is None, missing or "")
        return self._connection

    async def iterate(self) -> None:
        """1. look whose reports stay away. 2. read what is open. 3. write the notices and mails that are due, digests
        too. 4. send what is due, for some seconds at most. 5. wait, where nothing was."""
        connection = await self._connected()
        began = time.monotonic()
        await self._slot.look_async(connection)
        at = self._clock.for_database()
        await self._silence.look(connection, self._clock.now(), at)
        look = partial(open_problems, connection, at, self._settings.times.health, widely=self._silence.widely)
        await self._store.bring_up_to_date(connection, look, self._clock.now(), at)
        await count_acknowledged(connection)
        unread = await measure_unread(connection, at)
        self._health.depends("readers", f"{unread} open notices have no reader" if unread else "")
        await self._look_for_waiting(connection)
        if time.monotonic() - self._digests_at >= DIGEST_POLL_S:
            self._digests_at = time.monotonic()
            await plan_digests(connection, self._clock.now(), at, self._channels)
        sent = await self._queue.send_due(connection, self._clock.now(), self._clock.for_database())
        BATCH_SECONDS.labels(Role.NOTIFIER.value).observe(time.monotonic() - began)
        if sent == 0:
            await self._wait(OFTEN_POLL_S if time.monotonic() < self._often_until else POLL_S)

    async def _look_for_waiting(self, connection: Connection) -> None:
        """A channel that lacks what it needs matters once a message waits for it; mail always does."""
        waiting = [self._channels[name] for name in await waiting_channels(connection) if name in self._channels]
        missing = [channel.missing for channel in waiting if channel.missing is not None]
        self._health.depends("channels", "; ".join(sorted(missing)))

    async def _wait(self, seconds: float) -> None:
        waits = [asyncio.create_task(self._stopping.wait()), asyncio.create_task(self._wanted.wait())]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        if self._wanted.is_set():
            self._wanted.clear()
            self._often_until = time.monotonic() + OFTEN_FOR_S


def _require_schema(settings: ProgramSettings) -> None:
    with connect(settings.database_url, "notifier-start") as connection:
        require_schema(connection)
