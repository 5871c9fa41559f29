"""Lists what became of each event: its entries with amounts, states and reasons, and whether a day is complete."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec

from schemas.events import PayoutFailed, PayoutPaid
from schemas.vocabulary import BOOKED, MONEY_OF_ITS_OWN, NOT_BOOKED, State
from schemas.writebacks import MoneyKind
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_one
from sinks.operations.ledger import Connection
from sinks.operations.queries.practices import check_practice
from sinks.operations.queries.totals import About, PaymentStanding, Totals, totals_of, totals_with

_SQL: Final = named_queries("sinks.operations.queries", "transactions.sql")
PAGE: Final = 500
"""Events of one statement where neither days nor a payment say which: what it reads has an end, however few match."""
_BOOKS: Final = frozenset({MoneyKind.PAYMENT, MoneyKind.PAYOUT, MoneyKind.FEE, MoneyKind.CLEARED})
"""Kinds of events whose entries book a payment or payout; those of all others take something of it back."""
PAYOUTS: Final = frozenset({PayoutPaid.__name__, PayoutFailed.__name__})


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Filters; None = all. Days are civil dates in each practice's own zone, both ends included."""

    practice_id: str | None = None
    states: tuple[State, ...] | None = None
    standings: tuple[PaymentStanding, ...] = ()
    """With `states`: what has one of either."""
    payment: str | None = None
    """The upstream's id of the payment or payout, or the event's id."""
    from_day: date | None = None
    to_day: date | None = None
    most: int = 200


class TransactionRow(msgspec.Struct, frozen=True):
    """An entry, or an event that has none. No patient reference: this is for screens (H-21, H-22)."""

    practice_id: str
    source: str
    event_id: str
    event_type: str
    kind: str
    subject: str
    occurred_at: datetime
    day: date
    effect_id: int | None
    target: str | None
    entry_kind: str | None
    part: str | None
    state: str
    reason: str
    settings_version: int | None
    amount_minor: int | None
    currency: str | None
    due_at: datetime | None
    late: bool
    external_id: str | None
    posted_at: datetime | None
    attempts: int | None
    redrives: int | None
    last_code: str | None
    about: str
    """The payment or payout that it belongs to: for a refund, the payment."""


class Transaction(TransactionRow, frozen=True):
    """One with what became of its payment or payout."""

    standing: PaymentStanding | None
    """Of that payment or payout as a whole, at the entries that booked it; None at what takes back, at what is not in
    the books, and where nothing that stands took any of it back."""


class Listing(msgspec.Struct, frozen=True):
    """What matched, and whether there is more than was asked for."""

    transactions: tuple[Transaction, ...]
    more: bool
    totals: tuple[Totals, ...] = ()
    """Of every payment and payout that is shown and has entries."""


class _PageEnd(msgspec.Struct, frozen=True):
    """The last event of a page, as the order of a listing names it."""

    practice_id: str
    occurred_at: datetime
    event_id: str


class DayCheck(msgspec.Struct, frozen=True):
    """VER-2, VER-5: is everything of the range in the books?"""

    counted: int
    settled: int
    not_counted: int

    @property
    def complete(self) -> bool:
        return self.settled == self.counted


def list_transactions(connection: Connection, wanted: Wanted) -> Listing:
    """What matches, in the order in which it happened, at most `wanted.most`, with the totals of what is shown.

    Blocks for three statements, four where a standing is asked for; where neither days nor a payment are named, for two
    more with every PAGE events until enough of them match. ConfigurationError for an unknown practice.
    """
    check_practice(connection, wanted.practice_id)
    chosen = totals_with(connection, wanted.practice_id, wanted.standings) if wanted.standings else []
    states = () if wanted.states is None and wanted.standings else wanted.states
    parameters = {
        "practice_id": wanted.practice_id,
        "states": None if states is None else [state.value for state in states],
        "in_practices": [each.practice_id for each in chosen],
        "in_subjects": [each.subject for each in chosen],
        "payment": wanted.payment,
        "from_day": wanted.from_day,
        "to_day": wanted.to_day,
    }
    whole = wanted.payment is not None or wanted.from_day is not None
    found = (
        _page(connection, parameters, wanted.most + 1) if whole else _by_pages(connection, parameters, wanted.most + 1)
    )
    shown = found[: wanted.most]
    totals = totals_of(connection, {_about(each) for each in shown})
    standing = {(each.about, each.of_payout): each.standing for each in totals}
    return Listing(
        tuple(
            Transaction(
                **msgspec.structs.asdict(each),
                standing=standing.get((_about(each), each.event_type in PAYOUTS)) if _booked_it(each) else None,
            )
            for each in shown
        ),
        len(found) > wanted.most,
        tuple(totals),
    )


def _booked_it(row: TransactionRow) -> bool:
    """An entry that is in the books for the payment or payout itself. Pure."""
    return row.kind in _BOOKS and row.state in BOOKED and row.entry_kind in MONEY_OF_ITS_OWN


def _by_pages(connection: Connection, parameters: dict[str, Any], most: int) -> list[TransactionRow]:
    """The same rows in the same order, PAGE events at a time."""
    found: list[TransactionRow] = []
    after: _PageEnd | None = None
    while True:
        until = fetch_one(connection, _PageEnd, _SQL["page_end"], parameters | _key("after", after) | {"page": PAGE})
        found += _page(connection, parameters, most - len(found), after, until)
        if until is None or len(found) >= most:
            return found
        after = until


def _page(
    connection: Connection,
    parameters: dict[str, Any],
    most: int,
    after: _PageEnd | None = None,
    until: _PageEnd | None = None,
) -> list[TransactionRow]:
    asked = parameters | _key("after", after) | _key("until", until) | {"most": most}
    return fetch_all(connection, TransactionRow, _SQL["transactions"], asked)


def _key(side: str, end: _PageEnd | None) -> dict[str, Any]:
    values = (None, None, None) if end is None else (end.practice_id, end.occurred_at, end.event_id)
    return dict(zip((f"{side}_practice", f"{side}_at", f"{side}_event"), values, strict=True))


def _about(each: TransactionRow) -> About:
    return (each.practice_id, each.about)


def week_of(day: date) -> tuple[date, date]:
    """First and last day of the week that holds `day`; weeks start on Sunday (VER-5)."""
    first = day - timedelta(days=(day.weekday() + 1) % 7)
    return first, first + timedelta(days=6)


def check_day(transactions: Sequence[Transaction]) -> DayCheck:
    """How many of these are in the books (posted or recorded by hand), of those that should be. Pure."""
    not_counted = sum(each.state in NOT_BOOKED for each in transactions)
    settled = sum(each.state in BOOKED for each in transactions)
    return DayCheck(len(transactions) - not_counted, settled, not_counted)
