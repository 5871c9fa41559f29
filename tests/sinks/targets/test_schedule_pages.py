"""Appointments and their procedures as each route asks for them and reads them (RD-2, law 29)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from sinks.targets.nexhealth import schedule_pages as nexhealth_pages
from sinks.targets.open_dental import schedule_pages
from sinks.targets.port import ReadFailed
from sinks.targets.reading import MirrorPage, PageRequest, ReadKind, bounded_page
from sinks.targets.schedule import LARGEST_FEE_MINOR, AppointmentState, MirrorAppointment, MirrorProcedure

AT = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
FROM, UNTIL = date(2026, 3, 1), date(2026, 6, 7)


def _request(kind: ReadKind, since: str | None = None, position: str = "") -> PageRequest:
    return PageRequest(kind=kind, since=since, window_from=FROM, window_until=UNTIL, position=position, at=AT)


def _row(number: int, **fields: Any) -> dict[str, Any]:
    row = {"AptNum": number, "PatNum": 7, "AptStatus": "Scheduled", "ProvNum": 3, "ProcDescript": "Ex, 2BW"}
    return row | {"AptDateTime": "2026-03-09 08:30:00", "serverDateTime": "2026-03-08 01:31:00"} | fields


def _procedure(number: int, **fields: Any) -> dict[str, Any]:
    row = {"ProcNum": number, "PatNum": 7, "AptNum": 5, "ProcFee": "130.00", "ProcStatus": "TP", "procCode": "D0120"}
    row |= {
        "descript": "exam",
        "BaseUnits": 0,
        "UnitQty": 1,
        "ProcDate": "2026-03-09",
        "DateTStamp": "2026-03-02 09:00:00",
    }
    return row | fields


def test_open_dental_is_asked_for_the_window_or_for_what_changed() -> None:
    whole = schedule_pages.page_path(_request(ReadKind.APPOINTMENTS))
    assert whole == "/appointments?dateStart=2026-03-01&dateEnd=2026-06-07&Limit=100&Offset=0"
    later = schedule_pages.page_path(_request(ReadKind.APPOINTMENTS, "2026-03-08 01:30:00", "100:4"))
    assert later == "/appointments?DateTStamp=2026-03-07+23%3A30%3A00&Limit=100&Offset=100"
    first = schedule_pages.page_path(_request(ReadKind.PROCEDURES))
    assert first == "/procedurelogs?DateTStamp=2026-03-01+00%3A00%3A00&Limit=100&Offset=0"


def test_an_appointment_of_open_dental_is_read_by_the_offices_own_clock() -> None:
    page = schedule_pages.page_of([_row(5)], _request(ReadKind.APPOINTMENTS))
    (found,) = page.appointments
    assert (found.appointment_id, found.pms_patient_id, found.provider_id) == ("5", "7", "3")
    assert (found.day, found.starts_at, found.state) == (date(2026, 3, 9), time(8, 30), AppointmentState.SCHEDULED)
    assert found.detail == "Ex, 2BW"
    assert "2BW" not in repr(found)
    assert (page.watermark, page.whole_from) == ("2026-03-08 01:31:00", FROM)
    assert schedule_pages.page_of([_row(5)], _request(ReadKind.APPOINTMENTS, "2026-03-08 01:30:00")).whole_from is None


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("ASAP", AppointmentState.SCHEDULED),
        ("Complete", AppointmentState.COMPLETED),
        ("UnschedList", AppointmentState.CANCELLED),
        ("Broken", AppointmentState.MISSED),
    ],
)
def test_what_a_status_means(status: str, state: AppointmentState) -> None:
    page = schedule_pages.page_of([_row(5, AptStatus=status)], _request(ReadKind.APPOINTMENTS))
    assert [each.state for each in page.appointments] == [state]


@pytest.mark.parametrize(
    "changed",
    [
        {"AptStatus": "Planned"},
        {"AptStatus": "PtNote"},
        {"AptDateTime": "2026-02-28 08:00:00"},
        {"AptDateTime": "2027-01-01 08:00:00"},
    ],
)
def test_what_holds_no_place_in_the_window_goes(changed: dict[str, Any]) -> None:
    """A planned one has no time, a note is none, and one that was moved out of the window is not in it any more."""
    page = schedule_pages.page_of([_row(5, **changed)], _request(ReadKind.APPOINTMENTS, "2026-03-08 01:30:00"))
    assert [(each.appointment_id, each.deleted) for each in page.appointments] == [("5", True)]
    assert page.skipped == 0


@pytest.mark.parametrize(
    "broken", [{"AptStatus": "Soon"}, {"AptDateTime": "x" * 99}, {"PatNum": None}, {"AptDateTime": 7}]
)
def test_an_appointment_that_cannot_be_read_is_counted(broken: dict[str, Any]) -> None:
    page = schedule_pages.page_of([_row(4), _row(5, **broken)], _request(ReadKind.APPOINTMENTS))
    assert ([each.appointment_id for each in page.appointments], page.skipped) == (["4"], 1)


@pytest.mark.parametrize(
    ("changed", "fee", "done_on", "deleted"),
    [
        ({}, 13_000, None, False),
        ({"UnitQty": 2, "BaseUnits": 1}, 39_000, None, False),
        ({"UnitQty": 0}, 13_000, None, False),
        ({"ProcStatus": "C"}, 13_000, date(2026, 3, 9), False),
        ({"ProcStatus": "D"}, 13_000, None, True),
        ({"ProcStatus": "EO"}, 13_000, None, True),
    ],
)
def test_a_procedure_costs_its_fee_times_its_units(
    changed: dict[str, Any], fee: int, done_on: date | None, deleted: bool
) -> None:
    """Only what is planned or done costs something; deletions at Open Dental are a status."""
    (found,) = schedule_pages.page_of([_procedure(9, **changed)], _request(ReadKind.PROCEDURES)).procedures
    assert (found.fee_minor, found.done_on, found.deleted) == (fee, done_on, deleted)
    assert (found.appointment_id, found.detail, found.changed_on) == ("5", "D0120 exam", date(2026, 3, 2))


@pytest.mark.parametrize("none", [0, "0", None, "x"])
def test_a_procedure_without_an_appointment_is_attached_to_none(none: object) -> None:
    (found,) = schedule_pages.page_of([_procedure(9, AptNum=none)], _request(ReadKind.PROCEDURES)).procedures
    assert found.appointment_id == ""


@pytest.mark.parametrize("broken", [{"ProcFee": "1e999"}, {"UnitQty": 10**6}, {"UnitQty": True}, {"DateTStamp": None}])
def test_a_procedure_that_cannot_be_read_is_counted(broken: dict[str, Any]) -> None:
    page = schedule_pages.page_of([_procedure(8), _procedure(9, **broken)], _request(ReadKind.PROCEDURES))
    assert ([each.procedure_id for each in page.procedures], page.skipped) == (["8"], 1)


def test_nexhealth_is_asked_for_both_ends_of_the_window() -> None:
    asked = nexhealth_pages.query_of(_request(ReadKind.APPOINTMENTS, "2026-03-08T06:30:00Z"))
    assert asked == {"start": "2026-03-01T00:00:00Z", "end": "2026-06-08T00:00:00Z"}
    assert nexhealth_pages.query_of(_request(ReadKind.PROCEDURES)) == {"updated_since": "2026-03-01T00:00:00Z"}
    later = nexhealth_pages.query_of(_request(ReadKind.PROCEDURES, "2026-03-08T06:30:00Z"))
    assert later == {"updated_since": "2026-03-08T04:30:00Z"}


def _booked(**fields: Any) -> dict[str, Any]:
    return {
        "id": 5,
        "patient_id": 7,
        "provider_id": 3,
        "location_id": 1,
        "start_time": "2026-03-09T12:30:00.000Z",
    } | fields


@pytest.mark.parametrize(
    ("fields", "day", "at"),
    [
        ({}, date(2026, 3, 9), time(12, 30)),
        ({"timezone_offset": "-04:00"}, date(2026, 3, 9), time(8, 30)),
        ({"timezone_offset": "-14:00"}, date(2026, 3, 8), time(22, 30)),
        ({"start_time": "2026-03-09T08:30:00.000-04:00"}, date(2026, 3, 9), time(8, 30)),
        ({"timezone_offset": "Eastern"}, date(2026, 3, 9), time(12, 30)),
    ],
)
def test_nexhealth_says_the_practices_own_time(fields: dict[str, Any], day: date, at: time) -> None:
    page = nexhealth_pages.page_of([_booked(**fields)], None, _request(ReadKind.APPOINTMENTS), 1)
    assert [(each.day, each.starts_at) for each in page.appointments] == [(day, at)]
    assert page.whole_from == FROM


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"cancelled": True, "checked_out": True}, AppointmentState.CANCELLED),
        ({"patient_missed": True}, AppointmentState.MISSED),
        ({"checked_out": True}, AppointmentState.COMPLETED),
        ({"confirmed": True}, AppointmentState.SCHEDULED),
    ],
)
def test_what_nexhealth_says_of_an_appointment(fields: dict[str, Any], state: AppointmentState) -> None:
    page = nexhealth_pages.page_of([_booked(note="a word", **fields)], None, _request(ReadKind.APPOINTMENTS), 1)
    assert [(each.state, each.detail) for each in page.appointments] == [(state, "")]


def test_blocked_times_and_other_locations_are_no_appointments_here() -> None:
    rows = [
        _booked(unavailable=True, patient_id=None),
        _booked(location_id=2),
        _booked(id="x"),
        _booked(start_time="soon"),
    ]
    page = nexhealth_pages.page_of(rows, "next", _request(ReadKind.APPOINTMENTS), 1)
    assert (page.appointments, page.skipped, page.next_position) == ((), 2, "next")


def test_a_procedure_of_nexhealth() -> None:
    row = {"id": 9, "patient_id": 7, "appointment_id": 5, "code": "D0120", "name": "exam", "status": "scheduled"}
    row |= {"fee": {"amount": "130.00", "currency": "USD"}, "updated_at": "2026-03-02T09:00:00.000Z"}
    rows = [row, row | {"status": "completed", "id": 10}, row | {"status": "inactive", "id": 11}, row | {"fee": None}]
    page = nexhealth_pages.page_of(rows, None, _request(ReadKind.PROCEDURES), 1)
    assert [(each.fee_minor, each.done_on, each.deleted) for each in page.procedures] == [
        (13_000, None, False),
        (13_000, date(2026, 3, 2), False),
        (13_000, None, True),
    ]
    assert page.skipped == 1


def _made(**fields: Any) -> MirrorAppointment:
    given: dict[str, Any] = {"appointment_id": "5", "pms_patient_id": "7", "day": FROM, "starts_at": time(8)}
    return MirrorAppointment(
        **(given | {"state": AppointmentState.SCHEDULED, "provider_id": None, "detail": ""} | fields)
    )


def _planned(**fields: Any) -> MirrorProcedure:
    given: dict[str, Any] = {"procedure_id": "9", "pms_patient_id": "7", "appointment_id": "", "fee_minor": 1}
    return MirrorProcedure(**(given | {"done_on": None, "changed_on": FROM, "detail": ""} | fields))


@pytest.mark.parametrize(
    "page",
    [
        MirrorPage(appointments=(_made(appointment_id="\ud800"),)),
        MirrorPage(appointments=(_made(provider_id="x" * 65),)),
        MirrorPage(appointments=(_made(detail="x" * 201),)),
        MirrorPage(procedures=(_planned(fee_minor=LARGEST_FEE_MINOR + 1),)),
        MirrorPage(procedures=(_planned(appointment_id="a b"),)),
        MirrorPage(procedures=(_planned(),) * 10_001),
    ],
)
def test_a_page_that_breaks_a_bound_is_none(page: MirrorPage) -> None:
    found = bounded_page(page)
    assert isinstance(found, ReadFailed)
    assert found.code == "UNREADABLE_PAGE"


def test_a_sound_page_stays() -> None:
    page = MirrorPage(appointments=(_made(),), procedures=(_planned(),))
    assert bounded_page(page) == page
    assert page.count == 2
