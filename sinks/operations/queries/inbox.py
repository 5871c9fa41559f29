"""A practice's inbox: the messages of its notices and digests, an incident's together."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Ledger
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees

_SQL: Final = named_queries("sinks.operations.queries", "inbox.sql")
RECENT: Final = timedelta(days=3)
"""A notice that was closed before is history, and a digest older than that has been followed by others."""


class InboxMessage(msgspec.Struct, frozen=True):
    """A message as it was written."""

    step: str
    written_at: datetime
    subject: str
    body: str


class InboxIncident(msgspec.Struct, frozen=True, kw_only=True):
    """One notice, or one digest, with its messages in their order. `closed_at` None: it is open."""

    cause: str
    opened_at: datetime
    reference: str | None
    closed_at: datetime | None
    acknowledged_by: str | None
    messages: tuple[InboxMessage, ...]


class _Row(msgspec.Struct, frozen=True):
    cause: str
    opened_at: datetime
    step: str
    written_at: datetime
    subject: str
    body: str
    reference: str | None
    closed_at: datetime | None
    acknowledged_by: str | None


@sees(View.NOTICES)
def inbox_of(ledger: Ledger, practice_id: str, most: int, *, every: bool = False) -> list[InboxIncident]:
    """What is open or was told in the last days, else everything that is kept; the newest first, `most` incidents.

    Blocks for two statements; ConfigurationError names the nearest practice for an unknown one.
    """
    check_practice(ledger.connection, practice_id)
    parameters = {"practice_id": practice_id, "most": most, "every": every, "recent": RECENT, "now": ledger.now}
    rows = fetch_all(ledger.connection, _Row, _SQL["inbox"], parameters)
    return [_incident(list(group)) for _, group in groupby(rows, key=lambda row: (row.cause, row.opened_at))]


def _incident(rows: list[_Row]) -> InboxIncident:
    first = rows[0]
    return InboxIncident(
        cause=first.cause,
        opened_at=first.opened_at,
        reference=first.reference,
        closed_at=first.closed_at,
        acknowledged_by=first.acknowledged_by,
        messages=tuple(InboxMessage(row.step, row.written_at, row.subject, row.body) for row in rows),
    )
