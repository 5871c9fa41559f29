"""Reads whether an entry still stands as it was written, before another one takes it back (R-20).

Payments, adjustments and procedures have no read by id: the patient's list is read and the number looked for. What is
not there may have moved with its patient (`merged_patients`), which is no change; moved alone by a person, it is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from schemas.bookkeeping.money import MoneyError, parse_decimal
from sinks.targets.open_dental import answers, find_entries, merged_patients
from sinks.targets.open_dental.accounts import number_of
from sinks.targets.open_dental.find_entries import ADJUSTMENTS, CHARGES, NOTES, PAGE, PAYMENTS, Resource
from sinks.targets.open_dental.office_reader import OfficeReader, Row
from sinks.targets.port import OriginReading, OriginState, ReadFailed, Scope, TargetEntry

_RESOURCES: Final = {resource.path[1:]: resource for resource in (PAYMENTS, ADJUSTMENTS, CHARGES, NOTES)}
_DELETED: Final = "D"
"""`ProcStatus` of a procedure that was deleted: its row stays."""

_STANDS: Final = OriginReading(state=OriginState.STANDS)
_GONE: Final = OriginReading(state=OriginState.GONE)
_CHANGED: Final = OriginReading(state=OriginState.CHANGED)


class _Written(msgspec.Struct, frozen=True):
    """What is looked for: the number at the target, and the fields as they were sent."""

    resource: Resource
    number: int
    patient: int
    fields: Mapping[str, Any]


async def read_origin(reader: OfficeReader, entry: TargetEntry, ends_at: float) -> OriginReading | ReadFailed:
    """At the patient to whom it was written; not there, among everybody's rows or by the patient's own record."""
    written = _written(entry)
    if written is None:
        return ReadFailed(scope=Scope.EFFECT, reason=None, code="ORIGINAL_UNKNOWN")
    rows = await reader.rows(lambda offset: _page_url(written, offset), ends_at)
    missing = isinstance(rows, ReadFailed) and answers.patient_is_missing(rows)
    if isinstance(rows, ReadFailed) and not missing:
        return rows
    row = None if isinstance(rows, ReadFailed) else _numbered(rows, written)
    if row is not None:
        return _compared(row, written, same_patient=True)
    return await _elsewhere(reader, written, entry, ends_at)


async def _elsewhere(
    reader: OfficeReader, written: _Written, entry: TargetEntry, ends_at: float
) -> OriginReading | ReadFailed:
    """Of a record that is in use nothing was merged away: what is not there was deleted, or moved by a person."""
    record = await reader.record(f"/patients/{written.patient}", ends_at)
    if isinstance(record, ReadFailed) and not answers.patient_is_missing(record):
        return record
    living = not isinstance(record, ReadFailed) and merged_patients.is_living(record, written.patient)
    if merged_patients.everywhere_url(written.resource, entry, 0) is not None:
        rows = await reader.rows(
            lambda offset: merged_patients.everywhere_url(written.resource, entry, offset) or "",
            ends_at,
            merged_patients.MOST_PAGES,
        )
        if isinstance(rows, ReadFailed):
            # An older office lists one patient's alone; of a living one that list was whole.
            return _GONE if living and rows.scope is Scope.EFFECT else rows
        row = _numbered(rows, written)
        if row is None:
            return _GONE if living else ReadFailed(scope=Scope.EFFECT, reason=None, code="PATIENT_MERGED")
        return _CHANGED if living else _compared(row, written, same_patient=False)
    return _GONE if living else ReadFailed(scope=Scope.EFFECT, reason=None, code="PATIENT_MERGED")


def _written(entry: TargetEntry) -> _Written | None:
    name, _, number = (entry.origin_id or "").partition("/")
    resource, found = _RESOURCES.get(name), number_of(number)
    if resource is None or found is None or entry.origin is None:
        return None
    try:
        fields = msgspec.json.decode(entry.origin.body, type=dict[str, Any])
    except msgspec.MsgspecError:
        return None
    patient = number_of(str(fields.get("PatNum")))
    return None if patient is None else _Written(resource, found, patient, fields)


def _page_url(written: _Written, offset: int) -> str:
    return f"{written.resource.path}?PatNum={written.patient}&Limit={PAGE}&Offset={offset}"


def _numbered(rows: list[Row], written: _Written) -> Row | None:
    wanted = str(written.number)
    found = next((row for row in rows if str(row.get(written.resource.number)) == wanted), None)
    return None if found is None or found.get("ProcStatus") == _DELETED else found


def _compared(row: Row, written: _Written, *, same_patient: bool) -> OriginReading:
    """Amount, sign and date, and the patient where no merge explains another; the rest is daily work (R-20)."""
    resource = written.resource
    if same_patient and str(row.get("PatNum")) != str(written.patient):
        return _CHANGED
    if resource.amount is not None:
        amount = find_entries.minor_of(row, resource.amount)
        if amount is None or amount != _minor(written.fields.get(resource.amount)):
            return _CHANGED
    wanted = str(written.fields.get(resource.date) or "")[:10]
    return _STANDS if str(row.get(resource.date) or "")[:10] == wanted else _CHANGED


def _minor(value: object) -> int | None:
    try:
        return parse_decimal(str(value)).minor
    except MoneyError:
        return None
