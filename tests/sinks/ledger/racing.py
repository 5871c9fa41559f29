"""Two writers at once, held at a known statement: a third session locks a table that one of them needs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from tests.scenarios.waiting import WITHIN_S, until
from tests.sinks.ledger.ledger_fixture import LedgerDatabase


class Racer(threading.Thread):
    """A call in a thread of its own; `finish` raises what it raised."""

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__()
        self._call = call
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self._call()
        except Exception as error:  # noqa: BLE001 - handed to the test
            self.error = error

    def finish(self) -> None:
        self.join(WITHIN_S)
        if self.error is not None:
            raise self.error


@contextmanager
def held(database: LedgerDatabase, table: str) -> Iterator[None]:
    """Nobody writes `table` meanwhile: a transaction that wants to stands still, with all that it has read."""
    with psycopg.connect(database.database_url) as holder:
        holder.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        yield
        holder.rollback()


def until_blocked(database: LedgerDatabase, count: int) -> None:
    """Wait until so many sessions of this database stand at a lock."""
    with psycopg.connect(database.database_url, autocommit=True) as looker:

        def blocked() -> bool:
            row = looker.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ).fetchone()
            return row is not None and row[0] >= count

        until(blocked, f"{count} sessions stand at a lock")
