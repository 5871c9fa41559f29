"""The ledger for a process that serves many people at once: a bounded pool of connections, one for each answer.

A connection begins as the program's own, to ask who somebody is; `narrow` then puts it behind the wall between
practices.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from sinks.ledger.gates import JITTER_S
from sinks.ledger.schema.database import connect, connection_options
from sinks.ledger.schema.version import require_schema
from sinks.ledger.schema.walls import WallState, enter, leave, wall_state
from sinks.operations.acting import Actor
from sinks.operations.ledger import Ledger
from sinks.operations.scope import Scope, scope_of
from sinks.operations.viewing import viewing
from streams.runtime.logging import log
from streams.settings import ProgramSettings

_LOG: Final = log(__name__)
WAIT_S: Final = 5.0
"""For a free connection, and for a new one: a person waits for the answer."""


class LedgerPool:
    """At most `most` connections. Any thread may take one; whoever made the pool closes it."""

    def __init__(self, settings: ProgramSettings, application: str, most: int) -> None:
        """Connects to nothing yet."""
        self._walled = False
        self._settings = settings
        self._application = application
        self._clock = settings.clock()
        self._pool: ConnectionPool[psycopg.Connection[TupleRow]] = ConnectionPool(
            settings.database_url,
            kwargs=connection_options(application),
            min_size=0,
            max_size=most,
            timeout=WAIT_S,
            reconnect_timeout=WAIT_S,
            check=ConnectionPool.check_connection,
            reset=leave,
            open=False,
        )

    def require_schema(self) -> None:
        """Raises ConfigurationError where the database does not hold the schema of this release. Blocks."""
        with connect(self._settings.database_url, f"{self._application}-start") as connection:
            require_schema(connection)
            state = wall_state(connection)
        self._walled = state is WallState.STANDS
        if not self._walled:
            _LOG.warning("no second wall between practices", state=state.value)

    def open(self) -> None:
        """Begin to hand out connections; they are made when they are needed."""
        self._pool.open()

    def close(self) -> None:
        """Blocks until every connection is given back, some seconds at most."""
        self._pool.close()

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """A connection for as long as the block runs. Blocks up to WAIT_S; raises PoolTimeout where none is free or
        the database does not answer."""
        with self._pool.connection() as connection:
            yield Ledger(connection=connection, clock=self._clock, jitter_s=JITTER_S[self._settings.profile])

    @contextmanager
    def serving(self, ledger: Ledger, actor: Actor, practice_id: str | None = None) -> Iterator[None]:
        """A block in which everything is asked for `actor`, on a connection that sees their practices, or only the one
        that is named. Blocks for one statement."""
        self.narrow(ledger, scope_of(actor, practice_id))
        with viewing(actor):
            yield

    def narrow(self, ledger: Ledger, scope: Scope) -> None:
        """Let a connection that `ledger` gave see these practices alone, until its block ends. Blocks for one
        statement. Changes nothing where the database has no such wall (`writeback doctor` says why)."""
        if self._walled:
            enter(ledger.connection, scope)

    def reach(self) -> None:
        """One question to the database. Raises what its client raises where it does not answer. Blocks."""
        with self._pool.connection() as connection:
            connection.execute("SELECT")
