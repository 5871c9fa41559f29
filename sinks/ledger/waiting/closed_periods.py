"""Entries that a closed period held, and that today's settings, or today's date, let go (T-9)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import State
from sinks.ledger.named_queries import named_queries
from sinks.ledger.waiting.release import release

_SQL: Final = named_queries("sinks.ledger.waiting", "closed_periods.sql")

Cursor = psycopg.Cursor[TupleRow]


def release_opened(cursor: Cursor, practice_id: str, *, actor: str, now: datetime | None) -> int:
    """Schedule what `ledger_closed_through` or the policy had blocked and no longer does; returns how many.

    What the policy gave to a person stays with that person (T-9): it may be typed in already, and would stand twice.
    What the target itself refused stays too: these settings say nothing about its own lock. The caller holds the
    practice's lock. Blocks.
    """
    parameters = {"practice_id": practice_id, "now": now}
    opened = [row[0] for row in cursor.execute(_SQL["opened"], parameters).fetchall()]
    if not opened:
        return 0
    return release(cursor, practice_id, [State.BLOCKED_PERIOD], actor=actor, now=now, effect_ids=opened)
