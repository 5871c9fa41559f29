"""The audit trail (H-15): append-only, one row for each action of a person, chained by hash per practice.

Its head is published with each action, so that a trail whose end was cut, or that was written anew with all its hashes,
is found by who compares (`writeback audit verify`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from schemas.writebacks import AuditHead
from sinks.ledger import outbox
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_one

_SQL: Final = named_queries("sinks.ledger.practices")


class BrokenRow(msgspec.Struct, frozen=True):
    """An entry that was changed, or before which one was removed or inserted."""

    trail: str
    n: int


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
    head = fetch_one(
        cursor,
        AuditHead,
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
    if head is not None:
        outbox.enqueue(cursor, [outbox.audit_head_message(head)])


def broken(cursor: Cursor, practice_id: str) -> list[int]:
    """Numbers of entries whose chain does not hold; empty for an untouched trail."""
    return [each.n for each in broken_rows(cursor, practice_id)]


def broken_rows(cursor: Cursor, practice_id: str | None = None) -> list[BrokenRow]:
    """Entries whose chain does not hold, of one trail or of all."""
    return fetch_all(cursor, BrokenRow, _SQL["audit_broken"], {"practice_id": practice_id})
