"""When a gate has work next (laws 8, 21, 24), and how its poster is woken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.arrays import Texts
from streams.runtime.times import Profile

_SQL: Final = named_queries("sinks.ledger", "gates.sql")

Cursor = psycopg.Cursor[TupleRow]
GateKey = tuple[str, str]
"""(practice_id, connection_id)."""

CHANNEL: Final = "writeback_gates"
JITTER_S: Final[Mapping[Profile, int]] = {Profile.PRODUCTION: 120, Profile.SANDBOX: 0}
"""Spread of a cut-off that thousands of practices share; only over releases still to come (law 24). A rehearsal
steps its clock right to the cut-off, so there is none there."""
NOTIFIED_SINGLY: Final = 8
"""More practices than this in one transaction are notified by one '*': NOTIFY only wakes pollers, which read the
ledger, so its payload may be coarse."""


def lock(cursor: Cursor, keys: Iterable[GateKey]) -> None:
    """Make sure that the gates exist and lock them, sorted. The caller holds the practices' locks. Blocks."""
    ordered = sorted(set(keys))
    parameters = {"practice_ids": [p for p, _ in ordered], "connection_ids": [c for _, c in ordered]}
    cursor.execute(_SQL["ensure"], parameters)
    cursor.execute(_SQL["lock"], parameters)


def refresh(cursor: Cursor, keys: Iterable[GateKey], *, now: datetime | None, jitter_s: int) -> None:
    """Recompute `next_due_at` of gates whose effects this transaction changed, and wake their posters.

    1. lock the gates, sorted; 2. recompute in a later statement (law 8), so that no other writer's change is lost.
    `now` None = the database's clock. Blocks on a poster's release for milliseconds.
    """
    ordered = sorted(set(keys))
    if not ordered:
        return
    lock(cursor, ordered)
    parameters: dict[str, Any] = {
        "practice_ids": [p for p, _ in ordered],
        "connection_ids": [c for _, c in ordered],
        "now": now,
        "jitter_s": jitter_s,
    }
    cursor.execute(_SQL["refresh"], parameters)
    wake(cursor, {practice for practice, _ in ordered})


def advance(cursor: Cursor, due: Mapping[GateKey, datetime], *, now: datetime | None, jitter_s: int) -> None:
    """Bring forward what new effects need; never puts off. Keys sorted; a poster's release is waited for."""
    if not due:
        return
    ordered = sorted(due)
    cursor.execute(
        _SQL["advance"],
        {
            "practice_ids": Texts(p for p, _ in ordered),
            "connection_ids": Texts(c for _, c in ordered),
            "due_ats": [due[key] for key in ordered],
            "now": now,
            "jitter_s": jitter_s,
        },
    )


def wake(cursor: Cursor, practices: Iterable[str]) -> None:
    """Notify at the commit that gates of these practices have something due."""
    named = sorted(set(practices))
    if len(named) > NOTIFIED_SINGLY:
        named = ["*"]
    for practice_id in named:
        cursor.execute(_SQL["wake"], {"practice_id": practice_id})
