"""Reads everything that the ledger holds about one payment or payout."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from schemas.vocabulary import DecisionReason
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Connection
from sinks.operations.queries.explain.record import About
from sinks.operations.queries.explain.rows import (
    AttemptRow,
    AuditRow,
    DeadLetterRow,
    EntryRow,
    EventRow,
    NoticeRow,
    PayoutRow,
    Rows,
    TypedInRow,
    VersionRow,
)
from sinks.operations.queries.explain.story import notice_reasons
from sinks.operations.queries.totals import totals_of

R = TypeVar("R", bound=msgspec.Struct)
_SQL: Final = named_queries("sinks.operations.queries.explain", "explain.sql")


def load(connection: Connection, about: About, now: datetime | None) -> Rows:
    """1. Events; 2. their entries; 3. what hangs on those; 4. what hangs on all of it. Blocks for eleven statements at
    most."""
    key = {"practice_id": about.practice_id, "about": about.subject}
    events = _read(connection, "events", EventRow, key | {"of_payout": about.of_payout})
    told = {
        "sources": [event.source for event in events],
        "event_ids": [event.event_id for event in events],
        "record": None if events else about.subject,
    }
    entries = _read(connection, "entries", EntryRow, key | told | {"now": now})
    numbers = key | told | {"effect_ids": [entry.effect_id for entry in entries]}
    rows = Rows(
        events=tuple(events),
        entries=tuple(entries),
        attempts=tuple(_read(connection, "attempts", AttemptRow, numbers)),
        letters=tuple(_read(connection, "letters", DeadLetterRow, numbers)),
        typed_in=tuple(_read(connection, "typed_in", TypedInRow, numbers)) if _typed_in(entries) else (),
        payouts=() if about.of_payout else tuple(_read(connection, "payouts_of", PayoutRow, key)),
    )
    since = min([*(event.received_at for event in events), *(letter.first_failed_at for letter in rows.letters)])
    notices = key | {"reasons": notice_reasons(rows), "since": since}
    totals = totals_of(connection, [(about.practice_id, about.subject)])
    return msgspec.structs.replace(
        rows,
        totals=next((each for each in totals if each.of_payout == about.of_payout), None),
        versions=tuple(_read(connection, "versions", VersionRow, key | {"versions": _versions(rows)})),
        notices=tuple(_read(connection, "notices", NoticeRow, notices)),
        people=tuple(_read(connection, "people", AuditRow, key | {"subjects": _subjects(about, rows)})),
    )


def _typed_in(entries: Sequence[EntryRow]) -> bool:
    return any(entry.reason == DecisionReason.PROBABLY_TYPED_IN for entry in entries)


def _versions(rows: Rows) -> list[int]:
    known = {event.settings_version for event in rows.events} | {entry.settings_version for entry in rows.entries}
    return sorted(version for version in known if version is not None)


def _subjects(about: About, rows: Rows) -> list[str]:
    """By what the audit trail names things."""
    found = {about.subject, *(event.event_id for event in rows.events), *(event.subject for event in rows.events)}
    found |= {f"e:{entry.effect_id}" for entry in rows.entries}
    found |= {letter.id for letter in rows.letters}
    found |= {entry.patient_ref for entry in rows.entries if entry.patient_ref is not None}
    return sorted(found)


def _read(connection: Connection, query: str, record: type[R], parameters: dict[str, Any]) -> list[R]:
    return fetch_all(connection, record, _SQL[query], parameters)
