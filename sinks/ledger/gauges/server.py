"""Gauges of the database server: size, connections, standbys, and another program's transaction that stays open."""

from __future__ import annotations

from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from sinks.ledger.schema.database import TRANSACTION_TIMEOUT_S
from streams.runtime import metrics
from streams.runtime.logging import log

_SQL: Final = named_queries("sinks.ledger.gauges")
_LOG: Final = log(__name__)


class _Database(msgspec.Struct, frozen=True):
    bytes: int
    connections: int
    connections_most: int
    standbys: int


def measure(connection: psycopg.Connection[TupleRow]) -> None:
    """Set them as they are now. Blocks for two statements; raises psycopg.Error."""
    (found,) = fetch_all(connection, _Database, _SQL["database"], {})
    metrics.DATABASE_BYTES.set(found.bytes)
    metrics.DATABASE_CONNECTIONS.set(found.connections)
    metrics.DATABASE_CONNECTIONS_MOST.set(found.connections_most)
    metrics.DATABASE_STANDBYS.set(found.standbys)
    age_s = fetch_value(connection, _SQL["foreign_transaction"])
    metrics.FOREIGN_TRANSACTION.set(age_s)
    if age_s > TRANSACTION_TIMEOUT_S:
        _LOG.warning(
            "another program keeps a transaction open on the ledger, which slows every claim: end it, and run "
            "reports and backups on a replica",
            seconds=round(age_s),
        )
