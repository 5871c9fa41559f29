"""The day sheet as CSV that spreadsheets open: UTF-8 with a byte order mark, no cell is ever a formula (S-9). Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from schemas.bookkeeping.money import Money
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.operations.worklist.sheet import Sheet, SheetRow

BOM: Final = "\ufeff"
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""With these a spreadsheet begins to compute what it should show."""
COLUMNS: Final = (
    "entry", "part of", "date", "account", "type", "what", "credit", "debit", "currency", "payment", "why",
    "entered", "note",
)  # fmt: skip
"""`entered` and `note` are for staff: yes, or the amount that was entered; and what they want to remember."""

NOTE: Final = "note"
"""Begins a line under the totals that says what is not on the sheet."""


@sees(View.EXPORT, practice="sheet.practice_id")
def csv_text(sheet: Sheet) -> str:
    """With a head line, a line an entry, the totals, and what is not on it. Credit lowers what the patient owes,
    debit raises it. Lines end as spreadsheets write them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([safe_cell(cell) for cell in line] for line in _lines(sheet))
    return BOM + out.getvalue()


def safe_cell(text: str) -> str:
    """The cell as it may stand in a spreadsheet: with an apostrophe before what would begin a formula. Pure."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def plain_cell(text: str) -> str:
    """The cell without that apostrophe. Pure."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text


def money(minor: int, currency: str) -> str:
    """Without the currency; empty for nothing. Pure."""
    return f"{Money(minor, currency).decimal():.2f}" if minor else ""


def _lines(sheet: Sheet) -> Iterator[tuple[str, ...]]:
    yield from map(_line, sheet.rows)
    for each in sheet.totals:
        what = f"{each.rows} entries"
        amounts = (money(each.credit_minor, each.currency), money(each.debit_minor, each.currency))
        yield "total", "", "", "", each.payment_type or "all", what, *amounts, each.currency, "", "", "", ""
    for note in sheet.notes:
        yield NOTE, "", "", "", "", "", "", "", "", "", note, "", ""


def _line(row: SheetRow) -> tuple[str, ...]:
    part_of = "" if row.part_of is None else f"e:{row.part_of}"
    amounts = (money(row.credit_minor, row.currency), money(row.debit_minor, row.currency))
    named = (row.id, part_of, row.ledger_date.isoformat(), row.account, row.payment_type, row.what)
    return (*named, *amounts, row.currency, row.payment, row.why, "", "")
