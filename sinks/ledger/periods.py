"""Entries that a closed period held, and that today's settings, or today's date, let go (T-9)."""

from __future__ import annotations

from datetime import datetime

import psycopg
from psycopg.rows import TupleRow

from schemas.states import State
from sinks.ledger.database import statement
from sinks.ledger.recomputing import recompute_periods
from sinks.ledger.release import release

Cursor = psycopg.Cursor[TupleRow]


def release_opened(cursor: Cursor, practice_id: str, *, actor: str, now: datetime | None) -> int:
    """Schedule what `ledger_closed_through` or the policy had blocked, or given to a person, and no longer does;
    returns how many.

    What the target itself refused stays: these settings say nothing about its own lock. What a person has recorded or
    dismissed meanwhile stays too. The caller holds the practice's lock. Blocks.
    """
    # What was held is due at once, like all that is released: the spread of a cut-off has nothing to do.
    went_on = recompute_periods(cursor, practice_id, now=now, jitter_s=0)
    parameters = {"practice_id": practice_id, "now": now}
    opened = [row[0] for row in cursor.execute(statement("periods", "opened"), parameters).fetchall()]
    if not opened:
        return went_on
    return went_on + release(cursor, practice_id, [State.BLOCKED_PERIOD], actor=actor, now=now, effect_ids=opened)
