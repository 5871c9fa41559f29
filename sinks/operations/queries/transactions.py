"""Lists what became of each event, page by page: its entries with states and reasons, and whether a day is complete.

A page costs what its SCAN events cost, however many the ledger holds and however few of them match: where none of them
does, the page is empty and says where the next one begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec

from schemas.events import PayoutFailed, PayoutPaid
from schemas.vocabulary import BOOKED, MONEY_OF_ITS_OWN, NOT_BOOKED
from schemas.writebacks import MoneyKind
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Connection
from sinks.operations.queries.totals import About, PaymentStanding, Totals, totals_of
from sinks.operations.queries.transaction_filter import Place, Wanted
from sinks.operations.queries.transaction_keys import Looked, keys_of, looked_for
from sinks.operations.roles import View
from sinks.operations.viewing import sees

_SQL: Final = named_queries("sinks.operations.queries", "transactions.sql")
SCAN: Final = 500
"""Events that one page looks at, at most."""
_LAST: Final = 2**63 - 1
"""Above every entry's number: a place behind all entries of its event."""
_BOOKS: Final = frozenset({MoneyKind.PAYMENT, MoneyKind.PAYOUT, MoneyKind.FEE, MoneyKind.CLEARED})
"""Kinds of events whose entries book a payment or payout; those of all others take something of it back."""
PAYOUTS: Final = frozenset({PayoutPaid.__name__, PayoutFailed.__name__})


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
    payment_kind: str | None
    tender: str | None
    entered_minor: int | None
    """What a person entered, where it was recorded by hand (POST-10)."""
    version: str | None
    """Of the entry, as an action takes it: what was changed since is refused (E-15)."""

    @property
    def place(self) -> Place:
        return Place(
            practice_id=self.practice_id,
            occurred_at=self.occurred_at,
            event_id=self.event_id,
            source=self.source,
            effect_id=self.effect_id or 0,
        )


class Transaction(TransactionRow, frozen=True):
    """One with what became of its payment or payout."""

    standing: PaymentStanding | None
    """Of that payment or payout as a whole, at the entries that booked it; None at what takes back, at what is not in
    the books, and where nothing that stands took any of it back."""


class Page(msgspec.Struct, frozen=True):
    """Some rows of a listing, and where it goes on; None: here it ends."""

    rows: tuple[TransactionRow, ...]
    next: Place | None


class Listing(msgspec.Struct, frozen=True):
    """What matched, and whether there is more than was asked for."""

    transactions: tuple[Transaction, ...]
    more: bool
    totals: tuple[Totals, ...] = ()
    """Of every payment and payout that is shown and has entries."""
    next: str | None = None
    """Where the listing goes on, if there is more."""


class DayCheck(msgspec.Struct, frozen=True):
    """VER-2, VER-5: is everything of the range in the books?"""

    counted: int
    settled: int
    not_counted: int

    @property
    def complete(self) -> bool:
        return self.settled == self.counted


@sees(View.TRANSACTIONS, practice="wanted.practice_id")
def list_transactions(connection: Connection, wanted: Wanted, after: Place | None = None) -> Listing:
    """What matches, in the order in which it happened, at most `wanted.most`, with the totals of what is shown.

    Blocks for a statement or two with every page of SCAN events, until enough of them match or the last was looked at.
    ConfigurationError for an unknown practice.
    """
    looked = looked_for(connection, wanted)
    found: list[TransactionRow] = []
    for page in _pages(connection, looked, after, wanted.most + 1):
        found += page.rows
        if len(found) > wanted.most:
            break
    shown = found[: wanted.most]
    totals = totals_of(connection, {_about(each) for each in shown})
    standing = {(each.about, each.of_payout): each.standing for each in totals}
    more = len(found) > wanted.most
    return Listing(
        tuple(
            Transaction(
                **msgspec.structs.asdict(each),
                standing=standing.get((_about(each), each.event_type in PAYOUTS)) if _booked_it(each) else None,
            )
            for each in shown
        ),
        more,
        tuple(totals),
        shown[-1].place.token() if more else None,
    )


@sees(View.TRANSACTIONS, practice="wanted.practice_id")
def page_of(connection: Connection, wanted: Wanted, after: Place | None = None) -> Page:
    """One page, at most `wanted.most` rows of at most SCAN events. Blocks for a few statements, each bounded."""
    return _page(connection, looked_for(connection, wanted), after, wanted.most)


def _pages(connection: Connection, looked: Looked, after: Place | None, most: int) -> Iterator[Page]:
    left = most
    while True:
        page = _page(connection, looked, after, left)
        yield page
        left -= len(page.rows)
        after = page.next
        if after is None or left <= 0:
            return


def _page(connection: Connection, looked: Looked, after: Place | None, most: int) -> Page:
    scanned = SCAN if after is None else SCAN + 1  # the event at which the last page ended comes once more
    keys = keys_of(connection, looked, after, scanned)
    if not keys:
        return Page((), None)
    parameters: dict[str, Any] = looked.filters | {
        "practice_ids": [each.practice_id for each in keys],
        "sources": [each.source for each in keys],
        "event_ids": [each.event_id for each in keys],
        "after_practice": None if after is None else after.practice_id,
        "after_at": None if after is None else after.occurred_at,
        "after_event": None if after is None else after.event_id,
        "after_source": None if after is None else after.source,
        "after_effect": None if after is None else after.effect_id,
        "most": most + 1,
    }
    rows = fetch_all(connection, TransactionRow, _SQL["rows"], parameters)
    if len(rows) > most:
        return Page(tuple(rows[:most]), rows[most - 1].place)
    behind = msgspec.structs.replace(keys[-1], effect_id=_LAST) if len(keys) == scanned else None
    return Page(tuple(rows), behind)


def _booked_it(row: TransactionRow) -> bool:
    """An entry that is in the books for the payment or payout itself. Pure."""
    return row.kind in _BOOKS and row.state in BOOKED and row.entry_kind in MONEY_OF_ITS_OWN


def _about(each: TransactionRow) -> About:
    return (each.practice_id, each.about)


def check_day(transactions: Sequence[Transaction]) -> DayCheck:
    """How many of these are in the books (posted or recorded by hand), of those that should be. Pure."""
    not_counted = sum(each.state in NOT_BOOKED for each in transactions)
    settled = sum(each.state in BOOKED for each in transactions)
    return DayCheck(len(transactions) - not_counted, settled, not_counted)
