"""Events that wait without entries: held for a person, parked for a fee, a payment, settings (PROTOCOL section 3)."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec

from schemas.codec import EVENTS_BY_NAME, decode_event
from schemas.topics import STREAM_TOPICS
from schemas.vocabulary import State
from sinks.ledger.intake.context_rows import EventOfPaymentRow
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_one, fetch_values
from sinks.notices.reported_amounts import USUAL_CURRENCY, reported_amount
from sinks.operations.ledger import Connection
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.operations.queries", "waiting_events.sql")
_ID: Final = re.compile(r"v:[0-9a-f]{12}")
_MOST_CALLED: Final = 5
"""Events of one payment that are named to choose from."""
ID_EXAMPLE: Final = "v:0123456789ab"


class WaitingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One that waits, with what it moves. Amounts are as it was reported, signed."""

    id: str
    source: str
    event_id: str
    event_type: str
    subject: str
    concerns: str | None
    """The payment or payout that it is about, where it reports none itself."""
    state: str
    reason: str
    amount_minor: int | None
    currency: str
    """Of the practice, where the event names none."""
    occurred_at: datetime
    changed_at: datetime


class NamedEvent(EventOfPaymentRow, frozen=True, kw_only=True):
    """An event by its id for people, whole."""

    id: str


class _Row(msgspec.Struct, frozen=True):
    id: str
    source: str
    event_id: str
    event_type: str
    subject: str
    concerns: str | None
    waiting: str
    reason: str
    occurred_at: datetime
    received_at: datetime
    original: bytes
    currency: str | None
    """Of the practice's newest settings."""


def is_event_id(text: str) -> bool:
    """Whether a person names an event with it: `v:` and twelve digits of a digest. Pure."""
    return _ID.fullmatch(text) is not None


@sees(View.TRANSACTIONS)
def waiting_events(
    connection: Connection, practice_id: str, states: Collection[State] | None, most: int
) -> list[WaitingEvent]:
    """Oldest first; in `states`, or all. Blocks for two statements; ConfigurationError for an unknown practice."""
    check_practice(connection, practice_id)
    parameters = {
        "practice_id": practice_id,
        "states": None if states is None else sorted(states),
        "most": most,
    }
    return [_waiting(row) for row in fetch_all(connection, _Row, _SQL["waiting_events"], parameters)]


@sees(View.TRANSACTIONS)
def event_called(connection: Connection, practice_id: str, name: str) -> str:
    """The id for people of the event that waits and is called so: by its own id, or that of what it reports, as letters
    name it. Blocks for two statements; ConfigurationError for an unknown practice, and where none or several are."""
    check_practice(connection, practice_id)
    wanted = {"practice_id": practice_id, "id": name, "most": _MOST_CALLED}
    found: list[str] = fetch_values(connection.cursor(), _SQL["events_called"], wanted)
    if not found:
        raise ConfigurationError(
            f"{name!r} is no id, and no event that waits is called so: an entry's is like e:42, an event's like "
            f"{ID_EXAMPLE}: see `writeback entries list {practice_id}`"
        )
    if len(found) > 1:
        raise ConfigurationError(f"several events that wait are called {name!r}: name one of {', '.join(found)}")
    return found[0]


@sees(View.TRANSACTIONS)
def event_named(connection: Connection, practice_id: str, ref: str) -> NamedEvent | None:
    """The event of this id that waits, or that a person ended. Blocks for one statement."""
    return fetch_one(connection.cursor(), NamedEvent, _SQL["event_named"], {"practice_id": practice_id, "id": ref})


def _waiting(row: _Row) -> WaitingEvent:
    event = decode_event(STREAM_TOPICS[EVENTS_BY_NAME[row.event_type].stream], row.original)
    return WaitingEvent(
        id=row.id,
        source=row.source,
        event_id=row.event_id,
        event_type=row.event_type,
        subject=row.subject,
        concerns=row.concerns,
        state=row.waiting,
        reason=row.reason,
        amount_minor=reported_amount(event),
        currency=getattr(event, "currency", None) or row.currency or USUAL_CURRENCY,
        occurred_at=row.occurred_at,
        changed_at=row.received_at,
    )
