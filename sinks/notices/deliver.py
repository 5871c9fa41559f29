"""Sends the deliveries that are due: marked, committed, sent, answered (law 26). Knows channels by their port alone."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import product
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import DeliveryState
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async
from sinks.notices.channels.port import Channel, Incident, Message, Outcome, SealedEndpoint, SendResult
from sinks.notices.digest import STEP as DIGEST
from sinks.notices.plan_deliveries import Recipient, contacts_of, quiet_hours, reader_of
from sinks.notices.schedule import StepKind
from streams.fault_injection import CrashPoint, reach
from streams.runtime.logging import log
from streams.runtime.metrics import DELIVERIES

ROUND_S: Final = 5.0
"""As long as the role waits between two reads of the ledger: a letter of today is not held up by a long queue."""
ABANDONED_AFTER: Final = 2
"""Deadlines of a message: a mark that is older has no sender any more."""
FIRST_RETRY_S: Final = 2.0
LONGEST_RETRY_S: Final = 15 * 60.0
GIVE_UP_AFTER: Final = timedelta(hours=24)
"""By then the next reminder is due and says the same with newer numbers."""
_STATES: Final = {
    Outcome.SENT: DeliveryState.SENT,
    Outcome.NOT_SENT: DeliveryState.DUE,
    Outcome.REFUSED: DeliveryState.FAILED,
    Outcome.UNCERTAIN: DeliveryState.UNCERTAIN,
}

_SQL = named_queries("sinks.notices")
_LOG = log(__name__)
Connection = psycopg.AsyncConnection[TupleRow]


class MarkedDelivery(msgspec.Struct, frozen=True):
    """A row of `deliveries` that this process has marked."""

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
    thread: str | None
    reference: str | None
    endpoint: bytes | None
    """Of the contact: sealed."""
    endpoint_of: str | None
    """Whose contact it is."""

    def message(self) -> Message:
        sealed = None if self.endpoint is None or self.endpoint_of is None else (self.endpoint_of, self.endpoint)
        return Message(
            message_id=self.message_id,
            recipient=self.recipient,
            subject=self.subject,
            body=self.body,
            written_at=self.written_at,
            incident=Incident(
                practice_id=self.practice_id,
                cause=self.cause,
                opened_at=self.opened_at,
                step=self.step.partition("-")[2],
                reference=self.reference,
            ),
            thread=self.thread,
            endpoint=None if sealed is None else SealedEndpoint(*sealed),
        )


class DeliveryQueue:
    """The deliveries of this process's channels, each row sent by the one notifier that marked it."""

    def __init__(self, channels: Iterable[Channel]) -> None:
        """Channels that cannot send are left out: their rows stay DUE."""
        self._channels = [channel for channel in channels if channel.missing is None]
        for channel, step, outcome in product(self._channels, [*StepKind, _kind_of(DIGEST)], Outcome):
            DELIVERIES.labels(channel.name, step, outcome.value.lower())  # there from the start

    async def send_due(self, connection: Connection, now: datetime, at: datetime | None) -> int:
        """One round; returns how many messages were tried. `now` and `at`: business time here and for the database
        (None: its own clock).

        Channels send side by side, so that one whose receivers are silent holds up none of the others. No channel
        begins another batch after ROUND_S: what is new is looked for again then. Raises what an outage raised, after
        every message that was under way has been answered, or could not be.
        """
        until = time.monotonic() + ROUND_S
        rounds = (_send_until(connection, channel, now, at, until) for channel in self._channels)
        found = await asyncio.gather(*rounds, return_exceptions=True)
        for each in found:
            if isinstance(each, BaseException):
                raise each
        return sum(each for each in found if isinstance(each, int))


async def _send_until(
    connection: Connection, channel: Channel, now: datetime, at: datetime | None, until: float
) -> int:
    """Batch after batch until nothing is due. The connection runs the statements of all channels one by one."""
    tried = 0
    while (sent := await _send_due(connection, channel, now, at)) > 0:
        tried += sent
        if time.monotonic() >= until:
            break
    return tried


async def _send_due(connection: Connection, channel: Channel, now: datetime, at: datetime | None) -> int:
    """Mark, commit, send, answer; at most `at_once`.

    1. marks without a sender become UNCERTAIN. 2. what is due is marked, and committed before a byte leaves.
    3. send. 4. answer. A crash after 2 leaves UNCERTAIN, which is repeated once, under the same message id.
    """
    lease = timedelta(seconds=ABANDONED_AFTER * channel.deadline_s)
    await connection.execute(_SQL["abandoned"], {"channel": channel.name, "lease": lease})
    chosen = {"channel": channel.name, "now": at, "most": channel.at_once}
    marked = await fetch_all_async(connection, MarkedDelivery, _SQL["mark"], chosen)
    if not marked:
        return 0
    reach(CrashPoint.NOTIFIER_AFTER_MARK)
    results = await asyncio.gather(*(_sent(channel, delivery) for delivery in marked))
    reach(CrashPoint.NOTIFIER_AFTER_SEND)
    for delivery, result in zip(marked, results, strict=True):
        answer = _answer(delivery, result, now)
        if result.outcome is Outcome.NOT_SENT:
            answer["again_s"] = await _outside_quiet_hours(connection, delivery, now, answer["again_s"])
        await connection.execute(_SQL["answer"], answer | {"now": at})
        _report(delivery, result)
    return len(marked)


async def _sent(channel: Channel, delivery: MarkedDelivery) -> SendResult:
    """One try. What one message does to its channel is that message's alone: the others of the round are answered."""
    try:
        return await channel.send(delivery.message())
    except Exception as error:  # noqa: BLE001 - a channel never raises; where one does, nobody knows what went out
        _LOG.failure("a channel raised instead of answering", error, practice_id=delivery.practice_id)
        return SendResult(Outcome.UNCERTAIN, "CHANNEL_ERROR")


def _answer(delivery: MarkedDelivery, result: SendResult, now: datetime) -> dict[str, Any]:
    state = _STATES[result.outcome]
    if state is DeliveryState.DUE and now - delivery.written_at > GIVE_UP_AFTER:
        state = DeliveryState.FAILED
    return {
        "practice_id": delivery.practice_id,
        "cause": delivery.cause,
        "opened_at": delivery.opened_at,
        "step": delivery.step,
        "channel": delivery.channel,
        "recipient": delivery.recipient,
        "attempts": delivery.attempts,
        "state": state.value,
        "code": result.code,
        "again_s": _again_s(delivery.attempts),
    }


async def _outside_quiet_hours(
    connection: Connection, delivery: MarkedDelivery, now: datetime, again_s: float
) -> float:
    """When a message is tried again, in seconds from now: not while its reader wants quiet."""
    again = now + timedelta(seconds=again_s)
    contacts = await contacts_of(connection, delivery.practice_id)
    zone = (await reader_of(connection, delivery.practice_id)).zone
    held = quiet_hours(contacts, zone, again).get(Recipient(delivery.channel, delivery.recipient))
    return again_s if held is None else (held - now).total_seconds()


def _again_s(attempts: int) -> float:
    """Full jitter from FIRST_RETRY_S, doubling to LONGEST_RETRY_S; a due time, nobody sleeps on it."""
    ceiling = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(attempts, 16))
    return random.uniform(FIRST_RETRY_S / 2, ceiling)  # noqa: S311 - spreads load, keeps no secret


def _kind_of(step: str) -> str:
    """The kind of a step, without its number."""
    return step.partition("-")[2]


def _report(delivery: MarkedDelivery, result: SendResult) -> None:
    DELIVERIES.labels(delivery.channel, _kind_of(delivery.step), result.outcome.value.lower()).inc()
    say = _LOG.info if result.outcome is Outcome.SENT else _LOG.warning
    say(
        "notice delivery",
        practice_id=delivery.practice_id,
        notice_cause=delivery.cause,
        state=result.outcome.value,
        code=result.code,
        attempt=delivery.attempts,
    )
