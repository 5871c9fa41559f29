"""A message as channels get it."""

from __future__ import annotations

from datetime import UTC, datetime

from sinks.notices.channels.port import Incident, Message

OPENED_AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
INCIDENT = Incident(
    practice_id="northside",
    cause="posting:PMS:MAPPING_MISSING",
    opened_at=OPENED_AT,
    step="opened",
    reference="WBN-ABCDEFGHIJ",
)
DIGEST = Incident(practice_id="northside", cause="digest", opened_at=OPENED_AT, step="digest", reference=None)


def message(**over: object) -> Message:
    fields: dict[str, object] = {
        "message_id": "<1@localhost>",
        "recipient": "office@northside.example",
        "subject": "[Writeback] 3 entries: a mapping is missing (practice Northside & Sons <1>)",
        "body": "What happened: 3 entries need attention.\n\n- pay-1, 96.80 USD\n- pay-2 <b>\n\nWhy: a & b.\n",
        "written_at": OPENED_AT,
        "incident": INCIDENT,
    }
    return Message(**(fields | over))  # type: ignore[arg-type]
