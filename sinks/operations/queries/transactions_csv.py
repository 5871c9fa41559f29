"""Transactions as CSV for a spreadsheet, with no cell that it would compute (S-9). Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from schemas.bookkeeping.money import Money
from sinks.operations.queries.transactions import TransactionRow
from sinks.operations.reconcile.export import safe_cell

HEADINGS: Final = (
    "practice",
    "day",
    "happened",
    "what",
    "payment",
    "of",
    "entry",
    "target",
    "kind of entry",
    "kind of payment",
    "tender",
    "amount",
    "entered",
    "currency",
    "state",
    "reason",
    "in the books",
    "number there",
)


def csv_of(rows: Iterable[TransactionRow]) -> str:
    """With a heading; amounts are decimal numbers, instants in UTC. No patient."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    writer.writerows(map(_cells, rows))
    return out.getvalue()


def _cells(each: TransactionRow) -> list[str]:
    texts = [
        each.practice_id,
        each.day.isoformat(),
        each.occurred_at.isoformat(),
        each.event_type,
        each.subject,
        each.about,
        "" if each.effect_id is None else f"e:{each.effect_id}",
        each.target or "",
        each.entry_kind or "",
        each.payment_kind or "",
        each.tender or "",
    ]
    amounts = [_amount(each.amount_minor, each.currency), _amount(each.entered_minor, each.currency)]
    ends = [
        each.currency or "",
        each.state,
        each.reason,
        "" if each.posted_at is None else each.posted_at.isoformat(),
        each.external_id or "",
    ]
    return [*map(safe_cell, texts), *amounts, *map(safe_cell, ends)]


def _amount(minor: int | None, currency: str | None) -> str:
    return "" if minor is None or currency is None else f"{Money(minor, currency).decimal():.2f}"
