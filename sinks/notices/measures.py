"""What metrics and readiness say of notices: how many are open, have no reader, or somebody sees to, and how soon."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import DeadLetterReason, Stage
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async, fetch_value_async
from streams.runtime.metric_series import set_all
from streams.runtime.metrics import (
    ACKNOWLEDGE_SECONDS,
    DEAD_LETTER_PRACTICES,
    DEAD_LETTERS_OLDEST,
    DEAD_LETTERS_OPEN,
    NOTICES_ACKNOWLEDGED,
    NOTICES_OPEN,
    NOTICES_UNREAD,
)

_SQL: Final = named_queries("sinks.notices")
UNREAD_AFTER: Final = timedelta(minutes=1)
"""A message that is planned now may still be written in the next round."""
STANDING: Final = timedelta(hours=4)
"""Within a working day somebody could have seen to it."""
Connection = psycopg.AsyncConnection[TupleRow]


class CauseCount(msgspec.Struct, frozen=True):
    cause: str
    count: int


class OpenDeadLetters(msgspec.Struct, frozen=True):
    """Dead letters that nobody has settled, by where they failed and why."""

    stage: Stage
    reason: DeadLetterReason
    count: int
    oldest_s: float
    practices: int
    """Of how many practices one has stood for STANDING."""


class Acknowledgement(msgspec.Struct, frozen=True):
    """One that nobody had measured: how long after the opening of its notice."""

    cause: str
    after_s: float


class WaitingChannel(msgspec.Struct, frozen=True):
    channel: str


async def measure_unread(connection: Connection, at: datetime | None) -> int:
    """Open notices that nobody was told of and nobody is about to be. Sets the gauge."""
    parameters = {"now": at, "grace": UNREAD_AFTER}
    count = int(await fetch_value_async(connection, _SQL["unread"], parameters))
    NOTICES_UNREAD.set(count)
    return count


async def count_acknowledged(connection: Connection) -> None:
    """Counts what was acknowledged since any notifier last looked, and how soon. One statement, which commits: an
    acknowledgement is counted once, or not at all where the process dies right then."""
    for each in await fetch_all_async(connection, Acknowledgement, _SQL["count_acknowledgements"]):
        NOTICES_ACKNOWLEDGED.labels(each.cause).inc()
        ACKNOWLEDGE_SECONDS.observe(each.after_s)


async def measure_open(connection: Connection) -> None:
    """Sets the gauges of open notices and dead letters. Two statements."""
    causes = await fetch_all_async(connection, CauseCount, _SQL["open_by_cause"])
    set_all(NOTICES_OPEN, {(each.cause,): each.count for each in causes})
    dead = await fetch_all_async(connection, OpenDeadLetters, _SQL["open_dead_letters"], {"standing": STANDING})
    set_all(DEAD_LETTERS_OPEN, {(each.stage, each.reason): each.count for each in dead})
    set_all(DEAD_LETTER_PRACTICES, {(each.stage, each.reason): each.practices for each in dead})
    DEAD_LETTERS_OLDEST.set(max((each.oldest_s for each in dead), default=0.0))


async def waiting_channels(connection: Connection) -> list[str]:
    """Channels for which a message waits to be handed over. One statement."""
    return [each.channel for each in await fetch_all_async(connection, WaitingChannel, _SQL["waiting_channels"])]
