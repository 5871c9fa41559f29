"""The notifier: looks at the ledger, writes what is owed, sends it. Several may run side by side."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import psycopg

from sinks.ledger.schema.database import connection_options
from sinks.notices.channels.email_message import sender_address
from sinks.notices.channels.smtp import mail_server
from sinks.notices.dead_letter_wakeup import Hastener
from sinks.notices.deliver import Connection, Courier
from sinks.notices.digest import plan_digests
from sinks.notices.problems import open_problems
from sinks.notices.store import Book
from streams.runtime.endpoints import HEALTH, Health
from streams.runtime.errors import Consequence, Role, category_of, consequence
from streams.runtime.lifecycle import Stop
from streams.runtime.logging import log
from streams.runtime.metrics import DATABASE_RECONNECTS, ERRORS
from streams.settings import ProgramSettings

LOOK_S: Final = 5.0
"""Between two looks at the ledger when nothing hastens: an index scan over what is dead."""
HASTY_LOOK_S: Final = 0.5
HASTY_FOR_S: Final = 10.0
"""After a dead letter was heard of, its row may still be on the way through INTAKE: look often for a while."""
OUTAGE_S: Final = 600.0
"""Database away for longer: exit loudly and let the supervisor decide. Nothing is lost meanwhile."""
PAUSE_S: Final = 1.0
DIGEST_LOOK_S: Final = 15.0
"""Between two looks at whose morning has come."""

_LOG = log(__name__)


def run(settings: ProgramSettings, stop: Stop, health: Health | None = None) -> int:
    """Notify until stopped; returns the exit code 0. Blocks.

    Without WRITEBACK_SMTP_URL notices are opened and closed all the same, and their mails wait: said at start and by
    readiness. Raises ConfigurationError for an address that cannot be, and what a too long outage ended in.
    """
    return asyncio.run(_Notifier(settings, stop, health or HEALTH).run())


class _Notifier:
    def __init__(self, settings: ProgramSettings, stop: Stop, health: Health) -> None:
        sender = sender_address(settings.notice_from)
        self._settings = settings
        self._stop = stop
        self._health = health
        self._clock = settings.clock()
        self._book = Book(ops_email=settings.ops_email, sender_domain=sender.domain)
        self._courier = Courier(mail_server(settings.smtp_url), sender) if settings.smtp_url else None
        self._sender_domain = sender.domain
        self._hasty_until = self._digests_at = float("-inf")

    async def run(self) -> int:
        if not self._settings.ops_email:
            _LOG.warning("no operator is told of what only an operator can repair", setting="WRITEBACK_OPS_EMAIL")
        if self._courier is None:
            _LOG.warning("no mail is sent: there is no mail server", setting="WRITEBACK_SMTP_URL")
        self._stopped = self._stop.watch()
        self._hurry = asyncio.Event()
        hastener = Hastener(self._settings, self._stop, self._hurry)
        hastener.start()
        healthy_at = time.monotonic()
        while not self._stop:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._settings.database_url, **connection_options("notifier")
                ) as connection:
                    self._health.ready(self._courier is not None, "there is no mail server (WRITEBACK_SMTP_URL)")
                    while not self._stop:
                        await self._turn(connection)
                        healthy_at = time.monotonic()
            except psycopg.Error as error:
                self._health.ready(False, "the database does not answer")
                await self._give_up_or_wait(error, time.monotonic() - healthy_at)
        await asyncio.to_thread(hastener.join)
        return 0

    async def _turn(self, connection: Connection) -> None:
        """1. look. 2. write what is owed, digests too. 3. send until nothing is due. 4. wait."""
        self._health.beat()
        at = self._clock.for_database()
        problems = await open_problems(connection, at)
        await self._book.bring_up_to_date(connection, problems, self._clock.now(), at)
        if time.monotonic() - self._digests_at >= DIGEST_LOOK_S:
            self._digests_at = time.monotonic()
            await plan_digests(connection, at, self._sender_domain)
        while self._courier is not None and not self._stop:
            if not await self._courier.send_due(connection, self._clock.now(), self._clock.for_database()):
                break
            self._health.beat()
        await self._wait(HASTY_LOOK_S if time.monotonic() < self._hasty_until else LOOK_S)

    async def _wait(self, seconds: float) -> None:
        waits = [asyncio.create_task(self._stopped.wait()), asyncio.create_task(self._hurry.wait())]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        if self._hurry.is_set():
            self._hurry.clear()
            self._hasty_until = time.monotonic() + HASTY_FOR_S

    async def _give_up_or_wait(self, error: psycopg.Error, outage_s: float) -> None:
        chosen = consequence(error, Role.NOTIFIER)
        category = category_of(error)
        ERRORS.labels("notifier", category.__name__ if category else "unknown", chosen.value).inc()
        if chosen is not Consequence.RETRY or outage_s > OUTAGE_S:
            raise error
        DATABASE_RECONNECTS.labels("notifier").inc()
        _LOG.warning("the notifier begins again", error=type(error).__name__, seconds=round(outage_s))
        await self._wait(PAUSE_S)
