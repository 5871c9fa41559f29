"""Amounts of events that wait without entries, read from what was reported, for the few that a message names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.codec import EVENTS_BY_NAME, Undecodable, decode_event
from schemas.events import Event, PayoutPaid
from schemas.practice_settings import PracticeSettings
from schemas.topics import STREAM_TOPICS
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async
from sinks.notices.cases import Case

_SQL: Final = named_queries("sinks.notices")
USUAL_CURRENCY: Final[str] = next(
    each.default for each in msgspec.structs.fields(PracticeSettings) if each.name == "currency"
)
"""Of a practice whose settings name none."""


class ReportedEvent(msgspec.Struct, frozen=True):
    """An event's bytes, and the currency of its practice; None: it has no settings."""

    subject: str
    event_type: str
    original: bytes
    currency: str | None


def reported_amount(event: Event) -> int | None:
    """What an event moves: of a payout what its document would bring the bank account, of a fee that alone. Pure."""
    amount: int | None = event.net_minor if isinstance(event, PayoutPaid) else getattr(event, "gross_minor", None)
    return getattr(event, "fee_minor", None) if amount is None else amount


async def with_reported_amounts(
    connection: psycopg.AsyncConnection[TupleRow], practice_id: str, cases: Sequence[Case]
) -> tuple[Case, ...]:
    """The cases, those of events with what was reported of them; a practice's follow-ups are in its own currency. What
    cannot be read any more stays as it is. One statement, where there is one without an amount."""
    subjects = [each.subject for each in cases if each.amount_minor is None and each.entry is None]
    if not subjects:
        return tuple(cases)
    asked = {"practice_id": practice_id, "subjects": subjects, "usual_currency": USUAL_CURRENCY}
    found = {each.subject: each for each in await fetch_all_async(connection, ReportedEvent, _SQL["reported"], asked)}
    return tuple(_with(each, found.get(each.subject)) if each.subject in subjects else each for each in cases)


def _with(case: Case, reported: ReportedEvent | None) -> Case:
    if reported is None:
        return case
    try:
        event = decode_event(STREAM_TOPICS[EVENTS_BY_NAME[reported.event_type].stream], reported.original)
    except Undecodable:
        return case
    currency = getattr(event, "currency", None) or reported.currency
    return msgspec.structs.replace(case, amount_minor=reported_amount(event), currency=currency)
