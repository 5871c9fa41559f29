"""Gauges of accounts at others: payouts that differ from what was reported, closed connections, accesses that end."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import UTC, datetime, time
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.bookkeeping.banking_days import banking_days_before
from schemas.vocabulary import ConnectionReason, DifferenceKind
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from streams.runtime import metrics
from streams.runtime.clock import Clock
from streams.runtime.metric_catalogue import TOKEN_WINDOWS
from streams.runtime.metric_series import set_all

OVERDUE_DAYS: Final = 2
"""Banking days after which a difference is nobody's delay any more: the other half of it would have come."""

_SQL: Final = named_queries("sinks.ledger.gauges")


class _OpenDifferences(msgspec.Struct, frozen=True):
    """Open differences of payouts, of one kind."""

    kind: DifferenceKind
    currency: str
    count: int
    minor: int
    overdue: int


class _ClosedConnections(msgspec.Struct, frozen=True):
    route: str
    reason: ConnectionReason
    count: int
    oldest_s: float


class _Connections(msgspec.Struct, frozen=True):
    """Practices' connections over one route."""

    route: str
    count: int


def measure(connection: psycopg.Connection[TupleRow], clock: Clock) -> None:
    """Set them from the ledger as it is now. Blocks for six statements; raises psycopg.Error."""
    given = {"overdue_before": overdue_before(clock.now())}
    _show_differences(fetch_all(connection, _OpenDifferences, _SQL["payout_differences"], given))
    closed = fetch_all(connection, _ClosedConnections, _SQL["closed_connections"], {})
    set_all(metrics.CONNECTIONS_CLOSED, {(each.route, each.reason): each.count for each in closed})
    set_all(metrics.CONNECTIONS_CLOSED_OLDEST, {(each.route, each.reason): each.oldest_s for each in closed})
    used = fetch_all(connection, _Connections, _SQL["connections_in_use"], {})
    set_all(metrics.CONNECTIONS, {(each.route,): each.count for each in used})
    days = fetch_value(connection, _SQL["token_days"])
    metrics.TOKEN_DAYS.set(math.nan if days is None else days)
    for words, within in TOKEN_WINDOWS.items():
        metrics.TOKENS_ENDING.labels(words).set(fetch_value(connection, _SQL["tokens_ending"], {"within_days": within}))


def overdue_before(now: datetime) -> datetime:
    """What was found before this has stood for more than OVERDUE_DAYS whole banking days. Pure."""
    day = banking_days_before(now.astimezone(UTC).date(), OVERDUE_DAYS)
    return datetime.combine(day, time.max, UTC)


def _show_differences(found: list[_OpenDifferences]) -> None:
    counts: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for row in found:
        counts[(row.kind,)] += row.count
    set_all(metrics.PAYOUT_DIFFERENCES, counts)
    set_all(metrics.PAYOUT_DIFFERENCES_MINOR, {(row.kind, row.currency): row.minor for row in found})
    metrics.PAYOUT_DIFFERENCES_OLD.set(sum(row.overdue for row in found))
