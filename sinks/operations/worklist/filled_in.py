"""Reads back a day sheet that staff filled in, checked whole before anything is done. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from schemas.bookkeeping.money import MoneyError
from sinks.ledger.practices.staff_text import checked_text
from sinks.operations.typed_amount import readings, typed_minor
from sinks.operations.worklist.csv_sheet import COLUMNS, NOTE, plain_cell
from sinks.operations.worklist.sheet import SheetRow
from streams.runtime.errors import ConfigurationError

YES: Final = frozenset({"x", "y", "yes"})
NO: Final = frozenset({"", "n", "no"})
MOST_LINES: Final = 20_000
LONGEST_NOTE: Final = 200
_ENTRY: Final = re.compile(r"e:([0-9]{1,18})")
_NEEDED: Final = ("entry", "credit", "debit", "currency", "entered", "note")


class FilledIn(msgspec.Struct, frozen=True, kw_only=True):
    """A line on which staff say that they entered it."""

    line: int
    effect_id: int
    credit: str
    debit: str
    currency: str
    """As the sheet was printed: compared with the ledger, so that nobody records what has changed since."""
    entered: str | None
    """Another amount than the sheet's; None: its own."""
    note: str | None


def read_filled_in(raw: bytes) -> tuple[FilledIn, ...]:
    """The lines that are marked as entered, in the file's order; others are left alone.

    Takes what spreadsheets make of the sheet: a byte order mark or none, commas, semicolons or tabs, columns in another
    order and further ones. Raises ConfigurationError that names the line, and quotes no note.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError("the sheet is not UTF-8: save it as CSV UTF-8") from None
    lines = list(_records(text))
    found = tuple(each for line, record in lines if (each := _filled_in(line, record)) is not None)
    seen: set[int] = set()
    for each in found:
        if each.effect_id in seen:
            raise ConfigurationError(f"line {each.line}: e:{each.effect_id} stands twice on the sheet")
        seen.add(each.effect_id)
    if not found:
        raise ConfigurationError(
            "no line says that it was entered: write yes, or the amount that was entered, into the column `entered`"
        )
    return found


def check_unchanged(found: Sequence[FilledIn], rows: Mapping[int, SheetRow]) -> None:
    """Each line still says what the ledger does, and nothing is recorded without what it hangs on. Raises
    ConfigurationError that names the line. Pure."""
    marked = {each.effect_id for each in found}
    for each in found:
        row = rows.get(each.effect_id)
        if row is None:
            raise ConfigurationError(
                f"line {each.line}: e:{each.effect_id} is not to be entered any more, or never was at this practice: "
                "print the sheet anew"
            )
        same = _says(each.credit, row.credit_minor) and _says(each.debit, row.debit_minor)
        if not same or each.currency != row.currency:
            raise ConfigurationError(
                f"line {each.line}: e:{each.effect_id} has another amount now: print the sheet anew"
            )
        if row.part_of is not None and row.part_of not in marked:
            raise ConfigurationError(
                f"line {each.line}: e:{each.effect_id} belongs to e:{row.part_of}, which is not marked: they are "
                "recorded together"
            )


def entered_minor(each: FilledIn, row: SheetRow) -> int | None:
    """What was entered, in the entry's own sign; None: its amount. Raises ConfigurationError. Pure."""
    if each.entered is None:
        return None
    if readings(each.entered) == () or each.entered.startswith(("-", "+")):
        raise ConfigurationError(
            f"line {each.line}: `entered` is yes, or the amount that was entered, such as 96.80, without a sign"
        )
    try:
        amount = typed_minor(each.entered)
    except MoneyError as wrong:
        raise ConfigurationError(f"line {each.line}, entered: {wrong}") from None
    if amount == 0:
        raise ConfigurationError(f"line {each.line}: nothing was entered: leave `entered` empty")
    return -amount if row.amount_minor < 0 else amount


def _records(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    heading: list[str] | None = None
    try:
        for cells in reader:
            if heading is None:
                heading = [each.strip().lower() for each in cells]
                _check_heading(heading)
                continue
            if reader.line_num > MOST_LINES:
                raise ConfigurationError(f"a sheet has at most {MOST_LINES} lines")
            values = [plain_cell(each).strip() for each in cells]
            yield reader.line_num, dict(zip(heading, values, strict=False))
    except csv.Error as error:
        raise ConfigurationError(f"line {reader.line_num}: the sheet is no CSV ({error})") from None


def _check_heading(heading: Sequence[str]) -> None:
    missing = [each for each in _NEEDED if each not in heading]
    if missing:
        raise ConfigurationError(
            f"the sheet's first line lacks {', '.join(missing)}: as it was written it reads {', '.join(COLUMNS)}"
        )


def _filled_in(line: int, record: Mapping[str, str]) -> FilledIn | None:
    said = record.get("entered", "")
    if said.lower() in NO or record.get("entry", "") in ("", "total", NOTE):
        return None
    named = _ENTRY.fullmatch(record["entry"])
    if named is None:
        raise ConfigurationError(f"line {line}: the first column names no entry such as e:42")
    note = record.get("note", "") or None
    if note is not None:
        checked_text(f"line {line}, note", note)
        if len(note) > LONGEST_NOTE:
            raise ConfigurationError(f"line {line}, note: at most {LONGEST_NOTE} characters")
    return FilledIn(
        line=line,
        effect_id=int(named[1]),
        credit=record.get("credit", ""),
        debit=record.get("debit", ""),
        currency=record.get("currency", ""),
        entered=None if said.lower() in YES else said,
        note=note,
    )


def _says(cell: str, minor: int) -> bool:
    """Whether a printed amount is still this one, however a spreadsheet has written it since; nothing is no money."""
    return minor in readings(cell) if cell else minor == 0
