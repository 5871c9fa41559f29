"""The day sheet as PDF to print: a line an entry, a box to tick. One sheet, always the same bytes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from sinks.operations.roles import View
from sinks.operations.typewriter_pdf import LETTERS, typewriter_pdf
from sinks.operations.viewing import sees
from sinks.operations.worklist.csv_sheet import money
from sinks.operations.worklist.sheet import Sheet, SheetRow, account_groups

_ROW: Final = "{box:<4}{id:<11}{type:<20}{what:<22}{credit:>12}{debit:>12} {currency:<4}{payment}"


@sees(View.EXPORT, practice="sheet.practice_id")
def pdf_bytes(sheet: Sheet) -> bytes:
    """The whole sheet. Blocks for the writing alone."""
    return typewriter_pdf(list(_lines(sheet)), sheet.practice_id)


def _lines(sheet: Sheet) -> Iterator[str]:
    of = "all days" if sheet.day is None else f"{sheet.day:%Y-%m-%d}"
    yield f"To enter by hand: {sheet.practice_id}{f' ({sheet.name})' if sheet.name else ''}, {of}"
    yield f"made {sheet.made_at:%Y-%m-%d %H:%M %Z}; credit lowers what the patient owes, debit raises it"
    if sheet.more:
        yield "there is more: this sheet and its totals show what came first"
    for (account, day), rows in account_groups(sheet.rows):
        yield ""
        yield f"{account or 'no account'}   {day:%Y-%m-%d}"
        yield from map(_row, rows)
    yield ""
    for each in sheet.totals:
        amounts = {"credit": money(each.credit_minor, each.currency), "debit": money(each.debit_minor, each.currency)}
        label = {"box": "", "id": "total", "type": each.payment_type or "all", "what": f"{each.rows} entries"}
        yield _ROW.format(**label, **amounts, currency=each.currency, payment="").rstrip()
    if not sheet.rows:
        yield "nothing is to be entered"
    for note in sheet.notes:
        yield from textwrap.wrap(note, LETTERS, subsequent_indent="    ", break_on_hyphens=False)


def _row(row: SheetRow) -> str:
    return _ROW.format(
        box="[ ]" if row.part_of is None else " +",
        id=row.id,
        type=row.payment_type[:19],
        what=row.what[:21],
        credit=money(row.credit_minor, row.currency),
        debit=money(row.debit_minor, row.currency),
        currency=row.currency,
        payment=row.payment,
    )
