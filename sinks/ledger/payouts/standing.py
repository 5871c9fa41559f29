"""What the payouts that stand are made of, as a batch sees and changes it: no item is booked twice (P-2, P-23)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.payout_comparison import CarriedItem, carried_items, twice
from schemas.events import PayoutCategory, PayoutPaid
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all

SQL: Final = named_queries("sinks.ledger.payouts", "standing.sql")

ItemKey = tuple[str, PayoutCategory, str]
"""Practice, category, subject."""


class News(StrEnum):
    """What a practice is told once, ever."""

    ONE_BANK_ACCOUNT = "ONE_BANK_ACCOUNT"
    """P-24: a payout names a bank account, and the mapping none: the one account takes all."""
    FEE_FOR_THE_BATCH = "FEE_FOR_THE_BATCH"
    """N-6: one fee for many payments: net amounts are gross amounts."""


class SameItem(msgspec.Struct, frozen=True):
    """An item of this batch's payouts in a payout that stands."""

    practice_id: str
    category: PayoutCategory
    subject: str
    payout_id: str
    since: int


class StandingChange(msgspec.Struct, frozen=True, kw_only=True):
    """A payout that stands from now on with these items, or with None stands no more."""

    practice_id: str
    payout_id: str
    source: str
    version: int
    since: int
    occurred_at: datetime
    items: tuple[CarriedItem, ...] | None


class PayoutNews(msgspec.Struct, frozen=True, order=True):
    """Stored the first time, and told then."""

    practice_id: str
    kind: News
    subject: str


class StandingItems:
    """Who carries which item: as it was read under the locks, and as the batch goes on with it. Not for two threads."""

    def __init__(self, found: Iterable[SameItem] = ()) -> None:
        self._since: defaultdict[ItemKey, dict[str, int]] = defaultdict(dict)
        for each in found:
            self._since[each.practice_id, each.category, each.subject][each.payout_id] = each.since

    def has_earlier(self, practice_id: str, payout_id: str, items: Collection[CarriedItem]) -> bool:
        """Whether another payout that stands had one of the items before this one (P-2)."""
        return twice(
            (item.category, item.subject)
            for item in items
            if self._earlier(self._since.get((practice_id, item.category, item.subject), {}), payout_id)
        )

    def put(self, change: StandingChange) -> None:
        """As the change says, in this batch too."""
        kept = {(item.category, item.subject) for item in change.items or ()}
        for (practice_id, category, subject), payouts in self._since.items():
            if practice_id == change.practice_id and (category, subject) not in kept:
                payouts.pop(change.payout_id, None)
        for item in change.items or ():
            self._since[change.practice_id, item.category, item.subject].setdefault(change.payout_id, change.since)

    @staticmethod
    def _earlier(payouts: dict[str, int], payout_id: str) -> bool:
        mine = payouts.get(payout_id)
        return any(other != payout_id and (mine is None or since < mine) for other, since in payouts.items())


def read_standing(connection: psycopg.Connection[TupleRow], payouts: Sequence[PayoutPaid]) -> StandingItems:
    """Which payouts have the items of these already. Blocks for one statement, where there are any."""
    keys = {(each.practice_id, item.category, item.subject) for each in payouts for item in carried_items(each)}
    if not keys:
        return StandingItems()
    ordered = sorted(keys)
    parameters = {
        "practice_ids": [practice_id for practice_id, _, _ in ordered],
        "categories": [category.value for _, category, _ in ordered],
        "subjects": [subject for _, _, subject in ordered],
    }
    return StandingItems(fetch_all(connection, SameItem, SQL["same_items"], parameters))


def write_standing(cursor: psycopg.Cursor[TupleRow], changes: Sequence[StandingChange], at: datetime) -> None:
    """Store what stands, payout by payout, in the order in which they were applied. Blocks as its caller's pipeline."""
    for change in changes:
        key: dict[str, Any] = {"practice_id": change.practice_id, "payout_id": change.payout_id}
        if change.items is None:
            cursor.execute(SQL["drop_items"], key | {"version": None})
            continue
        cursor.execute(SQL["put_items"], key | _columns(change))
        cursor.execute(SQL["drop_items"], key | {"version": change.version})
        watching = {"practice_id": change.practice_id, "occurred_at": change.occurred_at, "now": at}
        cursor.execute(SQL["watch"], watching)


def write_news(cursor: psycopg.Cursor[TupleRow], news: Iterable[PayoutNews], at: datetime) -> None:
    """Store what is told once; what was stored before stays."""
    for each in sorted(news):
        cursor.execute(SQL["add_news"], msgspec.structs.asdict(each) | {"now": at})


def write_again(cursor: psycopg.Cursor[TupleRow], payments: Iterable[tuple[str, str]]) -> None:
    """The payouts of these payments, each a practice and an id, are compared again."""
    ordered = sorted(payments)
    if ordered:
        parameters = {"practice_ids": [each for each, _ in ordered], "payment_ids": [ref for _, ref in ordered]}
        cursor.execute(SQL["compare_again"], parameters)


def _columns(change: StandingChange) -> dict[str, Any]:
    items = change.items or ()
    return {
        "source": change.source,
        "version": change.version,
        "since": change.since,
        "categories": [item.category.value for item in items],
        "subjects": [item.subject for item in items],
        "payment_ids": [item.payment_id for item in items],
        "gross": [item.gross_minor for item in items],
        "fees": [item.fee_minor for item in items],
        "fee_apart": any(item.fee_apart for item in items),
    }
