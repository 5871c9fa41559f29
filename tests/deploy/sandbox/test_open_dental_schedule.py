"""Appointments, their procedures and insurance lists of the sandbox (Open Dental README section 12)."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.deploy.sandbox.callers import Office

AT = datetime(2026, 3, 9, 8, 30)  # noqa: DTZ001 - the office's own clock


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", True),
        ("?date=2026-03-09", True),
        ("?date=2026-03-10", False),
        ("?dateStart=2026-03-09&dateEnd=2026-03-09", True),
        ("?dateStart=2026-03-10&dateEnd=2026-04-01", False),
        ("?AptStatus=Scheduled", True),
        ("?AptStatus=Broken", False),
        ("?PatNum=1", True),
        ("?PatNum=2", False),
        ("?DateTStamp=2020-01-01+00:00:00", True),
        ("?DateTStamp=2999-01-01+00:00:00", False),
        ("?Offset=1", False),
    ],
)
def test_appointments_are_listed_by_day_patient_status_and_stamp(office: Office, query: str, shown: bool) -> None:
    made = office.sandbox.book(office.key, 1, AT, 12_000)
    rows = office.get(f"/appointments{query}")
    assert bool(rows) is shown
    if shown:
        assert rows[0]["AptDateTime"] == "2026-03-09 08:30:00"
        assert rows[0]["AptNum"] == made["appointment"]["AptNum"]
        assert rows[0]["serverDateTime"]


def test_procedures_are_listed_by_their_appointment(office: Office) -> None:
    """A planned one has the status TP and the appointment's number; one that is attached to none has 0."""
    made = office.sandbox.book(office.key, 1, AT, 12_000, 850)
    number = made["appointment"]["AptNum"]
    rows = office.get(f"/procedurelogs?AptNum={number}")
    assert [(row["ProcFee"], row["ProcStatus"], row["AptNum"]) for row in rows] == [
        ("120.00", "TP", number),
        ("8.50", "TP", number),
    ]
    assert office.get(f"/appointments/{number}")["AptNum"] == number
    assert office.call("GET", "/appointments/7").status == 404
    assert office.call("GET", "/appointments?AptStatus=Soon").status == 400


def test_insurance_is_listed_by_subscriber_and_by_patient(office: Office) -> None:
    made = office.sandbox.insure(office.key, 1)
    number = made["subscription"]["InsSubNum"]
    assert office.get("/inssubs?Subscriber=1") == [made["subscription"]]
    assert office.get("/inssubs?Subscriber=2") == office.get("/inssubs?PlanNum=16") == []
    assert office.get(f"/patplans?PatNum=1&InsSubNum={number}") == [made["coverage"]]
    assert office.get("/patplans?PatNum=2") == []
