"""The audit trail (H-15): append-only, one row for each action of a person, chained by hash per practice."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_values

_SQL: Final = named_queries("sinks.ledger.practices")


Cursor = psycopg.Cursor[TupleRow]


def append(
    cursor: Cursor,
    practice_id: str,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str | None = None,
    before: Any = None,
    after: Any = None,
    why: str | None = None,
) -> None:
    """Add one entry in the transaction of the action itself. The caller holds the practice's lock.

    `before` and `after` are JSON: they hold ids and settings, never a person's data and never a secret.
    """
    cursor.execute(
        _SQL["audit"],
        {
            "practice_id": practice_id,
            "now": at,
            "actor": actor,
            "action": action,
            "subject": subject,
            "before": None if before is None else Jsonb(before),
            "after": None if after is None else Jsonb(after),
            "why": why,
        },
    )


def broken(cursor: Cursor, practice_id: str) -> list[int]:
    """Numbers of entries whose chain does not hold; empty for an untouched trail."""
    return fetch_values(cursor, _SQL["audit_broken"], {"practice_id": practice_id})
