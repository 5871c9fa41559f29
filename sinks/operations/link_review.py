"""The review file of links: which patient a reference is at a new system, made for people, read back whole. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from sinks.ledger.practices.links import PMS_ID_LENGTH
from sinks.operations.worklist.csv_sheet import BOM, plain_cell, safe_cell
from streams.runtime.errors import ConfigurationError

COLUMNS: Final = ("patient", "former number", "new number")
MOST: Final = 200_000


def review_text(former: Mapping[str, str | None]) -> str:
    """A line a patient, with the number that it had, and room for the new one. No cell is ever a formula (S-9)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([safe_cell(ref), safe_cell(number or ""), ""] for ref, number in sorted(former.items()))
    return BOM + out.getvalue()


def read_review(raw: bytes, known: Iterable[str]) -> dict[str, str]:
    """The new number of each patient that has one; who has none waits for a link. `known`: patients of the practice.

    Raises ConfigurationError that names the line: a patient that is not known or stands twice, two patients under one
    number, a number that cannot be, a column that is missing. It quotes no number.
    """
    patients = frozenset(known)
    lines: dict[str, int] = {}
    numbers: dict[str, int] = {}
    links: dict[str, str] = {}
    for line, ref, number in _records(raw):
        if ref in lines:
            raise ConfigurationError(f"--links, line {line}: this patient stands twice, first in line {lines[ref]}")
        if ref not in patients:
            raise ConfigurationError(f"--links, line {line}: no such patient has a link or an open entry")
        lines[ref] = line
        if not number:
            continue
        if len(number) > PMS_ID_LENGTH or not (number.isascii() and number.isprintable()):
            raise ConfigurationError(
                f"--links, line {line}: a number has at most {PMS_ID_LENGTH} printable ASCII characters"
            )
        if number in numbers:
            raise ConfigurationError(
                f"--links, line {line}: line {numbers[number]} has the same number: where two references are one "
                "patient, leave one out here and link it with `writeback link add`"
            )
        links[ref], numbers[number] = number, line
    return links


def _records(raw: bytes) -> Iterator[tuple[int, str, str]]:
    """Line, patient and new number, as a spreadsheet may have saved them."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError("--links: the file is not UTF-8: save it as CSV UTF-8") from None
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        heading = [each.strip().lower() for each in next(reader, [])]
        missing = [each for each in (COLUMNS[0], COLUMNS[2]) if each not in heading]
        if missing:
            raise ConfigurationError(f"--links: the first line lacks {', '.join(missing)}")
        for cells in reader:
            if reader.line_num > MOST:
                raise ConfigurationError(f"--links: a file has at most {MOST} lines")
            record = dict(zip(heading, (plain_cell(each).strip() for each in cells), strict=False))
            if any(record.values()):
                yield reader.line_num, record.get(COLUMNS[0], ""), record.get(COLUMNS[2], "")
    except csv.Error as error:
        raise ConfigurationError(f"--links, line {reader.line_num}: the file is no CSV ({error})") from None
