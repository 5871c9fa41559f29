"""Entries that people deleted or changed at the practice's own system, open or ended."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import msgspec

from schemas.vocabulary import EntryKind
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Connection
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees

SQL: Final = named_queries("sinks.operations.queries", "entry_changes.sql")


class EntryChange(msgspec.Struct, frozen=True, kw_only=True):
    """One entry, as it was posted, and what a read found instead."""

    practice_id: str
    effect_id: int
    state: str
    """GONE or CHANGED; STANDS once it was put right."""
    found_at: datetime | None
    looked_at: datetime
    ended_at: datetime | None
    ended_as: str | None
    ended_by: str | None
    why: str | None
    entry_kind: EntryKind
    amount_minor: int
    currency: str
    external_id: str | None
    ledger_date: date
    payment: str

    @property
    def id(self) -> str:
        return f"e:{self.effect_id}"


@sees(View.TRANSACTIONS)
def find_changes(
    connection: Connection, practice_id: str | None, *, ended: bool = False, most: int = 500
) -> list[EntryChange]:
    """Open ones; with `ended` all of them. Blocks for two statements. ConfigurationError for an unknown practice."""
    check_practice(connection, practice_id)
    return fetch_all(connection, EntryChange, SQL["changes"], {"practice_id": practice_id, "all": ended, "most": most})
