"""A practice's past, page by page, through the rules (whatif). Reads only; each page is a statement of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from deploy.whatif.comparing import GONE, Compared, outcome, proposed_history
from schemas.codec import EVENTS_BY_NAME, decode_event
from schemas.practice_settings import PracticeSettings, SettingsHistory
from schemas.topics import STREAM_TOPICS
from sinks.ledger.settings.history import history_of

PAGE: Final = 200
"""Events in memory at a time; a payout may have thousands of items."""

# The newest telling of each money, in the order of the primary key: no page sorts a practice's history.
_EVENTS: Final = """
SELECT v.source, v.event_id, v.subject, v.event_type, v.occurred_at, v.appended_at, b.original
FROM events v LEFT JOIN bodies b USING (practice_id, month, source, event_id)
WHERE v.practice_id = %(practice_id)s AND (v.source, v.event_id) > (%(after_source)s, %(after_event)s)
  AND v.occurred_at >= %(since)s AND v.occurred_at < %(until)s AND v.superseded_by IS NULL
  AND NOT EXISTS (SELECT FROM events n WHERE n.practice_id = v.practice_id AND n.source = v.source
      AND n.subject = v.subject AND n.kind = v.kind AND n.version > v.version AND n.superseded_by IS NULL)
ORDER BY v.source, v.event_id LIMIT %(most)s
"""


def run(
    connection: psycopg.Connection[TupleRow],
    practice_id: str,
    proposed: PracticeSettings,
    since: datetime,
    until: datetime,
) -> Iterator[Compared]:
    """Every event of the stretch under the history as it is and under `proposed`. Blocks for a statement a page.

    Both sides are decided by this release's rules from the stored bytes, so what differs comes from the settings
    alone. Links, connections and what depends on other events are the ledger's and the same on both sides.
    """
    with connection.cursor() as cursor:
        actual = history_of(cursor, practice_id)
    imagined = proposed_history(practice_id, proposed)
    after = ("", "")
    while True:
        rows = connection.execute(
            _EVENTS,
            {
                "practice_id": practice_id,
                "after_source": after[0],
                "after_event": after[1],
                "since": since,
                "until": until,
                "most": PAGE,
            },
        ).fetchall()
        for row in rows:
            yield _compared(row, actual, imagined)
        if len(rows) < PAGE:
            return
        after = (rows[-1][0], rows[-1][1])


def _compared(row: TupleRow, actual: SettingsHistory, imagined: SettingsHistory) -> Compared:
    source, event_id, subject, event_type, occurred_at, arrived_at, original = row
    before = after = GONE
    if original is not None:
        event = decode_event(STREAM_TOPICS[EVENTS_BY_NAME[event_type].stream], bytes(original))
        before = outcome(event, arrived_at, actual if actual.versions else None)
        after = outcome(event, arrived_at, imagined)
    return Compared(
        source=source,
        event_id=event_id,
        subject=subject,
        event_type=event_type,
        occurred_at=occurred_at,
        before=before,
        after=after,
    )
