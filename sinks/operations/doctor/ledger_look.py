"""Looks at the database: whether it answers, its schema and clock, and what waits in the ledger. Reads only."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

import psycopg

from schemas.vocabulary import DeadLetterReason
from sinks.ledger.gauges.open_work import OVERDUE
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.stored_connections import list_connections
from sinks.ledger.rows.fetch import fetch_all, fetch_one, fetch_value
from sinks.ledger.schema.database import connection_options
from sinks.ledger.schema.version import SchemaState, schema_state
from sinks.ledger.schema.walls import wall_state
from sinks.operations.doctor.facts import (
    ClockAhead,
    ClosedSeen,
    EndingCredential,
    Looked,
    StandbysSeen,
    StoppedRole,
    StuckGate,
    WrongMapping,
)
from sinks.operations.doctor.finding import Check
from sinks.operations.ledger import Connection
from sinks.operations.queries.lag import LOOKED_AT, Closed, Dead, OpenCounts, OutboxDepth, Waiting
from sinks.operations.queries.topic_partitions import FixedPartitions
from streams.runtime.metric_catalogue import TOKEN_WINDOWS
from streams.settings import ProgramSettings

CONNECT_S: Final = 4
STATEMENT_S: Final = 3
"""A statement that takes longer is left out; the others follow."""
MOST: Final = 1_000
"""Cases of one kind that are looked at. Findings name the first and count so many at most."""
MAPPING_REASONS: Final = (
    DeadLetterReason.MAPPING_MISSING,
    DeadLetterReason.MAPPING_INVALID,
    DeadLetterReason.ACCOUNT_INACTIVE,
    DeadLetterReason.BANK_NOT_MAPPED,
)
"""What another mapping of the connection repairs."""
OF_THE_LEDGER: Final = (
    Check.CREDENTIALS,
    Check.MAPPINGS,
    Check.LANES,
    Check.CONNECTIONS,
    Check.LINKS,
    Check.NOTICES,
    Check.DEAD_LETTERS,
    Check.OUTBOX,
    Check.ROLES,
    Check.STANDBYS,
    Check.WALL,
)
WORKED_ON: Final = frozenset({SchemaState.CURRENT, SchemaState.AHEAD})

_SQL: Final = named_queries("sinks.operations.doctor", "doctor.sql")
_LAG: Final = named_queries("sinks.operations.queries", "lag.sql")
_TOPICS: Final = named_queries("sinks.operations.queries", "topic_partitions.sql")


def look_at_ledger(settings: ProgramSettings, looked: Looked, fixed: Future[dict[str, int] | None]) -> None:
    """Everything that the database says, each check by itself. Blocks, for ever where a server hangs: run it on a
    thread. `fixed` is given the partition counts of the ledger's first start, None where they are not known."""
    try:
        with _connect(settings.database_url) as connection:
            _look(connection, settings, looked, fixed)
    except psycopg.Error as error:
        looked.saw("database_silent", _why(error))
    finally:
        if not fixed.done():
            fixed.set_result(None)


def _connect(database_url: str) -> psycopg.Connection[Any]:
    """Refuses to write, and waits for no lock of others."""
    options = connection_options("doctor")
    limits = f"-c statement_timeout={STATEMENT_S * 1000} -c lock_timeout=1000 -c default_transaction_read_only=on"
    options |= {"connect_timeout": CONNECT_S, "options": f"{limits} -c timezone=UTC"}
    return psycopg.connect(database_url, **options)


def _look(
    connection: Connection, settings: ProgramSettings, looked: Looked, fixed: Future[dict[str, int] | None]
) -> None:
    _see_clock(connection, looked)
    state = schema_state(connection)
    looked.saw("schema", state)
    if state not in WORKED_ON:
        for check in OF_THE_LEDGER:
            looked.could_not(check, "the ledger does not have this release's schema")
        return
    partitions = fetch_all(connection, FixedPartitions, _TOPICS["fixed"])
    fixed.set_result({each.topic: each.partitions for each in partitions})
    now = {"now": settings.clock().for_database(), "most": MOST}
    everyone = {"practice_id": None, "most": MOST, "looked_at": LOOKED_AT}
    within = {"within_days": max(TOKEN_WINDOWS.values()), "most": MOST}
    reasons = everyone | {"reasons": [each.value for each in MAPPING_REASONS]}
    asked: tuple[tuple[Check, str, Callable[[], Any]], ...] = (
        (Check.CREDENTIALS, "credentials", _rows(connection, EndingCredential, _SQL["credentials_ending"], within)),
        (Check.MAPPINGS, "mappings", _rows(connection, WrongMapping, _SQL["wrong_mappings"], reasons)),
        (
            Check.LANES,
            "gates",
            _rows(connection, StuckGate, _SQL["stuck_gates"], now | {"overdue": OVERDUE}),
        ),
        (Check.CONNECTIONS, "connections", lambda: _closed(connection, everyone)),
        (Check.LINKS, "waiting", _rows(connection, Waiting, _LAG["waiting_for_people"], everyone)),
        (Check.NOTICES, "notices_unread", lambda: _unread(connection)),
        (Check.DEAD_LETTERS, "dead", _rows(connection, Dead, _LAG["standing_dead"], everyone)),
        (Check.WALL, "wall", lambda: wall_state(connection)),
        (Check.OUTBOX, "outbox", _rows(connection, OutboxDepth, _LAG["outbox_depth"], {})),
        (Check.ROLES, "stops", _rows(connection, StoppedRole, _SQL["stops"], now)),
        (
            Check.STANDBYS,
            "standbys",
            lambda: fetch_one(connection, StandbysSeen, _SQL["standbys"], {"accepted": settings.single_node}),
        ),
    )
    for check, name, ask in asked:
        try:
            looked.saw(name, ask())
        except psycopg.Error as error:
            if connection.broken or connection.closed:
                raise
            looked.could_not(check, _why(error))


def _see_clock(connection: Connection, looked: Looked) -> None:
    """The middle between asking and answer is when the server looked at its clock."""
    before = time.time()
    there = fetch_value(connection, _SQL["clock"])
    looked.saw("clocks", (ClockAhead("the database", there - (before + time.time()) / 2),))


def _rows(connection: Connection, record: type[Any], query: Any, given: dict[str, Any]) -> Callable[[], Any]:
    return lambda: tuple(fetch_all(connection, record, query, given))


def _closed(connection: Connection, everyone: dict[str, Any]) -> ClosedSeen:
    closed = tuple(fetch_all(connection, Closed, _LAG["closed_connections"], everyone))
    if not closed:
        return ClosedSeen((), None)
    listed = list_connections(connection, closed[0].practice_id)
    routes = [each.route for each in listed if each.target == closed[0].target]
    return ClosedSeen(closed, routes[0] if routes else None)


def _unread(connection: Connection) -> int:
    found = fetch_one(connection, OpenCounts, _LAG["open_counts"], {})
    return 0 if found is None else found.notices_unread


def _why(error: psycopg.Error) -> str:
    """The kind alone: a driver's text may name users and hosts."""
    return f"{type(error).__name__} {error.sqlstate}" if error.sqlstate else type(error).__name__
