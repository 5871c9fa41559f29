"""Eras of the ledger (law 4): after a failover or a restored backup nothing is sent before it was looked for."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from streams.runtime.errors import ConfigurationError
from streams.runtime.logging import log

_SQL: Final = named_queries("sinks.ledger.schema", "era.sql")

Connection = psycopg.Connection[TupleRow]

_LOG = log(__name__)


def settle(connection: Connection, now: datetime | None, *, look_first: bool = True) -> int:
    """The era of this server; raises it when the system identifier or the timeline is another one than before.

    Raising sets `look_first` on every open effect in the same transaction, so no poster marks one before that is
    committed. Every role that marks or inserts effects calls this on each new connection. Blocks: with many open
    effects for minutes, once per failover; the usual time limits are lifted for it. `look_first` False is the control.
    """
    with connection.transaction():
        found = connection.execute(_SQL["current"]).fetchone()
        if found is not None and found[0]:
            return int(found[1])
    with connection.transaction():
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.execute("SET LOCAL transaction_timeout = 0")
        raised = connection.execute(_SQL["begin_or_raise"], {"now": now}).fetchone()
        if raised is not None and raised[0] > 1 and look_first:
            marked = connection.execute(_SQL["look_first"]).rowcount
            _LOG.warning("the ledger's server changed: open effects are looked for first", era=raised[0], count=marked)
        current = connection.execute(_SQL["current"]).fetchone()
    if current is None:
        raise ConfigurationError("the ledger has no era: was its schema made with `writeback`?")
    return int(current[1])


def require_standbys(connection: Connection, *, single_node: bool) -> None:
    """Raises ConfigurationError when a commit can be lost with this server and nobody said that this is accepted."""
    if single_node:
        return
    names, synchronous = connection.execute(_SQL["standbys"]).fetchone() or ("", 0)
    if not names or not synchronous:
        raise ConfigurationError(
            "Postgres has no synchronous standby, so a failover could lose a mark and post twice: set "
            "synchronous_standby_names and start a standby, or accept it with WRITEBACK_SINGLE_NODE=true. Where there "
            "is one, this user cannot see it: GRANT pg_monitor to it"
        )
