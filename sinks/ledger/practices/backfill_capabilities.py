"""What connections can write, for rows of a release that did not keep it: read from their mappings, once."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from sinks.ledger.named_queries import named_queries
from sinks.targets.catalogue import ROUTES
from streams.runtime.errors import ConfigurationError
from streams.runtime.logging import log

_CONNECTIONS: Final = named_queries("sinks.ledger.practices", "connections.sql")
_PRACTICES: Final = named_queries("sinks.ledger.practices")

_LOG: Final = log(__name__)


def backfill_capabilities(connection: psycopg.Connection[TupleRow]) -> int:
    """Fill `connections.capabilities` where an earlier release left it null; returns how many. Blocks.

    Called by INTAKE and POSTER at their start, so that an upgrade needs no hand work: nothing is sent or asked of a
    target, since a route's abilities follow from its mapping. Each under its practice's lock (law 8), because INTAKE
    plans by them. One that cannot be read stays as it was, and its gate says what is wrong with it.
    """
    told = 0
    untold = connection.execute(_CONNECTIONS["untold"]).fetchall()
    for home, connection_id, route, base_url, config in untold:
        words = _words(route, base_url, config)
        if words is None:
            _LOG.warning("what a connection can write is not known", practice_id=home, connection_id=connection_id)
            continue
        known = {"home": home, "connection_id": connection_id, "config": Jsonb(config)}
        with connection.transaction():
            connection.execute(_PRACTICES["lock_practice"], {"practice_id": home})
            told += connection.execute(_CONNECTIONS["tell"], known | {"capabilities": words}).rowcount
    return told


def _words(route: str, base_url: str, config: Any) -> list[str] | None:
    known = ROUTES.get(route)
    if known is None:
        return None
    try:
        return known.check(base_url, config, None).capabilities.words()
    except ConfigurationError:
        return None
