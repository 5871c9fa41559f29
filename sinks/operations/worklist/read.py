"""Reads what is to be typed in at a practice."""

from __future__ import annotations

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.history import newest
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Ledger
from sinks.operations.queries.practices import practice_shown
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.operations.worklist.elsewhere import STATES, Elsewhere
from sinks.operations.worklist.sheet import Sheet, ToEnter, rows_of, totals_of

_SQL: Final = named_queries("sinks.operations.worklist")
MOST: Final = 10_000
"""Rows of one sheet: some hundred pages."""


@sees(View.TRANSACTIONS)
def work_list(ledger: Ledger, practice_id: str, day: date | None = None, most: int = MOST) -> Sheet:
    """The sheet of a ledger day, or of all days. Blocks for four statements. ConfigurationError for an unknown
    practice. Past `most` entries, those that came first."""
    practice = practice_shown(ledger.connection, practice_id)
    parameters = {"practice_id": practice_id, "day": day, "most": most + 1}
    found = fetch_all(ledger.connection, ToEnter, _SQL["to_enter"], parameters)
    others = fetch_all(ledger.connection, Elsewhere, _SQL["elsewhere"], parameters | {"states": list(STATES)})
    with ledger.connection.cursor() as cursor:
        standing = newest(cursor, practice_id)
    read = found[:most]
    rows = rows_of(read)
    return Sheet(
        practice_id=practice_id,
        name=practice.name,
        day=day,
        made_at=ledger.clock.now().astimezone(ZoneInfo("UTC" if standing is None else standing.settings.zone)),
        rows=rows,
        totals=totals_of(rows),
        postable=len(read) - len(rows),
        more=len(found) > most,
        elsewhere=tuple(others),
    )
