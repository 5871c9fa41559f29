"""Chooses the index by which transactions are found, and reads the keys of their events, a bounded page at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from schemas.vocabulary import FINAL
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_values
from sinks.operations.ledger import Connection
from sinks.operations.queries.calendar import Calendar, calendar_of
from sinks.operations.queries.practices import check_practice
from sinks.operations.queries.totals import totals_with
from sinks.operations.queries.transaction_filter import DateOf, Place, Wanted

_SQL: Final = named_queries("sinks.operations.queries", "transactions.sql")
_A_DAY: Final = timedelta(days=1)


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """A question whose names and days are resolved: by which index, with which parameters."""

    by: str
    """The query that gives the keys."""
    keys: dict[str, Any]
    filters: dict[str, Any]


def looked_for(connection: Connection, wanted: Wanted) -> Looked:
    """Blocks for two statements, one more for a patient or a standing. ConfigurationError for an unknown practice.

    A day of posting or payout comes first, then a payment, a patient, what is open, and the order of all: each is
    bounded by what it names, the last by its page.
    """
    check_practice(connection, wanted.practice_id)
    chosen = totals_with(connection, wanted.practice_id, wanted.standings) if wanted.standings else []
    filters = wanted.filters() | {
        "states": [] if wanted.states is None and wanted.standings else wanted.filters()["states"],
        "in_practices": [each.practice_id for each in chosen],
        "in_subjects": [each.subject for each in chosen],
        "patient_refs": _patient_refs(connection, wanted),
        "first_day": None,
        "last_day": None,
        "booked_from": None,
        "booked_until": None,
    }
    keys: dict[str, Any] = {
        "practice_id": wanted.practice_id,
        "payment": wanted.payment,
        "states": filters["states"],
        "patient_refs": filters["patient_refs"],
        "from_day": wanted.from_day,
        "to_day": wanted.to_day,
        "from_at": None,
        "until_at": None,
    }
    if wanted.from_day is not None and wanted.to_day is not None:
        if wanted.date_of is DateOf.TRANSACTION:
            filters |= {"first_day": wanted.from_day, "last_day": wanted.to_day}
        if wanted.practice_id is not None:
            begins, ends = calendar_of(connection, wanted.practice_id).bounds(wanted.from_day, wanted.to_day)
            keys |= {"from_at": begins, "until_at": ends}
            if wanted.date_of is DateOf.POSTED:
                filters |= {"booked_from": begins, "booked_until": ends}
        else:
            # Every zone's day lies within: `matching` looks at each practice's own.
            begins, ends = Calendar().bounds(wanted.from_day - _A_DAY, wanted.to_day + _A_DAY)
            keys |= {"from_at": begins, "until_at": ends}
    return Looked(by=_index(wanted), keys=keys, filters=filters)


def keys_of(connection: Connection, looked: Looked, after: Place | None, most: int) -> list[Place]:
    """Of the events from `after` on, that one included: some of its entries may not have been shown. Blocks."""
    parameters = looked.keys | {
        "after_practice": None if after is None else after.practice_id,
        "after_at": None if after is None else after.occurred_at,
        "after_event": None if after is None else after.event_id,
        "after_source": None if after is None else after.source,
        "page": most,
    }
    found = fetch_all(connection, _Key, _SQL[looked.by], parameters)
    return [Place(**msgspec.structs.asdict(each)) for each in found]


class _Key(msgspec.Struct, frozen=True):
    practice_id: str
    occurred_at: datetime
    event_id: str
    source: str


def _index(wanted: Wanted) -> str:
    if wanted.date_of is DateOf.POSTED:
        return "posted"
    if wanted.date_of is DateOf.PAYOUT:
        return "paid_out"
    if wanted.payment is not None:
        return "of_payment"
    if wanted.of_patient:
        return "of_patient"
    open_alone = wanted.practice_id is not None and wanted.states is not None and FINAL.isdisjoint(wanted.states)
    return "unfinished" if open_alone and wanted.from_day is None and not wanted.standings else "in_order"


def _patient_refs(connection: Connection, wanted: Wanted) -> list[str] | None:
    if wanted.patient is None:
        return None if wanted.patient_refs is None else list(wanted.patient_refs)
    key = {"practice_id": wanted.practice_id, "patient": wanted.patient}
    return fetch_values(connection, _SQL["patient_refs"], key)
