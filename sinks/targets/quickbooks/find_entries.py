"""Reads QuickBooks: rows of a query, an entry's amount, entries that carry a marker (README sections 5 and 6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from schemas.bookkeeping.money import MoneyError, parse_decimal
from sinks.targets.port import TargetEntry
from sinks.targets.quickbooks.documents import MINOR_VERSION
from sinks.targets.quickbooks.reversals import is_reversal

PAGE: Final = 1000
"""Largest MAXRESULTS."""
LONGEST_LIST: Final = 100
"""Pages; a company does not write 100,000 deposits in three days, so a longer list is a fault of the service."""

DEPOSIT: Final = "Deposit"
JOURNAL_ENTRY: Final = "JournalEntry"

Row = Mapping[str, Any]


class Matches(msgspec.Struct, frozen=True):
    """Entries that carry one of our markers, apart by whether their amount is the payout's."""

    equal: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()


def query_path(realm_id: str, query: str) -> str:
    return f"/v3/company/{realm_id}/query?{urlencode({'query': query, 'minorversion': str(MINOR_VERSION)})}"


def find_back_queries(entry: TargetEntry) -> tuple[tuple[str, str], ...]:
    """(entity, condition) that together see every generation's entry, whatever form it took.

    By date, a day either side, because a Deposit can be found by nothing else; a JournalEntry also by its number,
    because people move dates.
    """
    day = entry.instruction.ledger_date
    window = f"TxnDate >= '{_day(day, -1)}' AND TxnDate <= '{_day(day, 1)}'"
    numbers = ", ".join(f"'{marker}'" for marker in markers_of(entry))
    queries = [(JOURNAL_ENTRY, f"DocNumber IN ({numbers})"), (JOURNAL_ENTRY, window)]
    if entry.instruction.amount_minor > 0 and not is_reversal(entry.instruction):
        queries.append((DEPOSIT, window))
    return tuple(queries)


def page_query(entity: str, condition: str, page: int) -> str:
    """Page 0, 1, … of the rows that meet a condition; the order is fixed, so that none slips between two pages."""
    first = 1 + page * PAGE  # STARTPOSITION counts from 1
    return f"SELECT * FROM {entity} WHERE {condition} ORDERBY Id STARTPOSITION {first} MAXRESULTS {PAGE}"  # noqa: S608


def rows_of(document: object, entity: str) -> list[Row] | None:
    """The rows of a query's answer; None where it is not one."""
    inner = document.get("QueryResponse") if isinstance(document, dict) else None
    if not isinstance(inner, dict):
        return None
    rows = inner.get(entity, [])
    return rows if isinstance(rows, list) and all(isinstance(row, dict) for row in rows) else None


def match(entity: str, rows: Iterable[Row], entry: TargetEntry) -> Matches:
    """The rows that carry a marker of any generation, by external id."""
    markers = markers_of(entry)
    equal: list[str] = []
    differing: list[str] = []
    for row in rows:
        text = f"{row.get('PrivateNote', '')} {row.get('DocNumber', '')}"
        if any(marker in text for marker in markers):
            same = carries_amount(entity, row, entry.instruction.amount_minor)
            (equal if same else differing).append(external_id(entity, row))
    return Matches(tuple(equal), tuple(differing))


def carries_amount(entity: str, row: Row, net_minor: int) -> bool:
    """Whether an entry is the bank line to the cent, with its sign.

    A Deposit says so in TotalAmt. A JournalEntry's TotalAmt is always 0, so its lines are read: they balance, and one
    of them is the bank's.
    """
    if entity == DEPOSIT:
        return _minor(row.get("TotalAmt")) == net_minor
    lines = row.get("Line")
    signed = [_signed(line) for line in lines if isinstance(line, dict)] if isinstance(lines, list) else [None]
    amounts = [amount for amount in signed if amount is not None]
    return len(amounts) == len(signed) and sum(amounts) == 0 and (net_minor == 0 or net_minor in amounts)


def external_id(entity: str, row: Row) -> str:
    """As it is kept; an id that cannot be makes the answer one that proves nothing (`foreign_values`)."""
    number = row.get("Id")
    return f"{entity.lower()}/{number if isinstance(number, str | int) else ''}"


def markers_of(entry: TargetEntry) -> tuple[str, ...]:
    return (entry.marker, *entry.earlier_markers)


def _signed(line: Mapping[str, Any]) -> int | None:
    """Debits > 0; None for a line that cannot be read."""
    detail = line.get("JournalEntryLineDetail")
    side = detail.get("PostingType") if isinstance(detail, dict) else None
    amount = _minor(line.get("Amount"))
    if amount is None or side not in ("Debit", "Credit"):
        return None
    return amount if side == "Debit" else -amount


def _minor(value: object) -> int | None:
    """Cents of an amount that may come as a number or as text (README section 5)."""
    if not isinstance(value, int | str | Decimal) or isinstance(value, bool):
        return None
    try:
        return parse_decimal(value).minor
    except MoneyError:
        return None


def _day(day: date, days: int) -> str:
    return (day + timedelta(days=days)).isoformat()
