"""The whole story of a payment or payout by any id that people have of it (guarantee 3).

One function, `explain`: the command line and every later screen show what it answers.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from sinks.operations.queries.explain_fields import PayoutFields, shared
from sinks.operations.queries.explain_records import (
    About,
    Ambiguous,
    Answer,
    Explanation,
    GolivePost,
    GolivePosts,
    PayoutTold,
    Unknown,
)
from sinks.operations.queries.explain_rows import (
    Attempt,
    Deed,
    Entry,
    Happened,
    Letter,
    Notice,
    PayoutItemOf,
    Rows,
    Version,
)
from sinks.operations.queries.explain_story import causes_of, told
from sinks.operations.queries.read_rows import Connection, read
from sinks.operations.queries.totals import totals_of
from sinks.targets.catalogue import ID_PREFIXES

LOOKED_FOR: Final = (
    "an event's id",
    "a payment, refund, return, dispute, membership or payout's id",
    "an entry's number (like e:42)",
    "the number of an entry or document at the target (like deposit/101)",
    "the marker that an entry carries there (like WB and 16 characters)",
    "the test post of a go-live check",
    "a record that was never understood or stored",
)
_ENTRY: Final = re.compile(r"^e:([0-9]{1,18})$")
_MARKER: Final = re.compile(r"^WB([A-Z2-7]{16})$")
R = TypeVar("R", bound=msgspec.Struct)


class _Named(msgspec.Struct, frozen=True):
    practice_id: str
    source: str
    event_id: str


def explain(
    connection: Connection, sought: str, practice_id: str | None = None, *, now: datetime | None = None
) -> Answer:
    """The one story that the id names, the stories that it may name, or what it was looked for as.

    `now`: business time, None for the database's clock. Reads one consistent state of the ledger; blocks for some
    fifteen statements, each by index but the last look for a marker. Changes nothing.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        found = _find(connection, sought, practice_id)
        if len(found) > 1:
            return Ambiguous(sought=sought, candidates=tuple(found))
        if found:
            return _load(connection, sought, found[0], now)
        posts = _golive_posts(connection, sought, practice_id)
        if posts:
            return GolivePosts(sought=sought, posts=tuple(posts))
        return Unknown(sought=sought, looked_for=LOOKED_FOR)


def _find(connection: Connection, sought: str, practice_id: str | None) -> list[About]:
    """Cheapest first; a marker and records that became no event are looked for only when nothing else has the id."""
    entry, marker = _ENTRY.match(sought), _MARKER.match(sought)
    where = {"practice_id": practice_id}
    known = {"id": sought, "external_ids": _external_ids(sought), "effect_id": int(entry.group(1)) if entry else None}
    found = _read(connection, "known", About, where | known)
    if not found and marker:
        found = _read(connection, "marked", About, where | {"request": marker.group(1)})
    if not found:
        records = _read(connection, "dead_records_named", _Named, where | {"id": sought})
        found = [About(each.practice_id, each.source, each.event_id, False, ["dead letter"]) for each in records]
    return found


def _external_ids(sought: str) -> list[str]:
    return [sought] if "/" in sought else [sought, *(f"{place}/{sought}" for place in ID_PREFIXES)]


def _golive_posts(connection: Connection, sought: str, practice_id: str | None) -> list[GolivePost]:
    marker = _MARKER.match(sought)
    wanted = {"external_ids": _external_ids(sought), "request": marker.group(1) if marker else None}
    return _read(connection, "golive_posts", GolivePost, {"practice_id": practice_id} | wanted)


def _load(connection: Connection, sought: str, about: About, now: datetime | None) -> Explanation:
    """1. Events; 2. their entries; 3. what hangs on those; 4. what hangs on all of it."""
    key = {"practice_id": about.practice_id, "source": about.source, "about": about.subject}
    events = _read(connection, "events", Happened, key | {"of_payout": about.of_payout})
    event_ids = [event.event_id for event in events] or [about.subject]
    entries = _read(connection, "entries", Entry, key | {"event_ids": event_ids, "now": now})
    numbers = key | {"effect_ids": [entry.effect_id for entry in entries], "event_ids": event_ids}
    letters = _read(connection, "letters", Letter, numbers)
    payouts = [] if about.of_payout else _read(connection, "payouts_of", PayoutItemOf, key)
    rows = Rows(
        events=tuple(events),
        entries=tuple(entries),
        attempts=tuple(_read(connection, "attempts", Attempt, numbers)),
        letters=tuple(letters),
        payouts=tuple(map(_payout, payouts)),
    )
    since = min([*(event.received_at for event in events), *(letter.first_failed_at for letter in letters)])
    notices = key | {"reasons": causes_of(rows), "since": since}
    totals = totals_of(connection, [(about.practice_id, about.source, about.subject)])
    return told(
        sought,
        about,
        rows,
        totals=next((each for each in totals if each.of_payout == about.of_payout), None),
        versions=_read(connection, "versions", Version, key | {"versions": _versions(rows)}),
        notices=_read(connection, "notices", Notice, notices),
        deeds=_read(connection, "people", Deed, key | {"subjects": _subjects(about, rows)}),
    )


def _payout(row: PayoutItemOf) -> PayoutTold:
    return PayoutTold(
        **shared(row, PayoutFields),
        item=row.number,
        entry=None if row.effect_id is None else f"e:{row.effect_id}",
    )


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
    return read(connection, query, record, parameters, "explain.sql")
