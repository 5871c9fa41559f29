"""Reads an office's appointments and their procedures in pages (RD-2, README section 12)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from typing import Final
from urllib.parse import urlencode

import msgspec

from sinks.targets.foreign_values import parsed_day, parsed_wall_clock
from sinks.targets.open_dental.accounts import number_of
from sinks.targets.open_dental.find_entries import PAGE, minor_of
from sinks.targets.open_dental.mirror_pages import Row, changed_since, offset_of, paged, server_time
from sinks.targets.reading import MirrorPage, PageRequest, ReadKind, bounded
from sinks.targets.schedule import LONGEST_DETAIL, AppointmentState, MirrorAppointment, MirrorProcedure

APPOINTMENTS: Final = "/appointments"
PROCEDURES: Final = "/procedurelogs"
MOST_UNITS: Final = 1_000
"""Of one procedure; more is no number of units."""

_STATES: Final = {
    "Scheduled": AppointmentState.SCHEDULED,
    "ASAP": AppointmentState.SCHEDULED,
    "Complete": AppointmentState.COMPLETED,
    "UnschedList": AppointmentState.CANCELLED,
    "Broken": AppointmentState.MISSED,
}
_NO_APPOINTMENT: Final = frozenset({"Planned", "PtNote", "PtNoteCompleted"})
"""Rows of the same table that hold no place in the schedule."""
_DONE: Final = "C"
_ATTACHED: Final = frozenset({"TP", _DONE})
"""Planned or complete: the others are history, referrals, conditions, or deleted, and cost nothing."""


def page_path(request: PageRequest) -> str:
    """Path and query of one page. Appointments: the whole window by its days, or what has changed, whatever its day."""
    paging = {"Limit": PAGE, "Offset": offset_of(request.position)}
    if request.kind is ReadKind.PROCEDURES:
        since = changed_since(request.since) or f"{request.window_from.isoformat()} 00:00:00"
        return f"{PROCEDURES}?{urlencode({'DateTStamp': since} | paging)}"
    changed = changed_since(request.since)
    window = {"dateStart": request.window_from.isoformat(), "dateEnd": request.window_until.isoformat()}
    return f"{APPOINTMENTS}?{urlencode((window if changed is None else {'DateTStamp': changed}) | paging)}"


def page_of(rows: Sequence[Row], request: PageRequest) -> MirrorPage:
    """The page's rows as the mirror keeps them."""
    number = "ProcNum" if request.kind is ReadKind.PROCEDURES else "AptNum"
    rows, following = paged(rows, request, number)
    page = _procedures(rows) if request.kind is ReadKind.PROCEDURES else _appointments(rows, request)
    return msgspec.structs.replace(
        page,
        next_position=following,
        watermark=server_time(rows, request),
        whole_from=request.window_from if request.since is None else None,
    )


def _appointments(rows: Sequence[Row], request: PageRequest) -> MirrorPage:
    kept = [row for row in rows if row.get("AptStatus") not in _NO_APPOINTMENT]
    found = [_appointment(row, request) for row in kept]
    read = [each for each in found if each is not None]
    # A row that held a place and does not any more is still named, so that it goes.
    freed = [each for row in rows if row.get("AptStatus") in _NO_APPOINTMENT and (each := _freed(row)) is not None]
    return MirrorPage(appointments=(*read, *freed), skipped=len(found) - len(read))


def _appointment(row: Row, request: PageRequest) -> MirrorAppointment | None:
    number, patient = number_of(str(row.get("AptNum"))), number_of(str(row.get("PatNum")))
    at, state = parsed_wall_clock(row.get("AptDateTime")), _STATES.get(str(row.get("AptStatus")))
    if number is None or patient is None or at is None or state is None:
        return None
    provider = number_of(str(row.get("ProvNum")))
    return MirrorAppointment(
        appointment_id=str(number),
        pms_patient_id=str(patient),
        day=at.date(),
        starts_at=at.time(),
        state=state,
        provider_id=None if provider is None else str(provider),
        detail=bounded(row.get("ProcDescript"), LONGEST_DETAIL),
        deleted=not request.window_from <= at.date() <= request.window_until,
    )


def _freed(row: Row) -> MirrorAppointment | None:
    number, patient = number_of(str(row.get("AptNum"))), number_of(str(row.get("PatNum")))
    if number is None or patient is None:
        return None
    return MirrorAppointment(
        appointment_id=str(number),
        pms_patient_id=str(patient),
        day=date.min,
        starts_at=time.min,
        state=AppointmentState.CANCELLED,
        provider_id=None,
        detail="",
        deleted=True,
    )


def _procedures(rows: Sequence[Row]) -> MirrorPage:
    found = [_procedure(row) for row in rows]
    read = tuple(each for each in found if each is not None)
    return MirrorPage(procedures=read, skipped=len(found) - len(read))


def _procedure(row: Row) -> MirrorProcedure | None:
    number, patient = number_of(str(row.get("ProcNum"))), number_of(str(row.get("PatNum")))
    fee, units, status = minor_of(row, "ProcFee"), _units(row), row.get("ProcStatus")
    on, changed = parsed_day(row.get("ProcDate")), parsed_day(row.get("DateTStamp"))
    if number is None or patient is None or fee is None or units is None or changed is None:
        return None
    appointment = number_of(str(row.get("AptNum")))
    return MirrorProcedure(
        procedure_id=str(number),
        pms_patient_id=str(patient),
        appointment_id="" if appointment is None else str(appointment),
        fee_minor=fee * units,
        done_on=on if status == _DONE else None,
        changed_on=changed,
        detail=bounded(f"{row.get('procCode') or ''} {row.get('descript') or ''}", LONGEST_DETAIL),
        deleted=status not in _ATTACHED,
    )


def _units(row: Row) -> int | None:
    """A procedure's fee is for one unit; its base units and units are charged, one at least."""
    units = 0
    for name in ("BaseUnits", "UnitQty"):
        given = row.get(name, 0)
        if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= MOST_UNITS:
            return None
        units += given
    return max(1, units)
