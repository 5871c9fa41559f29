"""Reads an office's patients and payments in pages: what changed since a watermark (README section 12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from sinks.targets.foreign_values import parsed_day, parsed_instant
from sinks.targets.open_dental.accounts import number_of
from sinks.targets.open_dental.find_entries import PAGE, PAYMENTS, has_any_marker, minor_of
from sinks.targets.open_dental.merged_patients import is_living
from sinks.targets.reading import (
    Identity,
    MirrorEntry,
    MirrorPage,
    MirrorPatient,
    PageRequest,
    ReadKind,
    bounded,
    contacts,
)

OVERLAP: Final = timedelta(hours=2)
"""Stamps are the office's local time without a zone, and one hour comes twice a year."""
ENTRY_OVERLAP: Final = timedelta(days=2)
"""Payments are asked for by the day of their making, which may be a day behind ours."""
LISTS: Final = {ReadKind.PAYMENTS: PAYMENTS.path[1:]}
SIMPLE: Final = "/patients/Simple"
_STAMP: Final = "%Y-%m-%d %H:%M:%S"
NEVER: Final = "0001-01-01"

Row = Mapping[str, Any]


def page_path(request: PageRequest) -> str:
    """Path and query of one page."""
    paged = {"Limit": PAGE, "Offset": offset_of(request.position)}
    if request.kind is ReadKind.PATIENTS:
        changed = changed_since(request.since)
        return f"{SIMPLE}?{urlencode(({'DateTStamp': changed} if changed else {}) | paged)}"
    return f"{PAYMENTS.path}?{urlencode({'DateEntry': entries_from(request).isoformat()} | paged)}"


def entries_from(request: PageRequest) -> date:
    """The first day whose payments are asked for."""
    day = None if request.since is None else parsed_day(request.since)
    return request.window_from if day is None else max(request.window_from, day - ENTRY_OVERLAP)


def page_of(rows: Sequence[Row], request: PageRequest) -> MirrorPage:
    """The page's rows as the mirror keeps them."""
    number = "PatNum" if request.kind is ReadKind.PATIENTS else PAYMENTS.number
    rows, following = paged(rows, request, number)
    page = _patients(rows) if request.kind is ReadKind.PATIENTS else _payments(rows)
    whole_from = request.window_from if request.kind is ReadKind.PATIENTS else entries_from(request)
    is_whole = request.kind is ReadKind.PAYMENTS or request.since is None
    return msgspec.structs.replace(
        page,
        next_position=following,
        watermark=server_time(rows, request),
        whole_from=whole_from if is_whole else None,
    )


def paged(rows: Sequence[Row], request: PageRequest, number: str) -> tuple[Sequence[Row], str | None]:
    """The page's rows, and the position of the next one. A list that begins with the row that the page before began
    with has no pages, and was whole then."""
    first = str(rows[0].get(number))[:20] if rows else ""
    if rows and first == request.position.partition(":")[2]:
        return (), None
    following = None if len(rows) < PAGE else f"{offset_of(request.position) + len(rows)}:{first}"
    return rows, following


def _patients(rows: Sequence[Row]) -> MirrorPage:
    found = [_patient(row) for row in rows]
    read = tuple(each for each in found if each is not None)
    return MirrorPage(patients=read, skipped=len(found) - len(read))


def _patient(row: Row) -> MirrorPatient | None:
    number = number_of(str(row.get("PatNum")))
    if number is None:
        return None
    guarantor = number_of(str(row.get("Guarantor")))
    born = row.get("Birthdate")
    return MirrorPatient(
        pms_patient_id=str(number),
        guarantor_id=None if guarantor in (None, number) else str(guarantor),
        in_use=is_living(row, number),
        identity=Identity(
            given_name=bounded(row.get("FName")),
            family_name=bounded(row.get("LName")),
            birth_date=None if born == NEVER else parsed_day(born),
            phones=contacts(row.get("WirelessPhone"), row.get("HmPhone"), row.get("WkPhone")),
            emails=contacts(row.get("Email")),
        ),
    )


def _payments(rows: Sequence[Row]) -> MirrorPage:
    found = [_payment(row) for row in rows]
    read = tuple(each for each in found if each is not None)
    return MirrorPage(entries=read, skipped=len(found) - len(read))


def _payment(row: Row) -> MirrorEntry | None:
    number, patient = number_of(str(row.get(PAYMENTS.number))), number_of(str(row.get("PatNum")))
    amount = minor_of(row, "PayAmt")
    on, made = parsed_day(row.get(PAYMENTS.date)), parsed_day(row.get(PAYMENTS.made))
    if number is None or patient is None or amount is None or on is None or made is None:
        return None
    return MirrorEntry(
        external_id=f"{PAYMENTS.path[1:]}/{number}",
        pms_patient_id=str(patient),
        amount_minor=amount,
        entry_date=on,
        made_on=made,
        marked=has_any_marker(row, PAYMENTS),
    )


def offset_of(position: str) -> int:
    """Where a page begins."""
    digits = position.partition(":")[0]
    return int(digits) if digits.isdecimal() and len(digits) <= 9 else 0


def changed_since(watermark: str | None) -> str | None:
    """The stamp from which changes are asked for; None: everything is."""
    if watermark is None or (at := _stamp(watermark)) is None:
        return None
    return (at - OVERLAP).strftime(_STAMP)


def server_time(rows: Sequence[Row], request: PageRequest) -> str | None:
    """The office's own clock; of payments, whose day alone counts, ours where the list is empty."""
    at = _stamp(rows[0].get("serverDateTime")) if rows else None
    if at is not None:
        return at.strftime(_STAMP)
    return request.at.astimezone(UTC).strftime(_STAMP) if request.kind is ReadKind.PAYMENTS else None


def _stamp(text: object) -> datetime | None:
    return parsed_instant(text)
