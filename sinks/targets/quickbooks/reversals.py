"""A payout's document taken back: the mirror of what was written, as a new entry, never a delete (R-1, P-7, P-8, P-21).

Pure. What was written is read from the original's frozen request, so that each account, class and location that the
original moved comes to nothing, whatever the mapping says today.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

from schemas.bookkeeping.money import parse_decimal
from schemas.plan import Instruction
from schemas.vocabulary import EntryKind
from sinks.targets.port import Composed
from sinks.targets.quickbooks.payout_lines import DESCRIPTION_LIMIT, EntryLine

REVERSED: Final = "Reversed: "

Written = tuple[str, tuple[EntryLine, ...]]
"""The bank account ("" where none was moved) and the other lines, signed as `EntryLine` says."""


def is_reversal(instruction: Instruction) -> bool:
    """`lines` are the original's as they were, `amount_minor` is what the bank line is now: the original's net
    with the other sign."""
    return instruction.entry_kind is EntryKind.PAYOUT_REVERSAL


def mirrored(line: EntryLine) -> EntryLine:
    """The same line on the other side."""
    return EntryLine(
        line.account,
        -line.amount_minor,
        f"{REVERSED}{line.description}"[:DESCRIPTION_LIMIT],
        line.class_id,
        line.department_id,
    )


def written_in(request: Composed, *, bank_moved: bool) -> Written:
    """The lines of a request that this adapter composed. `bank_moved`: its net was not zero (P-4)."""
    body = json.loads(request.body, parse_float=Decimal)
    if "DepositToAccountRef" in body:
        department = _value(body, "DepartmentRef")
        return body["DepositToAccountRef"]["value"], tuple(_deposit_line(row, department) for row in body["Line"])
    rows = tuple(_journal_line(row) for row in body["Line"])
    return (rows[0].account, rows[1:]) if bank_moved else ("", rows)


def _deposit_line(row: dict[str, Any], department: str | None) -> EntryLine:
    detail = row["DepositLineDetail"]
    amount = parse_decimal(row["Amount"]).minor
    return EntryLine(detail["AccountRef"]["value"], amount, row["Description"], _value(detail, "ClassRef"), department)


def _journal_line(row: dict[str, Any]) -> EntryLine:
    detail = row["JournalEntryLineDetail"]
    amount = parse_decimal(row["Amount"]).minor
    signed = amount if detail["PostingType"] == "Credit" else -amount
    return EntryLine(
        detail["AccountRef"]["value"],
        signed,
        row["Description"],
        _value(detail, "ClassRef"),
        _value(detail, "DepartmentRef"),
    )


def _value(holder: dict[str, Any], name: str) -> str | None:
    reference = holder.get(name)
    return reference["value"] if reference else None
