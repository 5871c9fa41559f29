"""Deliveries from DUE to what became of them: marked, sent, answered (law 26)."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta
from email.headerregistry import Address
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.notices.channels.email_message import compose
from sinks.notices.channels.smtp import DEADLINE_S, Delivered, Fate, MailServer, send
from sinks.notices.email_text import Letter
from streams.fault_injection import CrashPoint, reach
from streams.runtime.logging import log
from streams.runtime.metrics import DELIVERIES

AT_ONCE: Final = 8
"""Mails in flight: many more and a small mail server starts to refuse."""
LEASE: Final = timedelta(seconds=2 * DEADLINE_S)
"""A mark older than twice the deadline of a mail has no sender any more."""
FIRST_RETRY_S: Final = 2.0
LONGEST_RETRY_S: Final = 15 * 60.0
GIVE_UP_AFTER: Final = timedelta(hours=24)
"""By then the next reminder is due and says the same with newer numbers."""

_SQL = named_queries("sinks.notices")
_LOG = log(__name__)
Connection = psycopg.AsyncConnection[TupleRow]


class Delivery(msgspec.Struct, frozen=True):
    """A marked row of `deliveries`."""

    practice_id: str
    cause: str
    opened_at: datetime
    step: str
    channel: str
    recipient: str
    message_id: str
    subject: str
    body: str
    written_at: datetime
    attempts: int


class Sending:
    """Sends what is due, many at a time, each row by the one notifier that marked it."""

    def __init__(self, server: MailServer, sender: Address) -> None:
        self._server = server
        self._sender = sender

    async def send_due(self, connection: Connection, now: datetime, at: datetime | None) -> int:
        """Mark, commit, send, answer; at most AT_ONCE. Returns how many were tried. `now` and `at`: business time.

        1. marks without a sender become UNCERTAIN. 2. what is due is marked, and committed before a byte leaves.
        3. send. 4. answer. A crash after 2 leaves UNCERTAIN, which is repeated once, under the same Message-ID.
        """
        await connection.execute(_SQL["abandoned"], {"lease": LEASE})
        rows = await (await connection.execute(_SQL["mark"], {"now": at, "most": AT_ONCE})).fetchall()
        marked = [Delivery(*row) for row in rows]
        if not marked:
            return 0
        reach(CrashPoint.NOTIFIER_AFTER_MARK)
        fates = await asyncio.gather(*(self._send(delivery) for delivery in marked))
        reach(CrashPoint.NOTIFIER_AFTER_SEND)
        for delivery, delivered in zip(marked, fates, strict=True):
            await connection.execute(_SQL["answer"], _answer(delivery, delivered, now) | {"now": at})
            _tell(delivery, delivered)
        return len(marked)

    async def _send(self, delivery: Delivery) -> Delivered:
        message = compose(
            Letter(delivery.subject, delivery.body),
            message_id=delivery.message_id,
            sender=self._sender,
            recipient=delivery.recipient,
            written_at=delivery.written_at,
        )
        return await send(self._server, message, self._sender.addr_spec, delivery.recipient)


def _answer(delivery: Delivery, delivered: Delivered, now: datetime) -> dict[str, Any]:
    fate = delivered.fate
    state = {Fate.SENT: "SENT", Fate.REFUSED: "FAILED", Fate.UNCERTAIN: "UNCERTAIN"}.get(fate, "DUE")
    if fate is Fate.NOT_SENT and now - delivery.written_at > GIVE_UP_AFTER:
        state = "FAILED"
    return {
        "practice_id": delivery.practice_id,
        "cause": delivery.cause,
        "opened_at": delivery.opened_at,
        "step": delivery.step,
        "channel": delivery.channel,
        "recipient": delivery.recipient,
        "attempts": delivery.attempts,
        "state": state,
        "code": delivered.code,
        "again_s": _again_s(delivery.attempts),
    }


def _again_s(attempts: int) -> float:
    """Full jitter from FIRST_RETRY_S, doubling to LONGEST_RETRY_S; a due time, nobody sleeps on it."""
    ceiling = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(attempts, 16))
    return random.uniform(FIRST_RETRY_S / 2, ceiling)  # noqa: S311 - spreads load, keeps no secret


def _tell(delivery: Delivery, delivered: Delivered) -> None:
    step = delivery.step.partition("-")[2]
    DELIVERIES.labels(delivery.channel, step, delivered.fate.value.lower()).inc()
    say = _LOG.info if delivered.fate is Fate.SENT else _LOG.warning
    say(
        "notice delivery",
        practice_id=delivery.practice_id,
        notice_cause=delivery.cause,
        state=delivered.fate.value,
        code=delivered.code,
        attempt=delivery.attempts,
    )
