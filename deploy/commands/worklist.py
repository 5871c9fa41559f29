"""`writeback worklist`: what people type into a practice's books, on the screen, as CSV and as a day sheet to print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import Json, PracticeId

if TYPE_CHECKING:
    from sinks.operations.worklist.sheet import Sheet


def worklist(
    practice: PracticeId,
    date: Annotated[
        str | None, typer.Option(metavar="DAY", help="Only entries of this date, such as 2026-03-02.")
    ] = None,
    csv_file: Annotated[
        Path | None,
        typer.Option("--csv", help="Write it as CSV for a spreadsheet, to be filled in.", dir_okay=False),
    ] = None,
    pdf_file: Annotated[
        Path | None, typer.Option("--pdf", help="Write it as a day sheet to print.", dir_okay=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """List what is to be typed in by hand: by account and day, then payment type, each fee under its payment. What was
    typed in is recorded with `writeback entries record`, or all at once from the filled-in CSV with --sheet."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.parsing import a_day, write_file
    from deploy.commands.printing import print_json
    from sinks.operations.worklist.csv_sheet import csv_text
    from sinks.operations.worklist.read import work_list

    with open_ledger("worklist") as opened:
        sheet = work_list(opened.ledger, practice, a_day(date, "--date"))
    if csv_file is not None:
        write_file(csv_file, csv_text(sheet).encode("utf-8"), "--csv")
    if pdf_file is not None:
        from sinks.operations.worklist.pdf_sheet import pdf_bytes

        write_file(pdf_file, pdf_bytes(sheet), "--pdf")
    if as_json:
        print_json(sheet)
    else:
        _print(sheet)


def _print(sheet: Sheet) -> None:
    from deploy.commands.printing import counted, print_table
    from sinks.operations.worklist.csv_sheet import money

    headings = ("id", "date", "account", "type", "what", "credit", "debit", "", "payment", "why")
    rows = [
        (
            f"{'' if row.part_of is None else '+ '}{row.id}",
            row.ledger_date,
            row.account,
            row.payment_type,
            row.what,
            money(row.credit_minor, row.currency),
            money(row.debit_minor, row.currency),
            row.currency,
            row.payment,
            row.why,
        )
        for row in sheet.rows
    ]
    print_table("", headings, rows)
    for each in sheet.totals:
        credit, debit = money(each.credit_minor, each.currency), money(each.debit_minor, each.currency)
        entries = counted(each.rows, "entry", "entries")
        sums = f"credit {credit or '0.00'}, debit {debit or '0.00'} {each.currency}"
        print(f"{each.payment_type or 'all'}: {entries}, {sums}")
    if not sheet.rows:
        print(f"{sheet.practice_id}: nothing is to be typed in")
    if sheet.more:
        print("there is more: these came first, and the totals are theirs")
    for note in sheet.notes:
        print(note)
