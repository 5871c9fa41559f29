"""The ledger's gauges: what is open, how old it is and how much money it is."""

from __future__ import annotations

import threading
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import DifferenceKind, State, Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from sinks.ledger.schema.database import TRANSACTION_TIMEOUT_S, connect
from streams.runtime.clock import Clock
from streams.runtime.logging import log
from streams.runtime.metrics import (
    EFFECTS_OPEN,
    EVENTS_WAITING,
    FOREIGN_TRANSACTION,
    LINKS_OLDEST,
    LINKS_WAITING,
    OLDEST_DUE,
    PAYOUT_DIFFERENCES,
    PRACTICES_UNKNOWN,
    PRACTICES_UNKNOWN_OLDEST,
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


class _UnknownPractices(msgspec.Struct, frozen=True):
    practices: int
    events: int
    oldest_s: float


class _WaitingEvents(msgspec.Struct, frozen=True):
    state: State
    count: int


class _OpenDifferences(msgspec.Struct, frozen=True):
    """Open differences of payouts, of one kind."""

    kind: DifferenceKind
    count: int


class Gauges:
    """Measured by the intake of slot 0 alone: the numbers are the ledger's, not a process'.

    On a thread and a connection of its own, with the statements' own time limit: a measurement that takes long or fails
    is missed once and never touches a batch. `close` ends it; its end waits for a statement under way at most.
    """

    def __init__(self, database_url: str, clock: Clock) -> None:
        self._database_url = database_url
        self._clock = clock
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gauges", daemon=True)

    def start(self) -> None:
        """Measure now, and once a minute from then on. Does not block."""
        self._thread.start()

    def close(self) -> None:
        """Measure no more. Does not wait: a measurement under way changes numbers only."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                with connect(self._database_url, "gauges") as connection:
                    self.measure(connection)
            except psycopg.Error as error:
                _LOG.warning("the ledger's gauges could not be measured this time", error=type(error).__name__)
            self._ended.wait(EVERY_S)

    def measure(self, connection: psycopg.Connection[TupleRow]) -> None:
        """Set every gauge from the ledger as it is now. Blocks for five statements."""
        rows = fetch_all(connection, _OpenEffects, _SQL["open_effects"], {"now": self._clock.for_database()})
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
        self._measure_events(connection)
        self._measure_others(connection)

    def _measure_events(self, connection: psycopg.Connection[TupleRow]) -> None:
        EVENTS_WAITING.clear()
        for each in fetch_all(connection, _WaitingEvents, _SQL["waiting_events"]):
            EVENTS_WAITING.labels(each.state).set(each.count)
        (unknown,) = fetch_all(
            connection, _UnknownPractices, _SQL["unknown_practices"], {"now": self._clock.for_database()}
        )
        PRACTICES_UNKNOWN.set(unknown.practices)
        PRACTICES_UNKNOWN_OLDEST.set(unknown.oldest_s)

    @staticmethod
    def _measure_others(connection: psycopg.Connection[TupleRow]) -> None:
        PAYOUT_DIFFERENCES.clear()
        for row in fetch_all(connection, _OpenDifferences, _SQL["payout_differences"]):
            PAYOUT_DIFFERENCES.labels(row.kind).set(row.count)
        age_s = fetch_value(connection, _SQL["foreign_transaction"])
        FOREIGN_TRANSACTION.set(age_s)
        if age_s > TRANSACTION_TIMEOUT_S:
            _LOG.warning(
                "another program keeps a transaction open on the ledger, which slows every claim: end it, and run "
                "reports and backups on a replica",
                seconds=round(age_s),
            )
