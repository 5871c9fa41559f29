"""Dead effects that may go again, because a setting was repaired or a named person says so (PROTOCOL section 3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import DEAD, State
from sinks.ledger import gates
from sinks.ledger.named_queries import named_queries
from sinks.ledger.request_ids import request_id

_SQL: Final = named_queries("sinks.ledger.waiting")

Cursor = psycopg.Cursor[TupleRow]


def release(
    cursor: Cursor,
    practice_id: str,
    states: Collection[State],
    *,
    actor: str,
    now: datetime | None,
    connection_id: str | None = None,
    effect_ids: Sequence[int] | None = None,
) -> int:
    """Schedule dead effects again and return how many. The caller holds the practice's lock. Blocks.

    Each gets the next generation: a new request id and a request composed from today's mapping, so that a target that
    remembers its first answer does not repeat a refusal. What ever left this machine is read back first, for all its
    generations, where its last request went. 1. effects, 2. their dead letters, 3. their gates. Raises ValueError for
    a state that is not dead.
    """
    if not frozenset(states) <= DEAD:
        raise ValueError("only dead effects can be released")
    chosen: dict[str, Any] = {
        "practice_id": practice_id,
        "states": [state.value for state in states],
        "connection_id": connection_id,
        "effect_ids": None if effect_ids is None else list(effect_ids),
        "now": now,
        "actor": actor,
    }
    rows = cursor.execute(_SQL["dead_ones"], chosen).fetchall()
    if not rows:
        return 0
    chosen |= _next_generation(practice_id, rows)
    cursor.execute(_SQL["release"], chosen)
    cursor.execute(_SQL["settle_letters"], chosen)
    # A released effect is due at once, so the spread of a cut-off has nothing to do.
    gates.refresh(cursor, {(practice_id, row[7]) for row in rows if row[7]}, now=now, jitter_s=0)
    return len(rows)


def compose_anew(cursor: Cursor, practice_id: str, connection_id: str) -> int:
    """Drop the frozen requests of entries that wait to be sent, and return how many: their account is another now.

    Each gets the next generation. The caller holds the practice's lock and the gate's, and nothing of the gate is in
    doubt; what waits stands nowhere, so there is nothing to look up first.
    """
    chosen: dict[str, Any] = {"practice_id": practice_id, "connection_id": connection_id}
    rows = cursor.execute(_SQL["frozen_ones"], chosen).fetchall()
    if rows:
        cursor.execute(_SQL["compose_anew"], chosen | _next_generation(practice_id, rows))
    return len(rows)


def _next_generation(practice_id: str, rows: Sequence[TupleRow]) -> dict[str, Any]:
    return {
        "effect_ids": [row[0] for row in rows],
        "generations": [row[6] + 1 for row in rows],
        "request_ids": [
            request_id(practice_id, source, event_id, target, entry_kind, part, generation + 1)
            for _, source, event_id, target, entry_kind, part, generation, _ in rows
        ],
    }
