"""The ledger's gauges: what is open, how old it is and how much money it is."""

from __future__ import annotations

import time
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import State, Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from sinks.ledger.schema.database import TRANSACTION_TIMEOUT_S
from streams.runtime.clock import Clock
from streams.runtime.logging import log
from streams.runtime.metrics import (
    EFFECTS_OPEN,
    FOREIGN_TRANSACTION,
    LINKS_OLDEST,
    LINKS_WAITING,
    OLDEST_DUE,
    UNPOSTED,
    UNPOSTED_MINOR,
)

_SQL: Final = named_queries("sinks.ledger", "gauges.sql")

EVERY_S: Final = 60.0
"""It reads everything that is open, a second for some millions: no more than once a minute."""

_LOG: Final = log(__name__)


class _OpenEffects(msgspec.Struct, frozen=True):
    """Open effects of one target, state, currency and age. Ages are seconds since they were due."""

    target: Target
    state: State
    currency: str
    age: str
    count: int
    minor: int
    oldest_due_s: float
    """Of those that the poster could send."""
    oldest_s: float


class Gauges:
    """Measured by the intake of slot 0 alone: the numbers are the ledger's, not a process'."""

    def __init__(self, connection: psycopg.Connection[TupleRow], clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._measured_at = float("-inf")

    def run(self) -> None:
        """Once a round of the role; does something once a minute. Blocks for one statement."""
        now = time.monotonic()
        if now - self._measured_at >= EVERY_S:
            self._measured_at = now
            self.measure()

    def measure(self) -> None:
        """Set every gauge from the ledger as it is now. Blocks for two statements."""
        rows = fetch_all(self._connection, _OpenEffects, _SQL["open_effects"], {"now": self._clock.for_database()})
        for gauge in (EFFECTS_OPEN, UNPOSTED, UNPOSTED_MINOR, OLDEST_DUE):
            gauge.clear()
        links = 0
        links_oldest = 0.0
        oldest: dict[str, float] = {}
        for row in rows:
            EFFECTS_OPEN.labels(row.target, row.state).inc(row.count)
            UNPOSTED.labels(row.target, row.age).inc(row.count)
            UNPOSTED_MINOR.labels(row.target, row.age, row.currency).inc(row.minor)
            oldest[row.target] = max(oldest.get(row.target, 0.0), row.oldest_due_s)
            if row.state is State.AWAITING_LINK:
                links += row.count
                links_oldest = max(links_oldest, row.oldest_s)
        for target, seconds in oldest.items():
            OLDEST_DUE.labels(target).set(seconds)
        LINKS_WAITING.set(links)
        LINKS_OLDEST.set(links_oldest)
        self._measure_others()

    def _measure_others(self) -> None:
        age_s = fetch_value(self._connection, _SQL["foreign_transaction"])
        FOREIGN_TRANSACTION.set(age_s)
        if age_s > TRANSACTION_TIMEOUT_S:
            _LOG.warning(
                "another program keeps a transaction open on the ledger, which slows every claim: end it, and run "
                "reports and backups on a replica",
                seconds=round(age_s),
            )
