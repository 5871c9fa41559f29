"""Appointments and what they cost come into the mirror, follow changes and deletions, and leave it (RD-2, SYN-4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from sinks.sync.schedule_rows import appointment_owner
from tests.sinks.poster.offices import Office
from tests.sinks.sync.readers import Readers

pytestmark = pytest.mark.stack


def _appointments(readers: Readers) -> dict[str, tuple[str, str]]:
    """Number → patient, state."""
    rows = readers.database.rows("SELECT appointment_id, pms_patient_id, state FROM mirror_appointments")
    return {row[0]: (row[1], row[2]) for row in rows}


def _costs(readers: Readers) -> dict[str, int]:
    """Number of an appointment → minor units of what is attached to it."""
    rows = readers.database.rows("SELECT appointment_id, sum(fee_minor)::bigint FROM mirror_procedures GROUP BY 1")
    return {row[0]: row[1] for row in rows}


def _soon(days: int = 3) -> datetime:
    return (datetime.now() + timedelta(days=days)).replace(hour=8, minute=30, second=0, microsecond=0)  # noqa: DTZ005


def _booked(readers: Readers, office: Office, *fees: int, days: int = 3, **columns: Any) -> tuple[int, list[int]]:
    """An appointment of the office's patient: its number, and those of its procedures."""
    made = readers.sandbox.open_dental.book(office.customer_key, office.patient("pt-1"), _soon(days), *fees, **columns)
    return int(made["appointment"]["AptNum"]), [int(each["ProcNum"]) for each in made["procedures"]]


def test_appointments_come_with_what_they_cost_and_sealed(readers: Readers) -> None:
    """H-13: what it is for is not to be read without the key; patient, time and cost are. Others of the office's
    procedures are attached to none, and not kept."""
    office = readers.open()
    readers.sandbox.open_dental.add_patients(office.customer_key, 2, procedures=3)
    number, _ = _booked(readers, office, 12_000, 8_050, ProcDescript="CANARY crown")
    far, _ = _booked(readers, office, 99, days=200)
    readers.reader()
    readers.until_read()
    patient = str(office.patient("pt-1"))
    assert _appointments(readers) == {str(number): (patient, "SCHEDULED")}
    assert _costs(readers)[str(number)] == 20_050
    assert set(_costs(readers)) == {str(number), str(far)}
    day, at, detail = readers.database.rows("SELECT day, starts_at, detail FROM mirror_appointments")[0]
    assert (day, at) == (_soon().date(), _soon().time())
    assert readers.keys.open("practice-1", appointment_owner(str(number)), bytes(detail)) == b"CANARY crown"
    assert "CANARY" not in str(readers.database.rows("SELECT a::text FROM mirror_appointments a"))


def test_a_later_read_follows_changes_and_deletions(readers: Readers) -> None:
    """What was broken, moved, re-planned or taken off: by their stamps. What was deleted: by the next whole window."""
    office = readers.open()
    sandbox, key = readers.sandbox.open_dental, office.customer_key
    kept, (crown, exam) = _booked(readers, office, 10_000, 2_000)
    moved, _ = _booked(readers, office, days=5)
    deleted, _ = _booked(readers, office, days=6)
    readers.reader()
    readers.until_read()
    assert set(_appointments(readers)) == {str(kept), str(moved), str(deleted)}
    sandbox.edit(key, "appointments", kept, AptStatus="Broken")
    sandbox.edit(key, "appointments", moved, AptDateTime=f"{_soon(300):%Y-%m-%d %H:%M:%S}")
    sandbox.edit(key, "appointments", deleted)
    sandbox.edit(key, "procedurelogs", crown, ProcStatus="D")
    sandbox.edit(key, "procedurelogs", exam, ProcFee="25.00")
    readers.read_again()
    patient = str(office.patient("pt-1"))
    assert _appointments(readers) == {str(kept): (patient, "MISSED"), str(deleted): (patient, "SCHEDULED")}
    assert _costs(readers) == {str(kept): 2_500}
    readers.read_again(full=True)
    assert _appointments(readers) == {str(kept): (patient, "MISSED")}


def test_what_is_old_leaves_the_mirror(readers: Readers) -> None:
    """A week back, and no longer; what was done before is not kept for it."""
    office = readers.open()
    past, (done,) = _booked(readers, office, 10_000, days=-3)
    readers.reader()
    readers.until_read()
    assert set(_appointments(readers)) == {str(past)}
    readers.database.connection.execute("UPDATE mirror_appointments SET day = day - 30")
    sandbox = readers.sandbox.open_dental
    sandbox.edit(office.customer_key, "appointments", past, DateTStamp="2026-01-05 08:00:00")
    sandbox.edit(office.customer_key, "procedurelogs", done, ProcStatus="C", ProcDate="2026-01-02")
    readers.read_again()
    assert _appointments(readers) == {}
    assert _costs(readers) == {}


def test_a_location_is_read_the_same_way(readers: Readers) -> None:
    """NexHealth: the whole window each time, by the practice's clock; deletions and cancellations are followed."""
    key = readers.open_location("practice-1")
    sandbox = readers.sandbox.nexhealth
    person = sandbox.add_patient(key)
    at = _soon().strftime("%Y-%m-%dT12:30:00.000Z")
    first = sandbox.book(key, person["id"], at, 12_000, 500, timezone_offset="-04:00")
    other = sandbox.book(key, person["id"], at)
    sandbox.book(key, person["id"], at, unavailable=True)
    one, two = (str(each["appointment"]["id"]) for each in (first, other))
    readers.reader()
    readers.until_read()
    patient = str(person["id"])
    assert _appointments(readers) == {one: (patient, "SCHEDULED"), two: (patient, "SCHEDULED")}
    assert _costs(readers) == {one: 12_500}
    assert str(readers.one("SELECT min(starts_at) FROM mirror_appointments")) == "08:30:00"
    sandbox.edit(key, "appointments", int(one), cancelled=True)
    sandbox.edit(key, "appointments", int(two))
    sandbox.edit(key, "procedures", first["procedures"][0]["id"], status="inactive")
    readers.read_again()
    assert _appointments(readers) == {one: (patient, "CANCELLED")}
    assert _costs(readers) == {one: 500}


def test_another_account_makes_them_void(readers: Readers) -> None:
    office = readers.open()
    _booked(readers, office, 100)
    readers.reader()
    readers.until_read()
    assert _costs(readers)
    readers.database.connection.execute("UPDATE connections SET account_fingerprint = 'another'")
    readers.sandbox.open_dental.change_office(office.customer_key, econnector_running=False)
    readers.ask()
    readers.until_forgotten()
    assert (_appointments(readers), _costs(readers)) == ({}, {})
