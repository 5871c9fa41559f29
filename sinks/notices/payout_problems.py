"""Reads from the ledger what payouts differ in, with the ids and cents that a letter names (P-23, P-24, N-6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.bookkeeping.money import Money
from schemas.vocabulary import AttentionReason
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async
from sinks.notices.causes import Cause, CauseKind
from sinks.notices.schedule import Problem

LATE: Final = timedelta(minutes=5)
"""Producers of one payment system differ by minutes: what a payout alone knows may only be on its way."""
_SQL: Final = named_queries("sinks.notices", "payout_problems.sql")
_NONE: Final = "-"


class _Differences(msgspec.Struct, frozen=True):
    """The open differences of one kind at one practice; the lists name the newest."""

    practice_id: str
    reason: AttentionReason
    count: int
    oldest_at: datetime
    numbers: tuple[int, ...]
    payouts: tuple[str, ...]
    others: tuple[str, ...]
    subjects: tuple[str, ...]
    currencies: tuple[str, ...]
    reported: tuple[str, ...]
    paid: tuple[str, ...]

    def details(self) -> Iterator[str]:
        """A line each: ids, and amounts to the cent."""
        named = zip(
            self.numbers,
            self.payouts,
            self.others,
            self.subjects,
            self.currencies,
            self.reported,
            self.paid,
            strict=True,
        )
        for number, payout, other, subject, currency, reported, paid in named:
            parts = [f"d:{number}"]
            if payout != _NONE:
                parts.append(f"payout {payout}" + (f" (also in payout {other})" if other != _NONE else ""))
            parts.append(subject)
            if reported != _NONE:
                parts.append(f"reported {Money(int(reported), currency)}")
            if paid != _NONE:
                parts.append(f"in the payout {Money(int(paid), currency)}")
            yield ", ".join(parts)
        if self.count > len(self.numbers):
            yield f"and {self.count - len(self.numbers)} more: `writeback payouts differences`"


class _News(msgspec.Struct, frozen=True):
    practice_id: str
    reason: AttentionReason
    count: int
    oldest_at: datetime
    subjects: tuple[str, ...]


async def payout_problems(
    connection: psycopg.AsyncConnection[TupleRow], now: datetime | None, news_for: timedelta
) -> list[Problem]:
    """What is open about payouts. `now` None = the database's clock. Two statements."""
    parameters = {"now": now, "late": LATE, "news_for": news_for}
    found = [
        _problem(row.practice_id, row.reason, row.count, row.oldest_at, tuple(row.details()))
        for row in await fetch_all_async(connection, _Differences, _SQL["differences"], parameters)
    ]
    for news in await fetch_all_async(connection, _News, _SQL["news"], parameters):
        named = tuple(f"bank account ending in {each}" for each in news.subjects if each)
        found.append(_problem(news.practice_id, news.reason, news.count, news.oldest_at, named))
    return found


def _problem(
    practice_id: str, reason: AttentionReason, count: int, oldest_at: datetime, details: tuple[str, ...]
) -> Problem:
    cause = Cause(CauseKind.EVENT, None, reason)
    return Problem(practice_id=practice_id, cause=cause, count=count, oldest_at=oldest_at, details=details)
