"""Fills in the capabilities of connections that an older release stored without them."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.registry import lock_practice
from sinks.ledger.rows.fetch import fetch_all
from sinks.targets.catalogue import ROUTES
from sinks.targets.mapping_error import MappingError
from streams.runtime.errors import ConfigurationError
from streams.runtime.logging import log

_SQL: Final = named_queries("sinks.ledger.practices", "connections.sql")

_LOG: Final = log(__name__)


class _Connection(msgspec.Struct, frozen=True):
    home_practice_id: str
    connection_id: str
    route: str
    base_url: str
    config: dict[str, Any]


def backfill_capabilities(connection: psycopg.Connection[TupleRow]) -> int:
    """Fill `connections.capabilities` where an earlier release left it null; returns how many. Blocks.

    Called by INTAKE and POSTER at their start, so that an upgrade needs no manual work: nothing is sent or asked of a
    target, since a route's capabilities follow from its mapping. Each under its practice's lock (law 8), because INTAKE
    plans by them. One that cannot be read stays as it was, and its gate says what is wrong with it.
    """
    filled = 0
    for found in fetch_all(connection, _Connection, _SQL["connections_without_capabilities"]):
        home, connection_id = found.home_practice_id, found.connection_id
        words = _words(found.route, found.base_url, found.config)
        if words is None:
            _LOG.warning("a connection's capabilities cannot be read", practice_id=home, connection_id=connection_id)
            continue
        known = {"home": home, "connection_id": connection_id, "config": Jsonb(found.config)}
        with connection.transaction(), connection.cursor() as cursor:
            lock_practice(cursor, home)
            filled += cursor.execute(_SQL["set_capabilities"], known | {"capabilities": words}).rowcount
    return filled


def _words(route: str, base_url: str, config: Any) -> list[str] | None:
    known = ROUTES.get(route)
    if known is None:
        return None
    try:
        return known.check(base_url, config, None).capabilities.words()
    except (MappingError, ConfigurationError):
        return None
