"""Reads QuickBooks: rows of a query, an entry's amount, entries that carry a marker (README sections 5 and 6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from schemas.bookkeeping.money import MoneyError, parse_decimal
from sinks.targets.port import TargetEntry
from sinks.targets.quickbooks.documents import MINOR_VERSION
from sinks.targets.quickbooks.payout_lines import reference_of
from sinks.targets.quickbooks.reversals import is_reversal

PAGE: Final = 1000
"""Largest MAXRESULTS."""
MOST_DOCUMENTS: Final = 100_000
DOCUMENTS: Final = 100
"""Documents of one page: each may hold a thousand lines, and an answer is bounded in bytes."""
LONGEST_LIST: Final = 100
"""Pages; a company does not write 100,000 deposits in three days, so a longer list is a fault of the service."""

DEPOSIT: Final = "Deposit"
JOURNAL_ENTRY: Final = "JournalEntry"

Row = Mapping[str, Any]

_MARKER: Final = re.compile(r"(?<![A-Z2-7])WB[A-Z2-7]{16}(?![A-Z2-7])")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER: Final = re.compile(r"[0-9]{1,32}")


class Matches(msgspec.Struct, frozen=True):
    """Entries that carry one of our markers, apart by whether their amount is the payout's."""

    equal: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    """Without any marker of ours, and perhaps ours: neither proof nor absence."""


def query_path(realm_id: str, query: str) -> str:
    return f"/v3/company/{realm_id}/query?{urlencode({'query': query, 'minorversion': str(MINOR_VERSION)})}"


def find_back_queries(entry: TargetEntry, now: datetime) -> tuple[tuple[str, str], ...]:
    """(entity, condition) that together see every generation's entry, whatever form it took.

    By date, a day either side; a JournalEntry also by its number; and by the time of creation, because people move
    dates and rewrite numbers, and nobody can edit when an entry was made.
    """
    day = entry.instruction.ledger_date
    window = f"TxnDate >= '{_day(day, -1)}' AND TxnDate <= '{_day(day, 1)}'"
    made = f"MetaData.CreateTime >= '{made_since(entry, now).isoformat()}T00:00:00-08:00'"
    numbers = ", ".join(f"'{marker}'" for marker in markers_of(entry))
    queries = [(JOURNAL_ENTRY, f"DocNumber IN ({numbers})"), (JOURNAL_ENTRY, window), (JOURNAL_ENTRY, made)]
    if entry.instruction.amount_minor > 0 and not is_reversal(entry.instruction):
        queries += [(DEPOSIT, window), (DEPOSIT, made)]
    return tuple(queries)


def made_since(entry: TargetEntry, now: datetime) -> date:
    """No generation of this entry can have been made before this day, in any zone."""
    return min(entry.instruction.occurred_at.date(), (entry.sent_at or now).date()) - timedelta(days=1)


def entity_path(realm_id: str, external_id: str) -> str | None:
    """The path that reads one entry by its id; None for an id that is none of ours."""
    entity, _, number = external_id.partition("/")
    if entity not in (DEPOSIT.lower(), JOURNAL_ENTRY.lower()) or not _NUMBER.fullmatch(number):
        return None
    return f"/v3/company/{realm_id}/{entity}/{number}?minorversion={MINOR_VERSION}"


def entity_of(external_id: str) -> str:
    """Deposit or JournalEntry."""
    return DEPOSIT if external_id.startswith(f"{DEPOSIT.lower()}/") else JOURNAL_ENTRY


def page_query(entity: str, condition: str, page: int, size: int = PAGE) -> str:
    """Page 0, 1, … of the rows that meet a condition; the order is fixed, so that none slips between two pages."""
    first = 1 + page * size  # STARTPOSITION counts from 1
    return f"SELECT * FROM {entity} WHERE {condition} ORDERBY Id STARTPOSITION {first} MAXRESULTS {size}"  # noqa: S608


def rows_of(document: object, entity: str) -> list[Row] | None:
    """The rows of a query's answer; None where it is not one."""
    inner = document.get("QueryResponse") if isinstance(document, dict) else None
    if not isinstance(inner, dict):
        return None
    rows = inner.get(entity, [])
    return rows if isinstance(rows, list) and all(isinstance(row, dict) for row in rows) else None


def match(entity: str, rows: Iterable[Row], entry: TargetEntry, now: datetime) -> Matches:
    """The rows that are this entry, or could be, by external id.

    Its own: a marker of any generation, or an id under which it was seen before; people rewrite memos and lines. A row
    without any marker of ours is possible where it was made since and has our reference in a line or our amount.
    """
    markers = markers_of(entry)
    equal: list[str] = []
    differing: list[str] = []
    possible: list[str] = []
    for row in rows:
        text, found = f"{row.get('PrivateNote', '')} {row.get('DocNumber', '')}", external_id(entity, row)
        same = carries_amount(entity, row, entry.instruction.amount_minor)
        if found in entry.known_ids or any(marker in text for marker in markers):
            (equal if same else differing).append(found)
        elif found not in entry.not_ours and not _MARKER.search(text) and _could_be(row, text, same, entry, now):
            possible.append(found)
    return Matches(tuple(equal), tuple(differing), tuple(possible))


def _could_be(row: Row, text: str, same: bool, entry: TargetEntry, now: datetime) -> bool:
    return _made_since(row, entry, now) and (same or _refers_to(f"{text} {_line_texts(row)}", entry))


def _made_since(row: Row, entry: TargetEntry, now: datetime) -> bool:
    """By the time of its making, which nobody can edit; where QuickBooks does not say it, it may be."""
    meta = row.get("MetaData")
    made = str(meta.get("CreateTime") or "")[:10] if isinstance(meta, dict) else ""
    return not _DAY.fullmatch(made) or made >= made_since(entry, now).isoformat()


def _refers_to(text: str, entry: TargetEntry) -> bool:
    reference = reference_of(entry.instruction)
    if reference not in text:
        return False
    return re.search(rf"(?<![\w-]){re.escape(reference)}(?!\w| v[0-9])", text) is not None


def _line_texts(row: Row) -> str:
    lines = row.get("Line")
    if not isinstance(lines, list):
        return ""
    return " ".join(str(line.get("Description") or "") for line in lines if isinstance(line, dict))


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


def brought_to(entity: str, row: Row, account: str) -> int | None:
    """What an entry brings to a bank account; None where its amounts cannot be read.

    A Deposit brings its total, to whichever bank it goes; of a JournalEntry the lines of this account count.
    """
    if entity == DEPOSIT:
        return _minor(row.get("TotalAmt"))
    lines = row.get("Line")
    if not isinstance(lines, list):
        return None
    amounts = [_signed(line) for line in lines if isinstance(line, dict) and _account_of(line) == account]
    return None if None in amounts else sum(each for each in amounts if each is not None)


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


def _account_of(line: Mapping[str, Any]) -> str | None:
    detail = line.get("JournalEntryLineDetail")
    reference = detail.get("AccountRef") if isinstance(detail, dict) else None
    number = reference.get("value") if isinstance(reference, dict) else None
    return number if isinstance(number, str) else None


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
