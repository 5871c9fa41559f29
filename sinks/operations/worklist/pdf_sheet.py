"""The day sheet as PDF to print, on A4 or Letter: a line an entry, a box to tick. One sheet, always the same bytes.

Typewriter letters of the PDF itself: nothing is embedded, and amounts stand under one another. What those letters do
not have is shown as a question mark; ids and amounts are ASCII.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final

import pydyf

from sinks.operations.worklist.csv_sheet import money
from sinks.operations.worklist.sheet import Sheet, SheetRow, account_groups

WIDTH, HEIGHT = 595, 792
"""Points: as narrow as A4, as short as Letter."""
MARGIN: Final = 36
SIZE: Final = 8
LEADING: Final = 11
LINES: Final = (HEIGHT - 2 * MARGIN) // LEADING - 2
"""On a page, without its foot."""
_ROW: Final = "{box:<4}{id:<11}{type:<20}{what:<22}{credit:>12}{debit:>12} {currency:<4}{payment}"
LETTERS: Final = int((WIDTH - 2 * MARGIN) / (SIZE * 0.6))
"""In a line: a letter is 0.6 of the size."""


def pdf_bytes(sheet: Sheet) -> bytes:
    """The whole sheet. Blocks for the writing alone."""
    pages = list(_pages(list(_lines(sheet))))
    document = pydyf.PDF()
    font = pydyf.Dictionary(
        {"Type": "/Font", "Subtype": "/Type1", "BaseFont": "/Courier", "Encoding": "/WinAnsiEncoding"}
    )
    document.add_object(font)
    for number, lines in enumerate(pages, 1):
        _add_page(document, font, lines, f"{sheet.practice_id}  page {number} of {len(pages)}")
    out = io.BytesIO()
    document.write(out)
    return out.getvalue()


def _add_page(document: pydyf.PDF, font: pydyf.Dictionary, lines: list[str], foot: str) -> None:
    stream = pydyf.Stream()
    stream.begin_text()
    stream.set_font_size("F1", SIZE)
    stream.set_text_matrix(1, 0, 0, 1, MARGIN, HEIGHT - MARGIN - SIZE)
    for line in (*lines, *[""] * (LINES + 1 - len(lines)), foot):
        stream.show_text_string(line[:LETTERS].encode("cp1252", "replace"))
        stream.move_text_to(0, -LEADING)
    stream.end_text()
    document.add_object(stream)
    document.add_page(
        pydyf.Dictionary(
            {
                "Type": "/Page",
                "Parent": document.pages.reference,
                "MediaBox": pydyf.Array([0, 0, WIDTH, HEIGHT]),
                "Contents": stream.reference,
                "Resources": pydyf.Dictionary({"Font": pydyf.Dictionary({"F1": font.reference})}),
            }
        )
    )


def _pages(lines: list[str]) -> Iterator[list[str]]:
    for begin in range(0, len(lines), LINES):
        yield lines[begin : begin + LINES]


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
