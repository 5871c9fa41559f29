"""Finds our entries again: where to read, and what is a match (law 19, README sections 5, 6, 9 and 11)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

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

_MARKER: Final = re.compile(r"(?<![A-Z2-7])WB[A-Z2-7]{16}(?![A-Z2-7])")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAYS_BACK: Final = timedelta(days=2)
"""The office-local day before, without knowing the office's zone: it may be a day behind UTC."""


class Resource(msgspec.Struct, frozen=True):
    """How one kind of entry is listed."""

    path: str
    number: str
    amount: str | None
    """None: it has none, the marker alone says that it is ours."""
    texts: tuple[str, ...]
    made: str
    """The day of its making."""
    date: str
    """Its date in the books."""


PAYMENTS: Final = Resource("/payments", "PayNum", "PayAmt", ("CheckNum", "PayNote"), "DateEntry", "PayDate")
ADJUSTMENTS: Final = Resource("/adjustments", "AdjNum", "AdjAmt", ("AdjNote",), "DateEntry", "AdjDate")
CHARGES: Final = Resource("/procedurelogs", "ProcNum", "ProcFee", ("BillingNote",), "DateEntryC", "ProcDate")
NOTES: Final = Resource("/commlogs", "CommlogNum", None, ("Note",), "DateTEntry", "CommDateTime")

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
        case EntryKind.PAYMENT | EntryKind.ALLOCATION | EntryKind.INSURANCE_PAYMENT:
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
    """External ids of the rows that are this entry: patient (None: whoever), marker of any generation or an id that an
    earlier read saw it under, sign and amount equal.

    `equal` False: those with another amount, which are neither this entry nor its absence. One of the other sign with
    our marker is a refund made at the office, which copies marker and note (README section 6), and is left out.
    """
    wanted = None if resource.amount is None else wanted_amount(entry)
    found = {}
    for row in rows:
        number, external_id = _named(resource, row)
        if not _stands_with(row, patient):
            continue
        amount = _minor(row, resource.amount)
        if external_id in entry.known_ids:
            fits = (wanted is None or amount == wanted) is equal
        else:
            fits = _has_marker(row, resource, entry) and _fits(amount, wanted, equal)
        if fits:
            found[number] = external_id
    return found


def possible(rows: Iterable[Mapping[str, Any]], resource: Resource, patient: int, entry: TargetEntry) -> dict[str, str]:
    """Rows of the patient that could be this entry, its text rewritten by people. Neither proof nor absence (law 19).

    Without any marker of ours, made since it could have been sent, and of its amount or with our reference in the text.
    """
    found = {}
    for row in rows:
        number, external_id = _named(resource, row)
        texts = " ".join(str(row.get(field) or "") for field in resource.texts)
        if external_id in entry.not_ours or _MARKER.search(texts) or not _stands_with(row, patient):
            continue
        if _made_since(row, resource, entry) and (_alike(row, resource, entry) or refers_to(texts, entry)):
            found[number] = external_id
    return found


def refers_to(text: str, entry: TargetEntry) -> bool:
    """Whether a text carries the upstream's id of what the entry books, as a word of its own."""
    reference = entry.instruction.payment_ref
    if not reference or reference not in text:
        return False
    return re.search(rf"(?<![\w-]){re.escape(reference)}(?![\w-])", text) is not None


def _alike(row: Mapping[str, Any], resource: Resource, entry: TargetEntry) -> bool:
    """Of the same amount; a note has none, so of the same minute."""
    if resource.amount is not None:
        return _minor(row, resource.amount) == wanted_amount(entry)
    order = entry.instruction
    sent = order.occurred_at.astimezone(ZoneInfo(order.zone or "UTC"))
    return str(row.get("CommDateTime") or "").startswith(f"{sent:%Y-%m-%d %H:%M}")


def _made_since(row: Mapping[str, Any], resource: Resource, entry: TargetEntry) -> bool:
    """By the day of its making, which nobody can edit; where the office does not say it, it may be."""
    made = str(row.get(resource.made) or "")[:10]
    return not _DAY.fullmatch(made) or made >= earliest_day(entry).isoformat()


def _has_marker(row: Mapping[str, Any], resource: Resource, entry: TargetEntry) -> bool:
    markers = (entry.marker, *entry.earlier_markers)
    return any(marker in str(row.get(field) or "") for marker in markers for field in resource.texts)


def _named(resource: Resource, row: Mapping[str, Any]) -> tuple[str, str]:
    """Number and external id; a number that cannot be stored makes the whole read one that proves nothing
    (`foreign_values`)."""
    number = str(row.get(resource.number, ""))
    return number, f"{resource.path[1:]}/{number}"


def unmarked_charges(
    rows: Iterable[Mapping[str, Any]], patient: int | None, entry: TargetEntry, code: str | None
) -> dict[str, str]:
    """Charges equal to this one without anybody's marker: an office before 25.2.21 drops the BillingNote, so that ours
    could be among them. Neither proof nor absence: a person looks."""
    found = {}
    for row in rows:
        number, external_id = _named(CHARGES, row)
        alike = (
            _stands_with(row, patient)
            and row.get("procCode") == code
            and row.get("ProcStatus") == "C"
            and row.get("ProcDate") == entry.instruction.ledger_date.isoformat()
            and _minor(row, "ProcFee") == wanted_amount(entry)
        )
        if alike and not row.get("BillingNote") and external_id not in entry.not_ours:
            found[number] = external_id
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


def has_any_marker(row: Mapping[str, Any], resource: Resource) -> bool:
    """Whether a text of it carries a marker of this program, of whatever entry."""
    return any(_MARKER.search(str(row.get(field) or "")) for field in resource.texts)


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
