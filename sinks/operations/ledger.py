"""The ledger as operations see it: a connection, business time, and the spread of what comes due at one moment."""

from __future__ import annotations

from datetime import datetime

import msgspec
import psycopg
from psycopg.rows import TupleRow

from streams.runtime.clock import Clock

Connection = psycopg.Connection[TupleRow]


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """What every action and many queries take. Whoever opened the connection closes it."""

    connection: Connection
    """Autocommit, with the schema of this release."""
    clock: Clock
    jitter_s: int
    """Seconds over which releases at one cut-off are spread (`sinks.ledger.gates.JITTER_S`)."""

    @property
    def now(self) -> datetime | None:
        """Business time as a statement takes it; None: the database's own clock."""
        return self.clock.for_database()
