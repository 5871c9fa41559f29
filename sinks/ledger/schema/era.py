"""Eras of the ledger (law 4): after a failover or a restored backup nothing is sent before it was read back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import EraProof
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_one, fetch_value
from streams.runtime.errors import ConfigurationError
from streams.runtime.logging import log

_SQL: Final = named_queries("sinks.ledger.schema", "era.sql")

Connection = psycopg.Connection[TupleRow]

_LOG = log(__name__)


class CurrentEra(msgspec.Struct, frozen=True):
    """The ledger's era. `same_server`: this is the server, and the timeline, that it was raised for."""

    same_server: bool
    era: int


class _Standbys(msgspec.Struct, frozen=True):
    names: str
    connected: int


def enter_era(connection: Connection, now: datetime | None, *, look_first: bool = True) -> int:
    """The era of this server; raises it when the system identifier or the timeline is another one than before.

    Raising sets `look_first` on every open effect in the same transaction, so no poster marks one before that is
    committed. Every role that marks or inserts effects calls this on each new connection. Blocks: with many open
    effects for minutes, once per failover; the usual time limits are lifted for it. `look_first` False is the control.
    """
    with connection.transaction():
        current = fetch_one(connection, CurrentEra, _SQL["current_era"])
        if current is not None and current.same_server:
            return current.era
    with connection.transaction():
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.execute("SET LOCAL transaction_timeout = 0")
        raised = fetch_value(connection, _SQL["begin_or_raise"], {"now": now})
        if raised is not None and raised > 1:
            marked = read_back_open_effects(connection) if look_first else 0
            note_raise(connection, raised, now, [EraProof.OTHER_SERVER], marked)
            _LOG.warning("the ledger's server changed: open effects are read back first", era=raised, count=marked)
        current = fetch_one(connection, CurrentEra, _SQL["current_era"])
    if current is None:
        raise ConfigurationError("the ledger has no era: was its schema made with `writeback`?")
    return current.era


def note_raise(
    connection: Connection, raised: int, now: datetime | None, proofs: Sequence[EraProof], entries: int
) -> None:
    """Keeps why the era was raised, so that the operator is told once of it. In the caller's transaction."""
    parameters = {"era": raised, "now": now, "proofs": [proof.value for proof in proofs], "entries": entries}
    connection.execute(_SQL["note_raise"], parameters)


def read_back_open_effects(connection: Connection) -> int:
    """Sets `look_first` on every open effect, in the caller's transaction; answers how many."""
    return connection.execute(_SQL["read_back_open_effects"]).rowcount


def require_standbys(connection: Connection, *, single_node: bool) -> None:
    """Raises ConfigurationError when a commit can be lost with this server and nobody said that this is accepted."""
    if single_node:
        return
    standbys = fetch_one(connection, _Standbys, _SQL["standbys"])
    if standbys is None or not standbys.names or not standbys.connected:
        raise ConfigurationError(
            "Postgres has no synchronous standby, so a failover could lose a mark and post twice: set "
            "synchronous_standby_names and start a standby, or accept it with WRITEBACK_SINGLE_NODE=true. Where there "
            "is one, this user cannot see it: GRANT pg_monitor to it"
        )
