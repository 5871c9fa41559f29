"""Appointments of a practice's own system, as the mirror has them, with what they cost (RD-2)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Ledger
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.sync.schedule_rows import appointment_owner
from sinks.targets.credentials import KeyRing
from sinks.targets.schedule import AppointmentState
from streams.runtime.errors import ConfigurationError

DAYS: Final = timedelta(days=7)
"""That are shown where no last day is given."""

_SQL: Final = named_queries("sinks.operations.queries", "appointments.sql")


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    appointment_id: str
    day: date
    starts_at: time
    state: AppointmentState
    provider_id: str | None
    pms_patient_id: str
    detail: bytes
    cost_minor: int | None
    procedures: int
    currency: str
    insurances: int
    read_at: datetime


class Appointment(msgspec.Struct, frozen=True, kw_only=True):
    """One appointment. Never logged or published."""

    appointment_id: str
    day: date
    starts_at: time
    """By the practice's own clock."""
    state: AppointmentState
    provider_id: str | None
    pms_patient_id: str
    detail: str
    """What it is for, in the system's own words."""
    cost_minor: int | None
    """The fees of its procedures; None: none is attached."""
    procedures: int
    currency: str
    insurances: int
    """Coverages of the patient that are known."""
    read_at: datetime

    def __repr__(self) -> str:
        return f"Appointment({self.state.value})"


@sees(View.PATIENTS)
def find_appointments(
    ledger: Ledger, keys: KeyRing, practice_id: str, from_day: date | None, to_day: date | None, most: int
) -> tuple[Appointment, ...]:
    """Those of the days, today and a week ahead where none are given, in their order. Blocks for two statements.

    Raises ConfigurationError for an unknown practice and for days in the wrong order, SecretUnreadableError where what
    is stored was sealed under a key that is not set here.
    """
    check_practice(ledger.connection, practice_id)
    first = from_day or ledger.clock.now().date()
    last = to_day or first + DAYS
    if last < first:
        raise ConfigurationError("--to is before --from")
    given = {"practice_id": practice_id, "from_day": first, "to_day": last, "most": most, "now": ledger.now}
    return tuple(
        _shown(row, keys, practice_id) for row in fetch_all(ledger.connection, _Row, _SQL["appointments"], given)
    )


def _shown(row: _Row, keys: KeyRing, practice_id: str) -> Appointment:
    plain = keys.open(practice_id, appointment_owner(row.appointment_id), row.detail)
    return msgspec.convert(msgspec.structs.asdict(row) | {"detail": plain.decode()}, Appointment)
