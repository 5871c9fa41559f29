"""Measures the ledger once a minute, on a thread and a connection of its own."""

from __future__ import annotations

import threading
import time
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.gauges import accounts, open_work, server
from sinks.ledger.schema.database import connect
from streams.runtime.clock import Clock
from streams.runtime.logging import log
from streams.runtime.metrics import MEASURED_AT

EVERY_S: Final = 60.0
"""It reads everything that is open, a second for some millions: no more than once a minute."""
EVERY_IN_REHEARSAL_S: Final = 5.0
"""A rehearsal runs a day in a minute, over few entries."""

_LOG: Final = log(__name__)


class Gauges:
    """Measured by the intake of slot 0 alone: the numbers are the ledger's, not a process'.

    On a thread and a connection of its own, with the statements' own time limit: a measurement that takes long or fails
    is missed once and never touches a batch. `close` ends it; its end waits for a statement under way at most.
    """

    def __init__(self, database_url: str, clock: Clock, every_s: float = EVERY_S) -> None:
        self._database_url = database_url
        self._clock = clock
        self._every_s = every_s
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
            self._ended.wait(self._every_s)

    def measure(self, connection: psycopg.Connection[TupleRow]) -> None:
        """Set every gauge from the ledger as it is now. Blocks for some statements; raises psycopg.Error, and leaves
        the gauges behind that statement as they were."""
        open_work.measure(connection, self._clock)
        accounts.measure(connection, self._clock)
        server.measure(connection)
        MEASURED_AT.set(time.time())
