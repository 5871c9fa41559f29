"""The ledger's gauges: what is open, how old it is and how much money it is."""

from __future__ import annotations

import time
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import State
from sinks.ledger.named_queries import named_queries
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
"""It looks at all that is open: a second for some millions, and no more than once a minute."""

_LOG: Final = log(__name__)


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
        rows = self._connection.execute(_SQL["open_effects"], {"now": self._clock.for_database()})
        for gauge in (EFFECTS_OPEN, UNPOSTED, UNPOSTED_MINOR, OLDEST_DUE):
            gauge.clear()
        links = 0
        links_oldest = 0.0
        oldest: dict[str, float] = {}
        for target, state, currency, age, count, minor, oldest_due, oldest_any in rows.fetchall():
            EFFECTS_OPEN.labels(target, state).inc(count)
            UNPOSTED.labels(target, age).inc(count)
            UNPOSTED_MINOR.labels(target, age, currency).inc(minor)
            oldest[target] = max(oldest.get(target, 0.0), oldest_due)
            if state == State.AWAITING_LINK:
                links += count
                links_oldest = max(links_oldest, oldest_any)
        for target, seconds in oldest.items():
            OLDEST_DUE.labels(target).set(seconds)
        LINKS_WAITING.set(links)
        LINKS_OLDEST.set(links_oldest)
        self._measure_others()

    def _measure_others(self) -> None:
        ((age_s,),) = self._connection.execute(_SQL["foreign_transaction"]).fetchall()
        FOREIGN_TRANSACTION.set(age_s)
        if age_s > TRANSACTION_TIMEOUT_S:
            _LOG.warning(
                "another program keeps a transaction open on the ledger, which slows every claim: end it, and run "
                "reports and backups on a replica",
                seconds=round(age_s),
            )
