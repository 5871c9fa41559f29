"""Practices that somebody added, and the lock of a practice's row, under which its ledger is written (law 8)."""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from streams.runtime.did_you_mean import nearest
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.ledger.queries", "facts.sql")

Cursor = psycopg.Cursor[TupleRow]


def require_practice(cursor: Cursor, practice_id: str) -> None:
    """Lock a practice that somebody added. ConfigurationError names the nearest known one."""
    found = cursor.execute(_SQL["lock_practice"], {"practice_id": practice_id}).fetchone()
    if found is None or found[1] is None:
        known = [row[0] for row in cursor.execute(_SQL["known_practices"]).fetchall()]
        raise ConfigurationError(
            f"there is no practice {practice_id}{nearest(practice_id, known)}; add it with "
            f"`writeback practice add {practice_id} --zone ZONE --email ADDRESS`"
        )
