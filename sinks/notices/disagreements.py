"""What conflicting reports say of one money, read back from the report that stands and the one that was refused.

Two events that tell one money were compared when the second came (`told_again`); one event that came twice with other
content was not, so its two reports are compared here. No patient is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.codec import EVENTS_BY_NAME, Undecodable, decode_event
from schemas.events import MoneyFields
from schemas.same_money import differences
from schemas.topics import STREAM_TOPICS
from schemas.writebacks import MoneyKind
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async
from sinks.operations.words.disagreements import Disagreement, disagreement_words

_SQL: Final = named_queries("sinks.notices")
DETAILS: Final = 20
"""Cases that one letter names; its count says how many there are."""


class TwoReports(msgspec.Struct, frozen=True):
    """An event as it is stored, and as it came again."""

    kind: MoneyKind
    subject: str
    source: str
    event_type: str
    original: bytes
    value: bytes


async def disagreement_lines(
    connection: psycopg.AsyncConnection[TupleRow], practice_id: str, now: datetime | None
) -> list[str]:
    """A line for each of the newest conflicts of a practice: who says what, and which stands. Two statements."""
    parameters: dict[str, Any] = {"practice_id": practice_id, "most": DETAILS, "now": now}
    found = await fetch_all_async(connection, Disagreement, _SQL["disagreements"], parameters)
    twice = await fetch_all_async(connection, TwoReports, _SQL["told_twice"], parameters)
    return [disagreement_words(each) for each in (*found, *_compared(twice))][:DETAILS]


def _compared(twice: Iterable[TwoReports]) -> list[Disagreement]:
    """What cannot be decoded any more says nothing here; its case is in the letter all the same. Pure."""
    found = []
    for each in twice:
        topic = STREAM_TOPICS[EVENTS_BY_NAME[each.event_type].stream]
        try:
            stored, told = decode_event(topic, each.original), decode_event(topic, each.value)
        except Undecodable:
            continue
        found.append(
            Disagreement(
                kind=each.kind,
                subject=each.subject,
                stored_by=each.source,
                told_by=each.source,
                differences=differences(stored, told),
                currency=stored.currency if isinstance(stored, MoneyFields) else None,
            )
        )
    return found
