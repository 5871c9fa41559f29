"""Finding our entries again: pure matching, and where to look (law 19, API facts 1.6 and 1.11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from schemas.money import MoneyError, parse_decimal
from schemas.states import EntryKind
from sinks.port import Entry

PAGE: Final = 100
"""The vendor's cap: fewer rows than this mean the last page (API facts 1.3)."""
LONGEST_LIST: Final = 1_000
"""Pages of one read. A list that does not end is a read that failed, not proof of absence."""

_DAYS_BACK: Final = timedelta(days=2)
"""The office-local day before, without knowing the office's zone: it may be a day behind UTC."""


class Resource(msgspec.Struct, frozen=True):
    """How one kind of entry is listed."""

    path: str
    number: str
    amount: str
    texts: tuple[str, ...]


PAYMENTS: Final = Resource("/payments", "PayNum", "PayAmt", ("CheckNum", "PayNote"))
ADJUSTMENTS: Final = Resource("/adjustments", "AdjNum", "AdjAmt", ("AdjNote",))


def resource_of(kind: EntryKind) -> Resource:
    return ADJUSTMENTS if kind is EntryKind.FEE_ADJUSTMENT else PAYMENTS


def page_url(resource: Resource, patient: int, entry: Entry, offset: int) -> str:
    """Path and query of one page. There is no filter on notes, and others may be ignored: rows are matched again."""
    query: dict[str, str | int] = {"PatNum": patient}
    if resource is PAYMENTS:
        query["DateEntry"] = earliest_day(entry).isoformat()
    return f"{resource.path}?{urlencode(query | {'Limit': PAGE, 'Offset': offset})}"


def earliest_day(entry: Entry) -> date:
    """No generation of this entry can have been made before this day, in any zone."""
    happened = entry.instruction.occurred_at.date()
    known = happened if entry.sent_at is None else min(happened, entry.sent_at.date())
    return known - _DAYS_BACK


def matches(
    rows: Iterable[Mapping[str, Any]], resource: Resource, patient: int, entry: Entry, *, equal: bool = True
) -> dict[str, str]:
    """External ids of the rows that are this entry: patient, marker of any generation, sign and amount equal.

    `equal` False: the rows with its marker and another amount, which are neither this entry nor its absence. One of
    the other sign is a refund made at the office, which copies marker and note (API facts 1.6), and is left out.
    """
    markers = (entry.marker, *entry.earlier_markers)
    wanted = entry.instruction.amount_minor
    if resource is ADJUSTMENTS:
        wanted = -wanted
    found = {}
    for row in rows:
        number = str(row.get(resource.number, ""))
        if not number or str(row.get("PatNum")) != str(patient):
            continue
        texts = [str(row.get(field) or "") for field in resource.texts]
        amount = _minor(row, resource.amount)
        if (amount == wanted) is not equal or (amount or 0) * wanted < 0:
            continue
        if any(marker in text for marker in markers for text in texts):
            found[number] = f"{resource.path[1:]}/{number}"
    return found


def _minor(row: Mapping[str, Any], field: str) -> int | None:
    """An amount given as text or number, exact (M-2); None for anything else."""
    value = row.get(field)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return parse_decimal(str(value)).minor
    except MoneyError:
        return None
