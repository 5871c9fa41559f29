"""The review file of links: which patient a reference is at a new system, made for people, read back whole. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from sinks.ledger.practices.links import PMS_ID_LENGTH
from sinks.operations.review_cells import review_lines
from sinks.operations.worklist.csv_sheet import BOM, safe_cell
from streams.runtime.errors import ConfigurationError

COLUMNS: Final = ("patient", "former number", "new number")


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
    for line, record in review_lines(raw, (COLUMNS[0], COLUMNS[2]), "--links"):
        yield line, record.get(COLUMNS[0], ""), record.get(COLUMNS[2], "")
