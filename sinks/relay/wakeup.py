"""Waits for new outbox rows: woken by NOTIFY where it arrives, polling in any case (behind a pooler it may not)."""

from __future__ import annotations

from typing import Final

from sinks.ledger.schema.database import connect
from sinks.relay.outbox_rows import Connection

CHANNEL: Final = "writeback_outbox"
GATHER_S: Final = 0.02
"""Results are for people to read: a Kafka transaction for each of them would cost the broker what postings need."""
POLL_S: Final = 0.5
"""How late a row is published at most when no notification arrives; also how late a stop is noticed."""


class Wakeup:
    """A connection of its own that listens. Lost with its server: the role then opens a new one."""

    def __init__(self, database_url: str) -> None:
        self._connection: Connection = connect(database_url, "relay-listen")
        self._connection.execute(f"LISTEN {CHANNEL}")

    def wait(self) -> None:
        """Return GATHER_S after the next notification, or after POLL_S: one read of the outbox covers all that was
        notified before it. Raises OperationalError when the server is gone."""
        if self._notified(POLL_S, stop_after=1):
            self._notified(GATHER_S)

    def _notified(self, seconds: float, stop_after: int | None = None) -> bool:
        return bool(list(self._connection.notifies(timeout=seconds, stop_after=stop_after)))

    def close(self) -> None:
        self._connection.close()
