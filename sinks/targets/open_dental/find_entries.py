"""Finds our entries again: where to read, and what is a match (law 19, README sections 5, 6, 9 and 11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from schemas.bookkeeping.money import MoneyError, parse_decimal
from schemas.vocabulary import EntryKind
from sinks.targets.open_dental.accounts import number_of
from sinks.targets.open_dental.adjustments import amount_in_ledger
from sinks.targets.port import TargetEntry

PAGE: Final = 100
"""The vendor's cap: fewer rows than this mean the last page (README section 3)."""
LONGEST_LIST: Final = 1_000
"""Pages of one read. A list that does not end is a read that failed, not proof of absence."""

_DAYS_BACK: Final = timedelta(days=2)
"""The office-local day before, without knowing the office's zone: it may be a day behind UTC."""


class Resource(msgspec.Struct, frozen=True):
    """How one kind of entry is listed."""

    path: str
    number: str
    amount: str | None
    """None: it has none, the marker alone says that it is ours."""
    texts: tuple[str, ...]


PAYMENTS: Final = Resource("/payments", "PayNum", "PayAmt", ("CheckNum", "PayNote"))
ADJUSTMENTS: Final = Resource("/adjustments", "AdjNum", "AdjAmt", ("AdjNote",))
CHARGES: Final = Resource("/procedurelogs", "ProcNum", "ProcFee", ("BillingNote",))
NOTES: Final = Resource("/commlogs", "CommlogNum", None, ("Note",))

_LISTED: Final = {EntryKind.PAYMENT: PAYMENTS, EntryKind.CHARGE: CHARGES, EntryKind.NOTE: NOTES}


def resource_of(kind: EntryKind) -> Resource:
    """Of every kind but ALLOCATION, which is no entry of its own but the splits of one."""
    return _LISTED.get(kind, ADJUSTMENTS)


def page_url(resource: Resource, patient: int, entry: TargetEntry, offset: int) -> str:
    """Path and query of one page. There is no filter on notes, and others may be ignored: rows are matched again."""
    query: dict[str, str | int] = {"PatNum": patient}
    if resource is PAYMENTS:
        query["DateEntry"] = earliest_day(entry).isoformat()
    return f"{resource.path}?{urlencode(query | {'Limit': PAGE, 'Offset': offset})}"


def splits_url(payment: int, offset: int) -> str:
    return f"/paysplits?{urlencode({'PayNum': payment, 'Limit': PAGE, 'Offset': offset})}"


def earliest_day(entry: TargetEntry) -> date:
    """No generation of this entry can have been made before this day, in any zone."""
    happened = entry.instruction.occurred_at.date()
    known = happened if entry.sent_at is None else min(happened, entry.sent_at.date())
    return known - _DAYS_BACK


def wanted_amount(entry: TargetEntry) -> int:
    """The entry's amount as its list shows it."""
    order = entry.instruction
    match order.entry_kind:
        case EntryKind.PAYMENT | EntryKind.ALLOCATION:
            return order.amount_minor
        case EntryKind.CHARGE:
            return abs(order.amount_minor)
        case _:
            return amount_in_ledger(entry)


def matches(
    rows: Iterable[Mapping[str, Any]],
    resource: Resource,
    patient: int | None,
    entry: TargetEntry,
    *,
    equal: bool = True,
) -> dict[str, str]:
    """External ids of the rows that are this entry: patient (None: whoever), marker of any generation, sign and
    amount equal.

    `equal` False: the rows with its marker and another amount, which are neither this entry nor its absence. One of
    the other sign is a refund made at the office, which copies marker and note (README section 6), and is left out.
    """
    markers = (entry.marker, *entry.earlier_markers)
    wanted = None if resource.amount is None else wanted_amount(entry)
    found = {}
    for row in rows:
        number = str(row.get(resource.number, ""))
        if not _stands_with(row, patient):
            continue
        if not _fits(_minor(row, resource.amount), wanted, equal):
            continue
        if any(marker in str(row.get(field) or "") for marker in markers for field in resource.texts):
            found[number] = f"{resource.path[1:]}/{number}"
    return found


def unmarked_charges(
    rows: Iterable[Mapping[str, Any]], patient: int | None, entry: TargetEntry, code: str | None
) -> dict[str, str]:
    """Charges equal to this one without anybody's marker: an office before 25.2.21 drops the BillingNote, so that ours
    could be among them. Neither proof nor absence: a person looks."""
    found = {}
    for row in rows:
        number = str(row.get(CHARGES.number, ""))
        alike = (
            _stands_with(row, patient)
            and row.get("procCode") == code
            and row.get("ProcStatus") == "C"
            and row.get("ProcDate") == entry.instruction.ledger_date.isoformat()
            and _minor(row, "ProcFee") == wanted_amount(entry)
        )
        if alike and not row.get("BillingNote"):
            found[number] = f"{CHARGES.path[1:]}/{number}"
    return found


def is_allocated(rows: Iterable[Mapping[str, Any]], payment: int, entry: TargetEntry) -> bool:
    """Whether a payment's splits are exactly those that were asked for."""
    wanted = {} if entry.placement is None else {number_of(charge): amount for charge, amount in entry.placement.shares}
    standing: dict[int | None, int] = {}
    for row in rows:
        if str(row.get("PayNum")) != str(payment):
            continue
        amount = _minor(row, "SplitAmt")
        procedure = number_of(str(row.get("ProcNum")))
        if amount is None:
            return False
        standing[procedure] = standing.get(procedure, 0) + amount
    return bool(wanted) and standing == wanted


def minor_of(row: Mapping[str, Any], field: str) -> int | None:
    """An amount given as text or number, exact (M-2); None for anything else."""
    return _minor(row, field)


def _stands_with(row: Mapping[str, Any], patient: int | None) -> bool:
    return patient is None or str(row.get("PatNum")) == str(patient)


def _fits(amount: int | None, wanted: int | None, equal: bool) -> bool:
    if wanted is None:
        return equal
    return (amount == wanted) is equal and (amount or 0) * wanted >= 0


def _minor(row: Mapping[str, Any], field: str | None) -> int | None:
    value = row.get(field) if field is not None else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return parse_decimal(str(value)).minor
    except MoneyError:
        return None
