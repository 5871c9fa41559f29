"""Appointments of a practice's own system and what they cost, as they are read into the mirror (RD-2)."""

from __future__ import annotations

from datetime import date, time
from enum import StrEnum
from typing import Final

import msgspec

LONGEST_DETAIL: Final = 200
"""Characters of what an appointment is for."""
LARGEST_FEE_MINOR: Final = 10**12


class AppointmentState(StrEnum):
    """How an appointment stands."""

    SCHEDULED = "SCHEDULED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    """Taken off the schedule."""
    MISSED = "MISSED"
    """Broken: the patient did not come, or called it off late."""


class MirrorAppointment(msgspec.Struct, frozen=True, kw_only=True):
    """An appointment as it was read. What it costs are its procedures."""

    appointment_id: str
    pms_patient_id: str
    day: date
    starts_at: time
    """By the practice's own clock, without a zone."""
    state: AppointmentState
    provider_id: str | None
    detail: str
    """What it is for. Stored sealed, never logged (H-1, H-13)."""
    deleted: bool = False

    def __repr__(self) -> str:
        return f"MirrorAppointment(state={self.state.value})"


class MirrorProcedure(msgspec.Struct, frozen=True, kw_only=True):
    """A procedure that is attached to an appointment, as it was read."""

    procedure_id: str
    pms_patient_id: str
    appointment_id: str
    """Empty: it is attached to none."""
    fee_minor: int
    done_on: date | None
    """None: it is planned."""
    changed_on: date
    detail: str
    """Code and name. Stored sealed, never logged (H-1, H-13)."""
    deleted: bool = False

    def __repr__(self) -> str:
        return "MirrorProcedure()"
