"""The work list of a practice without a system: its day sheet, summed as its people would sum the spreadsheet."""

from __future__ import annotations

import csv
import io

from deploy.demo.environment import DemoEnvironment
from deploy.demo.expected import Expected
from deploy.demo.observed import Claim, cents
from deploy.demo.practices import DemoPractice
from schemas.bookkeeping.money import parse_decimal
from sinks.ledger.schema.database import connect
from sinks.operations.ledger import Ledger
from sinks.operations.worklist.csv_sheet import BOM, csv_text
from sinks.operations.worklist.read import work_list


def check_work_list(environment: DemoEnvironment, practice: DemoPractice, expected: Expected) -> Claim:
    """That the sheet holds what people have to enter: all but the insurance whose claims nobody has named. Blocks."""
    credit, debit, rows = _sums(day_sheet(environment, practice))
    to_enter = expected.waiting - expected.unnamed_claims
    return Claim(
        f"{practice.practice_id}: the work list asks its people for all that they can enter, to the cent",
        credit - debit == to_enter,
        f"{rows} lines, credit {cents(credit)} less debit {cents(debit)} of {cents(to_enter)}; "
        f"{cents(expected.unnamed_claims)} of insurance waits for its claims",
    )


def day_sheet(environment: DemoEnvironment, practice: DemoPractice) -> str:
    """The CSV that `writeback worklist PRACTICE --csv` writes."""
    settings = environment.settings
    with connect(settings.database_url, "demo") as connection:
        ledger = Ledger(connection=connection, clock=settings.clock(), jitter_s=0)
        return csv_text(work_list(ledger, practice.practice_id))


def _sums(sheet: str) -> tuple[int, int, int]:
    """Credit, debit and how many lines, in cents; the sheet's own totals are left out."""
    lines = [line for line in csv.DictReader(io.StringIO(sheet.removeprefix(BOM))) if line["entry"] != "total"]
    credit, debit = (sum(_minor(line[column]) for line in lines) for column in ("credit", "debit"))
    return credit, debit, len(lines)


def _minor(text: str) -> int:
    return parse_decimal(text).minor if text else 0
