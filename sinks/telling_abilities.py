"""What connections can write, for rows of a release that did not keep it: read from their mappings, once."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from streams.errors import ConfigurationError
from streams.logging import log

_LOG: Final = log(__name__)

_UNTOLD: Final = (
    "SELECT home_practice_id, connection_id, route, base_url, config FROM connections"
    " WHERE capabilities IS NULL ORDER BY home_practice_id, connection_id"
)
_LOCK: Final = "SELECT FROM practices WHERE practice_id = %s FOR NO KEY UPDATE"
_TELL: Final = (
    "UPDATE connections SET capabilities = %s"
    " WHERE home_practice_id = %s AND connection_id = %s AND config = %s::jsonb AND capabilities IS NULL"
)


def tell_abilities(connection: psycopg.Connection[TupleRow]) -> int:
    """Fill `connections.capabilities` where an earlier release left it null; returns how many. Blocks.

    Called by INTAKE and POSTER at their start, so that an upgrade needs no hand work: nothing is sent or asked of a
    target, since a route's abilities follow from its mapping. Each under its practice's lock (law 8), because INTAKE
    plans by them. One that cannot be read stays as it was, and its gate says what is wrong with it.
    """
    told = 0
    for home, connection_id, route, base_url, config in connection.execute(_UNTOLD).fetchall():
        words = _words(route, base_url, config)
        if words is None:
            _LOG.warning("what a connection can write is not known", practice_id=home, connection_id=connection_id)
            continue
        with connection.transaction():
            connection.execute(_LOCK, (home,))
            told += connection.execute(_TELL, (words, home, connection_id, Jsonb(config))).rowcount
    return told


def _words(route: str, base_url: str, config: Any) -> list[str] | None:
    # Only where there is such a row: INTAKE holds no adapter otherwise.
    from sinks.target_input import ROUTES

    known = ROUTES.get(route)
    if known is None:
        return None
    try:
        return known.check(base_url, config, None).capabilities
    except ConfigurationError:
        return None
