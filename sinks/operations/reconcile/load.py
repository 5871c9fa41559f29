"""Loads what a reconciliation compares from the ledger: pages by index, in one view of the database, without a lock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from schemas.events import PayoutItem, PayoutPaid
from schemas.vocabulary import EntryKind
from sinks.ledger.practices.settings.history import history_of
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Connection
from sinks.operations.reconcile.facts import Document, Facts, Item, Key
from sinks.operations.reconcile.load_money import PAGE, SQL, StandingRow, decoded, entry_of, load_money
from streams.runtime.errors import ConfigurationError

LONGEST_DAYS: Final = 400
"""A tax year and some days: what is held in memory stays bounded."""


class _DocumentRow(StandingRow, frozen=True):
    entry_kind: EntryKind
    ledger_date: date
    depends_on: int | None
    subject: str
    concerns: str | None
    event_type: str
    external_id: str | None
    original: bytes | None
    undone: bool


class _KeyRow(msgspec.Struct, frozen=True):
    family: str
    id: str


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    facts: Facts
    currency: str
    external_ids: dict[int, str]
    """Of documents that stand at QuickBooks, by effect."""


def load(connection: Connection, practice_id: str, from_day: date, to_day: date) -> Loaded:
    """A practice's facts of a stretch of its civil days, both included. Blocks for some statements a thousand events.

    Raises ConfigurationError for a stretch that is none or longer than LONGEST_DAYS, and a practice without settings.
    """
    if not from_day <= to_day or (to_day - from_day).days > LONGEST_DAYS:
        raise ConfigurationError(f"--from and --to: days in their order, {LONGEST_DAYS} apart at most")
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        with connection.cursor() as cursor:
            history = history_of(cursor, practice_id)
        if history.newest is None:
            raise ConfigurationError(f"practice {practice_id} has no settings, so nobody knows its days")
        zone = ZoneInfo(history.newest.settings.zone)
        money = tuple(load_money(connection, practice_id, history, from_day, to_day, zone))
        rows = list(_documents(connection, practice_id, from_day, to_day))
        documents = tuple(map(_document, rows))
        reported = {each.key for each in money if each.key is not None}
        paid = {item.key for each in documents for item in each.items if item.key is not None}
        facts = Facts(
            money=money,
            documents=documents,
            known_elsewhere=_keys(connection, practice_id, "reported", paid - reported, to_day),
            paid_elsewhere=_keys(connection, practice_id, "paid", reported - paid, to_day),
        )
    ids = {each.effect_id: each.external_id for each in rows if each.external_id is not None}
    return Loaded(facts=facts, currency=history.newest.settings.currency, external_ids=ids)


def _documents(connection: Connection, practice_id: str, from_day: date, to_day: date) -> Iterator[_DocumentRow]:
    after: tuple[date, int] = (from_day, 0)
    while True:
        key: dict[str, Any] = {"practice_id": practice_id, "from_day": from_day, "to_day": to_day, "most": PAGE}
        page = fetch_all(connection, _DocumentRow, SQL["documents"], key | {"after_day": after[0], "after": after[1]})
        yield from page
        if len(page) < PAGE:
            return
        after = (page[-1].ledger_date, page[-1].effect_id)


def _document(row: _DocumentRow) -> Document:
    own = row.entry_kind is EntryKind.PAYOUT
    event = None if row.original is None or not own else decoded(row.event_type, row.original)
    items = tuple(map(_item, event.items)) if isinstance(event, PayoutPaid) else ()
    return Document(
        payout_id=row.concerns or row.subject,
        day=row.ledger_date,
        entry=entry_of(row),
        items=items,
        takes_back=None if own else row.depends_on or 0,
        undone=row.undone,
    )


def _item(item: PayoutItem) -> Item:
    """By which id the money of an item is known, as the comparison of payouts has it."""
    family = item.category.value
    number = {
        "CHARGE": item.payment_id,
        "RETURN": item.payment_id,
        "REFUND": item.refund_id,
        "REFUND_FAILED": item.refund_id,
        "DISPUTE": item.dispute_id,
        "DISPUTE_REVERSAL": item.dispute_id,
    }.get(family)
    key = None if number is None else (family, number)
    return Item(key=key, category=item.category, gross_minor=item.gross_minor, fee_minor=item.fee_minor)


def _keys(connection: Connection, practice_id: str, query: str, keys: set[Key], to_day: date) -> frozenset[Key]:
    """Those of the keys that a query finds, asked in pages."""
    ordered = sorted(keys)
    found: set[Key] = set()
    for start in range(0, len(ordered), PAGE):
        page = ordered[start : start + PAGE]
        parameters = {
            "practice_id": practice_id,
            "to_day": to_day,
            "families": [family for family, _ in page],
            "ids": [number for _, number in page],
        }
        found |= {(each.family, each.id) for each in fetch_all(connection, _KeyRow, SQL[query], parameters)}
    return frozenset(found)
