"""Reads a location's appointments and their procedures in pages (RD-2, README section 8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sinks.targets.foreign_values import parsed_day, parsed_instant, parsed_offset, parsed_wall_clock
from sinks.targets.nexhealth.client import Query, Row
from sinks.targets.nexhealth.find_entries import minor_of
from sinks.targets.nexhealth.mirror_pages import OVERLAP, instant, is_here
from sinks.targets.nexhealth.request_text import id_of
from sinks.targets.reading import MirrorPage, PageRequest, ReadKind, bounded
from sinks.targets.schedule import LONGEST_DETAIL, AppointmentState, MirrorAppointment, MirrorProcedure

PATHS: Final = {ReadKind.APPOINTMENTS: "/appointments", ReadKind.PROCEDURES: "/procedures"}

_DONE: Final = "completed"
_ATTACHED: Final = frozenset({"planned", "scheduled", _DONE})
"""The others are referred to somebody else, or removed from the schedule."""


def query_of(request: PageRequest) -> Query:
    """What a page asks for, without the cursor. Appointments: always the whole window, since the service asks for its
    ends; procedures by the instant of their last change."""
    begins = datetime(*request.window_from.timetuple()[:3], tzinfo=UTC)
    if request.kind is ReadKind.APPOINTMENTS:
        ends = datetime(*request.window_until.timetuple()[:3], tzinfo=UTC) + timedelta(days=1)
        return {"start": instant(begins), "end": instant(ends)}
    since = None if request.since is None else parsed_instant(request.since)
    return {"updated_since": instant(begins if since is None else max(begins, since - OVERLAP))}


def page_of(rows: Sequence[Row], following: str | None, request: PageRequest, location: int) -> MirrorPage:
    """The page's rows as the mirror keeps them. What a whole window of appointments does not show is gone, and comes
    back with the next read where only the service lagged."""
    here = [row for row in rows if is_here(row, location)]
    watermark = instant(request.at)
    if request.kind is ReadKind.APPOINTMENTS:
        booked = [row for row in here if row.get("unavailable") is not True]
        found = [_appointment(row) for row in booked]
        read = tuple(each for each in found if each is not None)
        return MirrorPage(
            appointments=read,
            next_position=following,
            watermark=watermark,
            whole_from=request.window_from,
            skipped=len(found) - len(read),
        )
    listed = [_procedure(row) for row in here]
    procedures = tuple(each for each in listed if each is not None)
    return MirrorPage(
        procedures=procedures,
        next_position=following,
        watermark=watermark,
        whole_from=request.window_from if request.since is None else None,
        skipped=len(listed) - len(procedures),
    )


def _appointment(row: Row) -> MirrorAppointment | None:
    number, patient = id_of(str(row.get("id"))), id_of(str(row.get("patient_id")))
    at = _at_the_practice(row)
    if number is None or patient is None or at is None:
        return None
    provider = id_of(str(row.get("provider_id")))
    return MirrorAppointment(
        appointment_id=str(number),
        pms_patient_id=str(patient),
        day=at.date(),
        starts_at=at.time().replace(microsecond=0),
        state=_state(row),
        provider_id=None if provider is None else str(provider),
        detail="",  # a note is free text about the patient, which nobody here needs
        deleted=row.get("deleted") is True,
    )


def _state(row: Row) -> AppointmentState:
    if row.get("cancelled") is True:
        return AppointmentState.CANCELLED
    if row.get("patient_missed") is True:
        return AppointmentState.MISSED
    return AppointmentState.COMPLETED if row.get("checked_out") is True else AppointmentState.SCHEDULED


def _at_the_practice(row: Row) -> datetime | None:
    """When it starts by the practice's clock: in the offset that the row names, else in the one of its instant."""
    start, zone = parsed_instant(row.get("start_time")), parsed_offset(row.get("timezone_offset"))
    if start is None or zone is None:
        return parsed_wall_clock(row.get("start_time"))
    return start.astimezone(zone).replace(tzinfo=None)


def _procedure(row: Row) -> MirrorProcedure | None:
    number, patient = id_of(str(row.get("id"))), id_of(str(row.get("patient_id")))
    fee, changed = minor_of(row.get("fee")), parsed_day(row.get("updated_at"))
    if number is None or patient is None or fee is None or changed is None:
        return None
    appointment, status = id_of(str(row.get("appointment_id"))), row.get("status")
    done_on = (parsed_day(row.get("start_date")) or changed) if status == _DONE else None
    return MirrorProcedure(
        procedure_id=str(number),
        pms_patient_id=str(patient),
        appointment_id="" if appointment is None else str(appointment),
        fee_minor=fee,
        done_on=done_on,
        changed_on=changed,
        detail=bounded(f"{row.get('code') or ''} {row.get('name') or ''}", LONGEST_DETAIL),
        deleted=status not in _ATTACHED or row.get("deleted_at") is not None,
    )
